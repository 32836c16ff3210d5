package io.intrahub.mirror;

import io.intrahub.metrics.Meters;
import io.intrahub.transfer.content.ContentStream;
import java.io.IOException;
import java.nio.ByteBuffer;

/** The bytes of one response body, in order. For one thread at a time; to be closed by its user. */
public final class FileContent implements FileAnswer.Opened, AutoCloseable {
  private final ContentStream stream;
  private final CacheLabel label;
  private final boolean verified;
  private final Meters meters;
  private final Meters.Level level;

  FileContent(
      ContentStream stream, CacheLabel label, boolean verified, Meters meters, Meters.Level level) {
    this.stream = stream;
    this.label = label;
    this.verified = verified;
    this.meters = meters;
    this.level = level;
  }

  /**
   * Reads at least one byte, waiting for it if need be.
   *
   * @return the number of bytes, or -1 when all were delivered
   * @throws IOException when the rest can't be had or is wrong: the response must be broken visibly
   */
  public int read(ByteBuffer into) throws IOException {
    int read = stream.read(into);
    if (read > 0) {
      meters.sent(level, read);
    }
    return read;
  }

  /** Whether the head of the response should go out before the first byte is read. */
  public boolean isAwaited() {
    return stream.isAwaited();
  }

  /**
   * Waits until {@link #read} has something to give or to say. For one who should hold no buffer
   * while upstream is silent.
   *
   * @throws IOException as {@link #read}
   */
  public void await() throws IOException {
    stream.await();
  }

  /** Where the bytes come from. */
  public CacheLabel label() {
    return label;
  }

  /** Whether a wrong content can't be completed; false for a part on upstream's word. */
  public boolean verified() {
    return verified;
  }

  @Override
  public void close() {
    stream.close();
  }
}
