package io.intrahub.cachefolder;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.OptionalLong;

/**
 * Where a pack of a git clone has its objects (gitformat-pack, index version 2). Only what is asked
 * for is read. For one thread; closed by it.
 */
final class GitPackIndex implements AutoCloseable {
  static final String SUFFIX = ".idx";

  private static final long SIGNATURE = 0xff744f63_00000002L;
  private static final int ID_BYTES = 20;
  private static final int FANOUT_AT = 8;
  private static final int FANOUT = 256;
  private static final long NAMES_AT = FANOUT_AT + FANOUT * Integer.BYTES;
  private static final int CRC_BYTES = Integer.BYTES;

  private final FileChannel file;

  /** How many objects have at most this first byte in their ids. */
  private final int[] fanout = new int[FANOUT];

  private final int count;

  /**
   * Opens an index.
   *
   * @throws IOException if it can't be read, or is of another version
   */
  GitPackIndex(Path path) throws IOException {
    this.file = FileChannel.open(path, StandardOpenOption.READ, NOFOLLOW_LINKS);
    boolean opened = false;
    try {
      if (read(0, Long.BYTES).getLong() != SIGNATURE) {
        throw new IOException(path + " has a form that is not understood: run git gc in the clone");
      }
      read(FANOUT_AT, FANOUT * Integer.BYTES).asIntBuffer().get(fanout);
      int before = 0;
      for (int number : fanout) {
        if (number < before) {
          throw new EOFException("an index of a pack is damaged");
        }
        before = number;
      }
      this.count = before;
      opened = true;
    } finally {
      if (!opened) {
        file.close();
      }
    }
  }

  private ByteBuffer read(long at, int bytes) throws IOException {
    ByteBuffer into = ByteBuffer.allocate(bytes);
    while (into.hasRemaining()) {
      if (file.read(into, at + into.position()) < 0) {
        throw new EOFException("an index of a pack ends too early");
      }
    }
    return into.flip();
  }

  /**
   * Where the pack has an object.
   *
   * @param id 20 bytes
   * @return empty if the pack does not have it
   */
  OptionalLong find(byte[] id) throws IOException {
    int first = Byte.toUnsignedInt(id[0]);
    int low = first == 0 ? 0 : fanout[first - 1];
    int high = fanout[first];
    while (low < high) {
      int middle = low + (high - low) / 2;
      byte[] there = read(NAMES_AT + (long) ID_BYTES * middle, ID_BYTES).array();
      int order = Arrays.compareUnsigned(there, id);
      if (order == 0) {
        return OptionalLong.of(offset(middle));
      }
      if (order < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return OptionalLong.empty();
  }

  private long offset(int number) throws IOException {
    long offsetsAt = NAMES_AT + (long) (ID_BYTES + CRC_BYTES) * count;
    int offset = read(offsetsAt + (long) Integer.BYTES * number, Integer.BYTES).getInt();
    if (offset >= 0) {
      return offset;
    }
    // With the first bit set, it is a place in the table of large offsets.
    long large = offset & Integer.MAX_VALUE;
    long largeAt = offsetsAt + (long) Integer.BYTES * count;
    return read(largeAt + Long.BYTES * large, Long.BYTES).getLong();
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
