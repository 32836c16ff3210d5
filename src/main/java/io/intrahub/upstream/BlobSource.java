package io.intrahub.upstream;

import io.intrahub.hub.ByteRange;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Where the bytes of one blob come from. Safe for use by many threads. */
public interface BlobSource {
  /**
   * Opens a stream of these bytes. A refusal means that the Hub no longer lets this client read the
   * blob.
   *
   * @param span within the blob; not empty
   */
  UpstreamResult<Opened> open(ByteRange.Span span);

  /**
   * In whose name it is opened, and for which file: two sources with equal ones are refused
   * together.
   */
  default Object sponsor() {
    return this;
  }

  /**
   * Whether it may be opened when the request it came with has ended: only one without a client's
   * token may.
   */
  default boolean outlivesRequest() {
    return true;
  }

  /** The host that its next bytes probably come from; for counting connections. */
  default String host() {
    return "";
  }

  /**
   * What came was not the announced content. What is opened from now on comes over a new connection
   * and from an address that is asked for anew: whatever spoiled the bytes may sit on the old way.
   */
  default void reportWrongContent() {}

  /**
   * The bytes flow.
   *
   * @param stream to be closed by the one who opened
   * @param ranged whether just these bytes are sent; if not, upstream knows no ranges, and sends
   *     all from the beginning each time
   */
  record Opened(Stream stream, boolean ranged) {
    /** Of an upstream that sends what it is asked for. */
    public Opened(Stream stream) {
      this(stream, true);
    }
  }

  /** Bytes on their way. For one thread at a time; {@link #abort} may come from another. */
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

    /** Makes a thread that waits in it fail at once. From any thread, at any time. */
    default void abort() {}

    @Override
    void close();
  }
}
