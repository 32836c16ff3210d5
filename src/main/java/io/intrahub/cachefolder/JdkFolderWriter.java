package io.intrahub.cachefolder;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** The file system of the JDK. Files and folders get the modes that the umask says. */
final class JdkFolderWriter implements FolderWriter {
  @Override
  public void createFolder(Path folder) throws IOException {
    if (Files.isDirectory(folder)) {
      return;
    }
    Path parent = folder.toAbsolutePath().getParent();
    if (parent == null) {
      throw new IOException(folder + " can't be created");
    }
    createFolder(parent);
    try {
      Files.createDirectory(folder);
    } catch (FileAlreadyExistsException e) {
      if (!Files.isDirectory(folder)) {
        throw e;
      }
    }
    force(parent);
  }

  /**
   * The JDK copies between files with {@code copy_file_range}, which makes a reflink on file
   * systems that have them.
   */
  @Override
  public void copy(Path source, Path target) throws IOException {
    delete(target);
    try (FileChannel from = FileChannel.open(source, READ, NOFOLLOW_LINKS);
        FileChannel to = FileChannel.open(target, CREATE_NEW, WRITE)) {
      long size = from.size();
      long at = 0;
      while (at < size) {
        long count = from.transferTo(at, size - at, to);
        if (count <= 0) {
          throw new EOFException(source + " became shorter while it was copied");
        }
        at += count;
      }
    }
  }

  @Override
  public void write(Path file, byte[] content) throws IOException {
    delete(file);
    Files.write(file, content, CREATE_NEW, WRITE);
  }

  @Override
  public void hardLink(Path existing, Path name) throws IOException {
    delete(name);
    Files.createLink(name, existing);
  }

  @Override
  public void symbolicLink(Path name, Path target) throws IOException {
    Files.createSymbolicLink(name, target);
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
  }

  @Override
  public void delete(Path path) throws IOException {
    Files.deleteIfExists(path);
  }

  @Override
  public void force(Path fileOrFolder) throws IOException {
    try (FileChannel channel = FileChannel.open(fileOrFolder, READ)) {
      channel.force(true);
    }
  }
}
