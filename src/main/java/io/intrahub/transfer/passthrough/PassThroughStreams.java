package io.intrahub.transfer.passthrough;

import io.intrahub.base.Deadline;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange;
import io.intrahub.transfer.content.ContentFailures;
import io.intrahub.transfer.content.ContentStream;
import io.intrahub.transfer.content.HoldBack;
import io.intrahub.transfer.content.OpenedContent;
import io.intrahub.transfer.limits.BandwidthLimiter;
import io.intrahub.transfer.limits.ConnectionLimiter;
import io.intrahub.transfer.limits.PassThroughPermits;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.UpstreamResult;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * Pass-through streams: for content that is not kept, and for content that the store can't take.
 * Each client's bytes come from upstream for it alone, so when the only reason is that the store
 * fails, few streams are open at a time and further ones are queued, small blobs first. Safe for
 * use by many threads.
 */
public final class PassThroughStreams {
  private static final int MAX_FALLBACK_STREAMS = 4;

  /** How long a client waits for a permit: what it waits for may take hours. */
  private static final Duration A_MOMENT = Duration.ofSeconds(2);

  private final Executor threads;
  private final BandwidthLimiter bandwidthLimiter;
  private final AtomicInteger streams = new AtomicInteger();

  /** For what the store can't take; one of them is for small contents. */
  private final ConnectionLimiter fallbackLimiter =
      new ConnectionLimiter(MAX_FALLBACK_STREAMS, MAX_FALLBACK_STREAMS, MAX_FALLBACK_STREAMS);

  private final Duration queueTimeout;
  private final PassThroughPermits permits;

  /**
   * Creates the pass-through, with no stream open.
   *
   * @param threads a thread per task
   * @param bandwidthLimiter of all that comes from upstream
   * @param queueTimeout how long a client waits in the queue
   * @param permits for what is not to be kept
   */
  public PassThroughStreams(
      Executor threads,
      BandwidthLimiter bandwidthLimiter,
      Duration queueTimeout,
      PassThroughPermits permits) {
    this.threads = threads;
    this.bandwidthLimiter = bandwidthLimiter;
    this.queueTimeout = queueTimeout;
    this.permits = permits;
  }

  /**
   * What one client wants.
   *
   * @param completing whether the client takes the content for complete with this span, so that the
   *     whole of it is read and checked
   * @param onWrong run when it turns out that wrong bytes may have gone out
   */
  public record Request(
      BlobSource source, BlobId blob, ByteRange.Span span, boolean completing, Runnable onWrong) {}

  private BlobSource throttled(Request r) {
    return new PacedSource(
        r.source(), bandwidthLimiter, HoldBack.isSmall(r.blob().size()), r.onWrong());
  }

  /** Streams that go past the store now. */
  public int streams() {
    return streams.get();
  }

