package io.intrahub.cachefolder;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.nio.file.StandardOpenOption.READ;

import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.FileIo;
import io.intrahub.store.fs.disk.JdkDisk;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
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
  public void write(Path file, Content content) throws IOException {
    delete(file);
    try (Disk.File to = disk.create(file)) {
      OutputStream out = new BufferedOutputStream(new Appending(to));
      content.writeTo(out);
      out.flush();
    }
  }

  /** Writes at the end of a file, which it does not close. */
  private static final class Appending extends OutputStream {
    private final Disk.File file;

    Appending(Disk.File file) {
      this.file = file;
    }

    @Override
    public void write(int one) throws IOException {
      write(new byte[] {(byte) one}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      FileIo.writeFully(file, ByteBuffer.wrap(bytes, offset, length));
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
