package io.intrahub.transfer;

import io.intrahub.transfer.passthrough.HashedStream;
import io.intrahub.upstream.BlobSource;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * What one client has got of a content before the store broke, compared with what comes from
 * elsewhere afterwards: the end that is verified then must be the end of the same content. For one
 * thread at a time.
 */
final class ReplayCheck implements HashedStream.ReplayObserver {
  /** Reads what was delivered. */
  interface DeliveredBytes {
    /** As {@link BlobSource.Stream#read}, at an offset of the content. */
    int read(ByteBuffer into, long offset) throws IOException;
  }

  private final DeliveredBytes delivered;
  private final long start;
  private final Runnable onMismatch;

  /**
   * What was delivered so far.
   *
   * @param start the offset of the first byte that was
   * @param onMismatch run when other bytes come than were delivered, of which one must be wrong
   */
  ReplayCheck(DeliveredBytes delivered, long start, Runnable onMismatch) {
    this.delivered = delivered;
    this.start = start;
    this.onMismatch = onMismatch;
  }

  @Override
  public void onBytes(long offset, ByteBuffer bytes) throws IOException {
    long before = Math.clamp(start - offset, 0, bytes.remaining());
    bytes.position(bytes.position() + (int) before);
    if (!bytes.hasRemaining()) {
      return;
    }
    ByteBuffer expected = ByteBuffer.allocate(bytes.remaining());
    while (expected.hasRemaining()) {
      delivered.read(expected, offset + before + expected.position());
    }
    if (!expected.flip().equals(bytes)) {
      onMismatch.run();
      throw new IOException("what was delivered is not the announced content");
    }
    bytes.position(bytes.limit());
  }
}