  /**
   * For what is not to be kept.
   *
   * @param client whose share of the streams it counts against
   */
  public UpstreamResult<OpenedContent> open(Request r, String client, Deadline deadline) {
    ClientPermit permit = new ClientPermit(permits, client);
    try {
      Duration left = deadline.left();
      if (!permit.acquire(left.compareTo(A_MOMENT) < 0 ? left : A_MOMENT)) {
        return new UpstreamResult.Failed<>(ContentFailures.STREAMS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new UpstreamResult.Failed<>(ContentFailures.STOPPING);
    }
    boolean kept = false;
    try {
      UpstreamResult<OpenedContent> opening = inTime(() -> openWith(permit, r), r, deadline);
      kept = opening instanceof UpstreamResult.Value;
      return ClosingStream.closing(opening, permit::close);
    } finally {
      if (!kept) {
        permit.close();
      }
    }
  }

  /** Gives the permit back while it waits for what needs no connection. */
  private UpstreamResult<OpenedContent> openWith(ClientPermit permit, Request r) {
    UpstreamResult<OpenedContent> opening = openNow(r);
    try {
      while (isLater(r, opening)) {
        permit.release();
        r.source().awaitLocal();
        if (!permit.acquire(A_MOMENT)) {
          return new UpstreamResult.Failed<>(ContentFailures.STREAMS);
        }
        opening = openNow(r);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new UpstreamResult.Failed<>(ContentFailures.STOPPING);
    }
    return opening;
  }

  private UpstreamResult<OpenedContent> openNow(Request r) {
    return PassThrough.open(throttled(r), r.blob(), r.span(), r.completing());
  }

  /** For what the store can't take. */
  public UpstreamResult<OpenedContent> openQueued(Request r, Deadline deadline) {
    return inTime(() -> openLimited(r), r, deadline);
  }

  private UpstreamResult<OpenedContent> openLimited(Request r) {
    Optional<UpstreamResult<OpenedContent>> reached = Optional.empty();
    while (reached.isEmpty()) {
      r.source().awaitLocal();
      reached = openWithPermit(r);
    }
    return reached.get();
  }

  /** Empty if it should be opened again, and wait without a permit until then. */
  private Optional<UpstreamResult<OpenedContent>> openWithPermit(Request r) {
    Optional<ConnectionLimiter.Permit> permit;
    try {
      permit = acquire(r.blob());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.of(new UpstreamResult.Failed<>(ContentFailures.STOPPING));
    }
    if (permit.isEmpty()) {
      return Optional.of(new UpstreamResult.Failed<>(ContentFailures.QUEUE_TIMEOUT));
    }
    boolean kept = false;
    try {
      UpstreamResult<OpenedContent> opening = openNow(r);
      kept = opening instanceof UpstreamResult.Value;
      return isLater(r, opening)
          ? Optional.empty()
          : Optional.of(ClosingStream.closing(opening, permit.get()::close));
    } finally {
      if (!kept) {
        permit.get().close();
      }
    }
  }

  private static boolean isLater(Request r, UpstreamResult<?> opening) {
    return opening.asFailure().filter(r.source()::mayOpenLater).isPresent();
  }

  private Optional<ConnectionLimiter.Permit> acquire(BlobId blob) throws InterruptedException {
    ConnectionLimiter.Priority priority =
        HoldBack.isSmall(blob.size())
            ? ConnectionLimiter.Priority.SMALL
            : ConnectionLimiter.Priority.READER;
    return fallbackLimiter.acquire("", priority, new Object(), queueTimeout);
  }

  /**
   * As {@link PassThrough#resume}, for a reader of what the store can't take any more.
   *
   * @param r the rest that it wants
   */
  public ContentStream resumeQueued(Request r, HashedStream.ReplayObserver observer)
      throws IOException {
    Optional<ContentStream> reached = Optional.empty();
    while (reached.isEmpty()) {
      r.source().awaitLocal();
      reached = resumeWithPermit(r, observer);
    }
    return reached.get();
  }

  /** Empty if it should be opened again, and wait without a permit until then. */
  private Optional<ContentStream> resumeWithPermit(Request r, HashedStream.ReplayObserver observer)
      throws IOException {
    ConnectionLimiter.Permit permit;
    try {
      permit =
          acquire(r.blob())
              .orElseThrow(() -> new IOException(ContentFailures.QUEUE_TIMEOUT.reason()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("stopped while waiting for upstream");
    }
    ContentStream stream;
    boolean kept = false;
    try {
      UpstreamResult<ContentStream> opening =
          PassThrough.resume(throttled(r), r.blob(), r.span(), r.completing(), observer);
      if (isLater(r, opening)) {
        return Optional.empty();
      }
      stream = ContentFailures.orThrow(opening);
      kept = true;
    } finally {
      if (!kept) {
        permit.close();
      }
    }
    streams.incrementAndGet();
    return Optional.of(
        new ClosingStream(
            stream,
            () -> {
              permit.close();
              streams.decrementAndGet();
            }));
  }

  private UpstreamResult<OpenedContent> inTime(
      Supplier<UpstreamResult<OpenedContent>> permit, Request r, Deadline deadline) {
    DeferredOpening opening = new DeferredOpening(() -> counted(permit.get()));
    try {
      threads.execute(opening);
    } catch (RejectedExecutionException e) {
      return new UpstreamResult.Failed<>(ContentFailures.STOPPING);
    }
    try {
      return opening.result().get(deadline.left().toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      return new UpstreamResult.Value<>(
          new OpenedContent(
              new DeferredStream(opening),
              OpenedContent.Origin.UPSTREAM,
              PassThrough.isChecked(r.blob(), r.span(), r.completing())));
    } catch (ExecutionException e) {
      throw new IllegalStateException("opening a content failed", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      // What is opened all the same has to be closed.
      opening.cancel();
      return new UpstreamResult.Failed<>(ContentFailures.STOPPING);
    }
  }

  private UpstreamResult<OpenedContent> counted(UpstreamResult<OpenedContent> opening) {
    if (opening instanceof UpstreamResult.Value) {
      streams.incrementAndGet();
    }
    return ClosingStream.closing(opening, streams::decrementAndGet);
  }
}
