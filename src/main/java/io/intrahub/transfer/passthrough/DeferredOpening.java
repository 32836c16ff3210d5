package io.intrahub.transfer.passthrough;

import io.intrahub.transfer.content.ContentFailures;
import io.intrahub.transfer.content.OpenedContent;
import io.intrahub.upstream.UpstreamResult;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Opens a pass-through stream on a thread of its own. That may take longer than the client may
 * wait. When the client has gone, the opening is cancelled, because its token must not be used any
 * more.
 *
 * <p>Run by one thread, once; {@link #result} and {@link #cancel} are for any other.
 */
final class DeferredOpening implements Runnable {
  private final Supplier<UpstreamResult<OpenedContent>> attempt;
  private final CompletableFuture<UpstreamResult<OpenedContent>> result = new CompletableFuture<>();

  // Guarded by this.
  private @Nullable Thread opener;
  private boolean cancelled;

  DeferredOpening(Supplier<UpstreamResult<OpenedContent>> attempt) {
    this.attempt = attempt;
  }

  /** What comes of it. */
  CompletableFuture<UpstreamResult<OpenedContent>> result() {
    return result;
  }

  @Override
  public void run() {
    synchronized (this) {
      if (cancelled) {
        result.complete(new UpstreamResult.Failed<>(ContentFailures.STOPPING));
        return;
      }
      opener = Thread.currentThread();
    }
    UpstreamResult<OpenedContent> opening;
    try {
      opening = attempt.get();
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
  void cancel() {
    synchronized (this) {
      cancelled = true;
      if (opener != null) {
        opener.interrupt();
      }
    }
    var _ =
        result.thenAccept(opened -> {
          if (opened instanceof UpstreamResult.Value(var ready)) {
            ready.stream().close();
          }
        });
  }
}
