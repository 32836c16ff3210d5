package io.intrahub.transfer;

import io.intrahub.upstream.BlobSource;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * What one client has got of a content before the store broke, compared with what comes from
 * elsewhere afterwards: the end that is verified then must be the end of the same content. For one
 * thread at a time.
 */
final class Delivered implements HashedStream.Witness {
  /** Reads what was delivered. */
  interface Memory {
    /** As {@link BlobSource.Stream#read}, at an offset of the content. */
    int read(ByteBuffer into, long offset) throws IOException;
  }

  private final Memory memory;
  private final long start;
  private final Runnable onOther;

  /**
   * What was delivered so far.
   *
   * @param start the offset of the first byte that was
   * @param onOther run when other bytes come than were delivered, of which one must be wrong
   */
  Delivered(Memory memory, long start, Runnable onOther) {
    this.memory = memory;
    this.start = start;
    this.onOther = onOther;
  }

  @Override
  public void saw(long offset, ByteBuffer bytes) throws IOException {
    long before = Math.clamp(start - offset, 0, bytes.remaining());
    bytes.position(bytes.position() + (int) before);
    if (!bytes.hasRemaining()) {
      return;
    }
    ByteBuffer delivered = ByteBuffer.allocate(bytes.remaining());
    while (delivered.hasRemaining()) {
      memory.read(delivered, offset + before + delivered.position());
    }
    if (!delivered.flip().equals(bytes)) {
      onOther.run();
      throw new IOException("what was delivered is not the announced content");
    }
    bytes.position(bytes.limit());
  }
}
