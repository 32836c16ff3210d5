package io.intrahub.transfer;

import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The opening of a way past the store, on a thread of its own. It may take longer than its client
 * may wait; when the client has gone, it is stopped: what it came with, a token perhaps, must not
 * be used any more.
 *
 * <p>Run by one thread, once; {@link #result} and {@link #giveUp} are for any other.
 */
final class LateOpening implements Runnable {
  private final Supplier<ContentOpening> way;
  private final CompletableFuture<ContentOpening> result = new CompletableFuture<>();

  // Guarded by this.
  private @Nullable Thread opener;
  private boolean givenUp;

  LateOpening(Supplier<ContentOpening> way) {
    this.way = way;
  }

  /** What comes of it. */
  CompletableFuture<ContentOpening> result() {
    return result;
  }

  @Override
  public void run() {
    synchronized (this) {
      if (givenUp) {
        result.complete(new ContentOpening.Failed(Failures.STOPPING));
        return;
      }
      opener = Thread.currentThread();
    }
    ContentOpening opening;
    try {
      opening = way.get();
    } catch (RuntimeException | Error e) {
      result.completeExceptionally(e);
      return;
    } finally {
      synchronized (this) {
        opener = null;
      }
    }
    result.complete(opening);
  }

  /** The client has gone. Whatever was opened, or still is, is closed. */
  void giveUp() {
    synchronized (this) {
      givenUp = true;
      if (opener != null) {
        opener.interrupt();
      }
    }
    var _ =
        result.thenAccept(opened -> {
          if (opened instanceof ContentOpening.Ready ready) {
            ready.stream().close();
          }
        });
  }
}
