package io.intrahub.store.fs.disk;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Loops around calls that may do less than they were asked. */
public final class FileIo {
  private FileIo() {}

  /** Writes the whole buffer. */
  public static void writeFully(Disk.File file, ByteBuffer from) throws IOException {
    while (from.hasRemaining()) {
      if (file.write(from) <= 0) {
        throw new IOException("the file system took no byte and gave no reason");
      }
    }
  }

  /** The bytes at a position; fails when the file is shorter. */
  public static ByteBuffer readFully(Disk.File file, long position, int length) throws IOException {
    ByteBuffer into = ByteBuffer.allocate(length);
    while (into.hasRemaining()) {
      if (file.read(into, position + into.position()) < 0) {
        throw new EOFException("the file ends at " + (position + into.position()));
      }
    }
    return into.flip();
  }

  /** Creates a file with this content and makes the content (not yet the name) durable. */
  public static void create(Disk disk, java.nio.file.Path path, byte[] content) throws IOException {
    try (Disk.File file = disk.create(path)) {
      writeFully(file, ByteBuffer.wrap(content));
      file.force();
    }
  }
}
