package io.intrahub.store.fs.disk;

import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

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

  /**
   * Appends bytes of another file from its beginning on, as a reflink where the file system has
   * them. It may write a few bytes more than were asked for if that file grows meanwhile.
   *
   * @param name of the other file, for the message
   * @param goesOn called at each part; may end the copying with an unchecked exception
   * @throws EOFException if the other file is shorter
   */
  public static void copy(FileChannel from, long size, Disk.File to, Path name, Runnable goesOn)
      throws IOException {
    long at = 0;
    while (at < size) {
      long count = to.append(from, at);
      if (count <= 0) {
        throw new EOFException(name + " became shorter while it was copied");
      }
      at += count;
      goesOn.run();
    }
  }

  /**
   * Whether an operation failed because its thread was interrupted or its file was closed. That
   * says nothing of the file, and the thread is to end its work.
   */
  public static boolean isStop(IOException e) {
    return e instanceof InterruptedIOException || e instanceof ClosedChannelException;
  }

  /** Creates a file with this content and makes the content (not yet the name) durable. */
  public static void create(Disk disk, Path path, byte[] content) throws IOException {
    try (Disk.File file = disk.create(path)) {
      writeFully(file, ByteBuffer.wrap(content));
      file.force();
    }
  }
}
