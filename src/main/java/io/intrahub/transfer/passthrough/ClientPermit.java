package io.intrahub.transfer.passthrough;

import io.intrahub.transfer.limits.PassThroughPermits;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The permit of one stream that passes through, which can be given back for a while. Safe for use
 * by many threads: the client may leave while the stream is opened.
 */
final class ClientPermit implements AutoCloseable {
  private final PassThroughPermits permits;
  private final String client;

  // Guarded by this.
  private PassThroughPermits.@Nullable Permit held;
  private boolean closed;

  /** Holds no permit yet. */
  ClientPermit(PassThroughPermits permits, String client) {
    this.permits = permits;
    this.client = client;
  }

  /**
   * Waits for a permit.
   *
   * @return false if there was none in this time, or this is closed
   * @throws InterruptedException when the waiting thread is stopped
   */
  boolean acquire(Duration timeout) throws InterruptedException {
    Optional<PassThroughPermits.Permit> acquired = permits.acquire(client, timeout);
    if (acquired.isEmpty()) {
      return false;
    }
    synchronized (this) {
      if (!closed) {
        held = acquired.get();
        return true;
      }
    }
    acquired.get().close();
    return false;
  }

  /** Gives the permit back, if it has one. */
  synchronized void release() {
    if (held != null) {
      held.close();
      held = null;
    }
  }

  /** Gives the permit back, and takes no other. */
  @Override
  public synchronized void close() {
    closed = true;
    release();
  }
}
