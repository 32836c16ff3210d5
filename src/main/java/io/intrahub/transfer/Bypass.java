package io.intrahub.transfer;

import io.intrahub.base.Deadline;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange;
import io.intrahub.upstream.BlobSource;
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
 * The ways past the store: for what is not to be kept, and for what the store can't take. There
 * each client's bytes come from upstream for it alone, so when that is only because the store is
 * broken, a few go this way at a time and who comes then waits in line, small contents first. Safe
 * for use by many threads.
 */
final class Bypass {
  private static final int FEW = 4;

  /** How long a client waits for a permit: what it waits for may take hours. */
  private static final Duration A_MOMENT = Duration.ofSeconds(2);

  private final Executor threads;
  private final Pace pace;
  private final AtomicInteger streams = new AtomicInteger();

  /** For what the store can't take; one of them is for small contents. */
  private final Lanes ways = new Lanes(FEW, FEW, FEW);

  private final Duration patience;
  private final StreamPermits permits;

  /**
   * All ways free.
   *
   * @param threads a thread per task
   * @param pace of all that comes from upstream
   * @param patience how long a client waits in line
   * @param permits for what is not to be kept
   */
  Bypass(Executor threads, Pace pace, Duration patience, StreamPermits permits) {
    this.threads = threads;
    this.pace = pace;
    this.patience = patience;
    this.permits = permits;
  }

  /**
   * What one client wants.
   *
   * @param completing whether the client takes the content for complete with this span, so that the
   *     whole of it is read and checked
   * @param onWrong run when it turns out that wrong bytes may have gone out
   */
  record Request(
      BlobSource source, BlobId blob, ByteRange.Span span, boolean completing, Runnable onWrong) {}

  private BlobSource paced(Request r) {
    return new PassedSource(r.source(), pace, HoldBack.isSmall(r.blob().size()), r.onWrong());
  }

  /** Streams that go past the store now. */
  int streams() {
    return streams.get();
  }

  /**
   * For what is not to be kept.
   *
   * @param client whose share of the streams it counts against
   */
  ContentOpening open(Request r, String client, Deadline deadline) {
    Optional<StreamPermits.Permit> permit;
    try {
      Duration left = deadline.left();
      permit = permits.acquire(client, left.compareTo(A_MOMENT) < 0 ? left : A_MOMENT);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new ContentOpening.Failed(Failures.STOPPING);
    }
    if (permit.isEmpty()) {
      return new ContentOpening.Failed(Failures.STREAMS);
    }
    boolean kept = false;
    try {
      ContentOpening opening =
          inTime(() -> PassThrough.open(paced(r), r.blob(), r.span(), r.completing()), r, deadline);
      kept = opening instanceof ContentOpening.Ready;
      return ClosingStream.closing(opening, permit.get()::close);
    } finally {
      if (!kept) {
        permit.get().close();
      }
    }
  }

  /** For what the store can't take. */
  ContentOpening openInLine(Request r, Deadline deadline) {
    return inTime(() -> openOneOfFew(r), r, deadline);
  }

  private ContentOpening openOneOfFew(Request r) {
    Optional<Lanes.Place> way;
    try {
      way = enter(r.blob());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new ContentOpening.Failed(Failures.STOPPING);
    }
    if (way.isEmpty()) {
      return new ContentOpening.Failed(Failures.LINE);
    }
    boolean kept = false;
    try {
      ContentOpening opening = PassThrough.open(paced(r), r.blob(), r.span(), r.completing());
      kept = opening instanceof ContentOpening.Ready;
      return ClosingStream.closing(opening, way.get()::close);
    } finally {
      if (!kept) {
        way.get().close();
      }
    }
  }

  private Optional<Lanes.Place> enter(BlobId blob) throws InterruptedException {
    Lanes.Urgency urgency =
        HoldBack.isSmall(blob.size()) ? Lanes.Urgency.SMALL : Lanes.Urgency.READER;
    return ways.enter("", urgency, new Object(), patience);
  }

  /**
   * As {@link PassThrough#resume}, for a reader of what the store can't take any more.
   *
   * @param r the rest that it wants
   */
  ContentStream resumeInLine(Request r, HashedStream.Witness witness) throws IOException {
    Lanes.Place way;
    try {
      way = enter(r.blob()).orElseThrow(() -> new IOException(Failures.LINE.reason()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("stopped while waiting for upstream");
    }
    ContentStream stream;
    boolean kept = false;
    try {
      stream = PassThrough.resume(paced(r), r.blob(), r.span(), r.completing(), witness);
      kept = true;
    } finally {
      if (!kept) {
        way.close();
      }
    }
    streams.incrementAndGet();
    return new ClosingStream(
        stream,
        () -> {
          way.close();
          streams.decrementAndGet();
        });
  }

  private ContentOpening inTime(Supplier<ContentOpening> way, Request r, Deadline deadline) {
    LateOpening opening = new LateOpening(() -> counted(way.get()));
    try {
      threads.execute(opening);
    } catch (RejectedExecutionException e) {
      return new ContentOpening.Failed(Failures.STOPPING);
    }
    try {
      return opening.result().get(deadline.left().toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      return new ContentOpening.Ready(
          new LaterStream(opening),
          ContentOpening.Origin.UPSTREAM,
          PassThrough.isChecked(r.blob(), r.span(), r.completing()));
    } catch (ExecutionException e) {
      throw new IllegalStateException("opening a content failed", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      // What is opened all the same has to be closed.
      opening.giveUp();
      return new ContentOpening.Failed(Failures.STOPPING);
    }
  }

  private ContentOpening counted(ContentOpening opening) {
    if (opening instanceof ContentOpening.Ready) {
      streams.incrementAndGet();
    }
    return ClosingStream.closing(opening, streams::decrementAndGet);
  }
}
