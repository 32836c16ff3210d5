package io.intrahub.store;

import java.io.IOException;
import java.nio.ByteBuffer;

/** An open published blob. It can be read to its end even when it is evicted meanwhile. */
public interface StoredBlob extends AutoCloseable {
  /** In bytes. */
  long size();

  /**
   * Reads at least one byte at {@code position} into the buffer. Safe for use by many threads.
   *
   * @param into has room
   * @param position not negative and less than {@link #size}
   * @return the number of bytes read, at least 1
   * @throws IOException also when the file ends before {@link #size}
   */
  int read(ByteBuffer into, long position) throws IOException;

  @Override
  void close();
}
