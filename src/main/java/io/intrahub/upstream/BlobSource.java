package io.intrahub.upstream;

import io.intrahub.hub.ByteRange;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Where the bytes of one blob come from. Safe for use by many threads.
 *
 * <p>A source does three things that nobody above it does:
 *
 * <ul>
 *   <li><b>It tries again.</b> {@link #open} makes as many attempts as are worth making, waits in
 *       between for as long as upstream asks, and finds another address if the one it knew is
 *       refused. A failure that it returns is final: {@link UpstreamFailure#isTransient} is false.
 *       All openings of one source draw on one budget of further attempts until bytes arrive,
 *       because its users open it again themselves: a transfer {@code transfer.tries} times in a
 *       row, a stream that passes through five times. A {@link Stream} never tries again; its user
 *       opens another one at the next byte.
 *   <li><b>It counts.</b> Requests, further attempts, and bytes as they arrive from the network,
 *       including those that are skipped, go to {@link io.intrahub.metrics.Meters}; outcomes go to
 *       the circuit breaker of the server, if there is one. Its users count connections, and what
 *       they do with the bytes.
 *   <li><b>It reports.</b> {@link #open} fails if upstream announces another range, size or
 *       encoding than was asked for, and a stream delivers exactly the bytes of its span or throws.
 *       The reason of a failure is for a person, says what is wrong with which server or option,
 *       and holds neither a token nor a signed address; the same goes for {@code toString}, which
 *       is logged. Whether the bytes have the right digest is checked by the user, who tells the
 *       source with {@link #reportWrongContent}.
 * </ul>
 *
 * <p>Its users limit bandwidth, buffers and the number of connections.
 */
public interface BlobSource {
  /**
   * Opens a stream of these bytes. Blocks until the head of the answer is there, all attempts have
   * failed, or the thread is interrupted, which counts as a failure. Throws nothing. A refusal
   * means that the Hub no longer lets this client read the blob.
   *
   * @param span within the blob; not empty
   */
  UpstreamResult<Opened> open(ByteRange.Span span);

  /**
   * As {@link #open}, but if upstream limits the requests of the token that is sent, this is
   * returned without waiting: another token may be free of that limit. The failure is transient if
   * the limit ends soon.
   */
  default UpstreamResult<Opened> openUnlessLimited(ByteRange.Span span) {
    return open(span);
  }

  /**
   * Waits for what needs no connection, such as a file beside the store whose digest is being
   * computed, until opening gives it or upstream should be asked meanwhile. To be called without a
   * permit for a connection, before one is waited for: others would wait for the permit as long.
   * Returns early if the thread is interrupted.
   */
  default void awaitLocal() {}

  /**
   * Whether it makes sense to give the permit back, wait with {@link #awaitLocal} and open again.
   *
   * @param failure what opening has given
   */
  default boolean mayOpenLater(UpstreamFailure failure) {
    return false;
  }

  /**
   * In whose name it is opened, and for which file: two sources with equal ones are refused
   * together. It must have {@code equals}, and must not hold a secret.
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

  /** Whether no client waits for its bytes, so that they get a share of the bandwidth only. */
  default boolean isBackground() {
    return false;
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
