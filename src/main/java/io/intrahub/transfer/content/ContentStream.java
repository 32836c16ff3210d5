package io.intrahub.transfer.content;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The bytes of one response body, in order. For one thread at a time.
 *
 * <p>When {@link #read} throws, the response must be broken visibly: what was delivered so far is
 * not the whole content, and the client must not take it for that.
 */
public interface ContentStream extends AutoCloseable {
  /**
   * Reads at least one byte, waiting for it if need be.
   *
   * @return the number of bytes, or -1 when all were delivered
   * @throws IOException when the rest can't be had, or turned out to be wrong
   */
  int read(ByteBuffer into) throws IOException;

  /**
   * Whether the first byte may be long in coming. The head of the response should go out before it:
   * clients wait some ten seconds for a head, and then as long again for each part of the body.
   */
  default boolean isAwaited() {
    return false;
  }

  /**
   * Waits until {@link #read} has something to give or to say, so that nobody holds a buffer while
   * upstream is silent.
   *
   * @throws IOException when there will be nothing; {@link #read} would throw too
   */
  void await() throws IOException;

  /** Lets go of it. Never throws; the transfer behind it goes on if it may. */
  @Override
  void close();
}
