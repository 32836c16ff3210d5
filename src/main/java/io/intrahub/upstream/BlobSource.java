package io.intrahub.upstream;

import io.intrahub.hub.ByteRange;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Where the bytes of one blob come from. Safe for use by many threads. */
public interface BlobSource {
  /**
   * Opens a stream of these bytes.
   *
   * @param span within the blob; not empty
   */
  Opening open(ByteRange.Span span);

  /** What came of opening. */
  sealed interface Opening {}

  /**
   * The bytes flow.
   *
   * @param stream to be closed by the one who opened
   */
  record Opened(Stream stream) implements Opening {}

  /**
   * The Hub no longer lets this asker read it.
   *
   * @param refusal what it said
   */
  record Refused(FirstHop.Refusal refusal) implements Opening {}

  /**
   * No usable answer.
   *
   * @param failure why
   */
  record Failed(UpstreamFailure failure) implements Opening {}

  /** Bytes on their way. For one thread at a time; {@link #close} may come from another. */
  interface Stream extends AutoCloseable {
    /**
     * Reads at least one byte.
     *
     * @return their number, or -1 at the end of what was asked for
     * @throws IOException when the connection breaks, stalls or ends early
     */
    int read(ByteBuffer into) throws IOException;

    /**
     * Waits until {@link #read} has something to give or to say.
     *
     * @throws IOException when the connection breaks or stalls
     */
    default void await() throws IOException {}

    @Override
    void close();
  }
}
