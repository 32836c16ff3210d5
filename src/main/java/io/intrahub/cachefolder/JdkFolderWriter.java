package io.intrahub.cachefolder;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.nio.file.StandardOpenOption.READ;

import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.FileIo;
import io.intrahub.store.fs.disk.JdkDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The file system of the JDK. Files and folders get the modes that the umask says. */
final class JdkFolderWriter implements FolderWriter {
  private final Disk disk = JdkDisk.shared(Path.of(""));

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
      disk.createFolder(folder);
    } catch (FileAlreadyExistsException e) {
      if (!Files.isDirectory(folder)) {
        throw e;
      }
    }
    force(parent);
  }

  @Override
  public void copy(Path source, Path target) throws IOException {
    delete(target);
    try (FileChannel from = FileChannel.open(source, READ, NOFOLLOW_LINKS);
        Disk.File to = disk.create(target)) {
      FileIo.copy(from, from.size(), to, source, () -> {});
    }
  }

  @Override
  public void write(Path file, byte[] content) throws IOException {
    delete(file);
    try (Disk.File to = disk.create(file)) {
      FileIo.writeFully(to, ByteBuffer.wrap(content));
    }
  }

  @Override
  public void hardLink(Path existing, Path name) throws IOException {
    delete(name);
    disk.link(existing, name);
  }

  @Override
  public void symbolicLink(Path name, Path target) throws IOException {
    Files.createSymbolicLink(name, target);
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    disk.rename(from, to);
  }

  @Override
  public void delete(Path path) throws IOException {
    Files.deleteIfExists(path);
  }

  @Override
  public void force(Path fileOrFolder) throws IOException {
    disk.forceFolder(fileOrFolder);
  }
}
