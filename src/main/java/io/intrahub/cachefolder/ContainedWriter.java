package io.intrahub.cachefolder;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Writes below one folder only: a link in the place of a folder below it is not followed. Whoever
 * made the cache folder may have put one there to have files written or replaced elsewhere. It does
 * not protect from somebody who changes the folder during the export.
 */
final class ContainedWriter implements FolderWriter {
  private final Path root;
  private final FolderWriter writer;

  /** Writes below a folder, which may itself be a link. */
  ContainedWriter(Path root, FolderWriter writer) {
    this.root = root;
    this.writer = writer;
  }

  /** Refuses a path that leads through a link, or out of the folder. */
  private void requireContained(Path path) throws IOException {
    if (!path.startsWith(root) || !path.normalize().equals(path)) {
      throw new FileSystemException(path.toString(), null, "is not in " + root);
    }
    Path at = root;
    for (Path name : root.relativize(path)) {
      at = at.resolve(name);
      if (!at.equals(root) && Files.isSymbolicLink(at)) {
        throw new FileSystemException(
            at.toString(), null, "is a link in the place of a folder, and is not followed");
      }
    }
  }

  private void requireParentContained(Path path) throws IOException {
    requireContained(CacheExport.parentOf(path));
  }

  @Override
  public void createFolder(Path folder) throws IOException {
    requireContained(folder);
    writer.createFolder(folder);
  }

  @Override
  public void copy(Path source, Path target) throws IOException {
    requireParentContained(target);
    writer.copy(source, target);
  }

  @Override
  public void write(Path file, Content content) throws IOException {
    requireParentContained(file);
    writer.write(file, content);
  }

  @Override
  public void hardLink(Path existing, Path name) throws IOException {
    requireParentContained(name);
    writer.hardLink(existing, name);
  }

  @Override
  public void symbolicLink(Path name, Path target) throws IOException {
    requireParentContained(name);
    writer.symbolicLink(name, target);
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    requireParentContained(from);
    requireParentContained(to);
    writer.rename(from, to);
  }

  @Override
  public void delete(Path path) throws IOException {
    requireParentContained(path);
    writer.delete(path);
  }

  @Override
  public void force(Path fileOrFolder) throws IOException {
    requireContained(fileOrFolder);
    writer.force(fileOrFolder);
  }
}
