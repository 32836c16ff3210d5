package io.intrahub.transfer.fetch;

import io.intrahub.base.DirectBufferPool;
import io.intrahub.hub.BlobId;
import io.intrahub.store.PartialBlob;
import io.intrahub.transfer.content.HoldBack;
import io.intrahub.transfer.core.Run;
import io.intrahub.transfer.core.RunEnd;
import io.intrahub.transfer.limits.ConnectionLimiter;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way of a run's bytes: from a connection through a buffer into the store. Each run has a
 * thread of its own, which owns all that is local to it; what all share is asked of {@link
 * RunEvents}.
 */
final class RunFetcher {
  private static final Logger log = LoggerFactory.getLogger(RunFetcher.class);

  private final Transfer transfer;
  private final RunEvents events;
  private final BlobId blob;
  private final PartialBlob partial;
  private final SpaceReservation reservation;
  private final TransferContext context;

  RunFetcher(
      Transfer transfer,
      RunEvents events,
      BlobId blob,
      PartialBlob partial,
      SpaceReservation reservation,
      TransferContext context) {
    this.transfer = transfer;
    this.events = events;
    this.blob = blob;
    this.partial = partial;
    this.reservation = reservation;
    this.context = context;
  }

  /**
   * Makes one run, from the queue for a connection to its end, and reports the end. Never throws.
   */
  void fetch(Run run) {
    RunEnd end = new RunEnd.Done();
    String host = run.source().host();
    try {
      Optional<RunEnd> reached = Optional.empty();
      while (reached.isEmpty()) {
        run.source().awaitLocal();
        reached = fetch(run, host);
      }
      end = reached.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException | Error e) {
      log.error("Fetching a blob of {} bytes failed because of a bug in intrahub", blob.size(), e);
      transfer.storeFailed(e);
    } finally {
      if (end instanceof RunEnd.Failed) {
        context.meters().brokenConnection();
      }
      events.ended(run, end, context.connectionLimiter().isContended(host));
    }
  }

  /** Empty if it should be opened again, and wait without a permit until then. */
  private Optional<RunEnd> fetch(Run run, String host) throws InterruptedException {
    Optional<ConnectionLimiter.Permit> permit = acquire(run, host);
    if (permit.isEmpty()) {
      return Optional.of(new RunEnd.Done());
    }
    try (ConnectionLimiter.Permit _ = permit.get()) {
      return connect(run);
    }
  }

  /** Waits in the queue; empty if the run was stopped meanwhile. */
  private Optional<ConnectionLimiter.Permit> acquire(Run run, String host)
      throws InterruptedException {
    ConnectionLimiter limiter = context.connectionLimiter();
    ConnectionLimiter.Cancellation wait = limiter.cancellation();
    events.queued(run, wait);
    try {
      return limiter.acquire(host, priority(), transfer, wait);
    } finally {
      events.unqueued(run);
    }
  }

  private boolean isSmall() {
    return HoldBack.isSmall(blob.size());
  }

  private ConnectionLimiter.Priority priority() {
    if (isSmall()) {
      return ConnectionLimiter.Priority.SMALL;
    }
    return events.hasReaders()
        ? ConnectionLimiter.Priority.READER
        : ConnectionLimiter.Priority.BACKGROUND;
  }

  private Optional<RunEnd> connect(Run run) throws InterruptedException {
    long from = run.ask().offset();
    long claimed = events.claimEnd(run);
    if (claimed <= from) {
      return Optional.of(new RunEnd.Done());
    }
    try {
      reservation.reservePart(claimed - from);
    } catch (IOException e) {
      transfer.storeFailed(e);
      return Optional.of(new RunEnd.Done());
    }
    try {
      return open(run);
    } finally {
      reservation.release(claimed - events.position(run));
    }
  }

  private Optional<RunEnd> open(Run run) throws InterruptedException {
    return switch (run.source().openUnlessLimited(run.ask())) {
      case UpstreamResult.Refused(var refusal) -> Optional.of(new RunEnd.Refused(refusal));
      case UpstreamResult.Failed(var failure) ->
          run.source().mayOpenLater(failure)
              ? Optional.empty()
              : Optional.of(new RunEnd.Failed(failure));
      case UpstreamResult.Value(var opened) -> {
        try (BlobSource.Stream stream = opened.stream()) {
          events.opened(run, opened);
          try {
            yield Optional.of(pump(run, stream));
          } finally {
            events.closing(run);
          }
        }
      }
    };
  }

  private RunEnd pump(Run run, BlobSource.Stream stream) throws InterruptedException {
    long position = run.ask().offset();
    while (true) {
      long end = events.claimEnd(run);
      if (end <= position) {
        return new RunEnd.Done();
      }
      long before = position;
      try {
        stream.await();
        try (DirectBufferPool.Loan loan = context.buffers().borrow()) {
          ByteBuffer buffer = loan.buffer();
          buffer.limit((int) Math.min(buffer.capacity(), end - position));
          if (stream.read(buffer) < 0) {
            throw new IOException("upstream ended too early");
          }
          buffer.flip();
          position = store(run, buffer, position);
        }
      } catch (IOException e) {
        log.info(
            "{}: upstream broke off at byte {} of {}: {}",
            run.source().host(),
            position,
            blob.size(),
            e.toString());
        return new RunEnd.Failed(
            new UpstreamFailure(
                UpstreamFailure.Kind.UNREACHABLE,
                "the connection broke in the middle",
                true,
                Optional.empty()));
      }
      if (position == before) {
        return new RunEnd.Done();
      }
      if (events.isBackground(run)) {
        long next = position;
        context
            .bandwidthLimiter()
            .throttleBackground(
                position - before, () -> events.isBackground(run) && events.claimEnd(run) > next);
      } else {
        context.bandwidthLimiter().throttle(position - before, isSmall());
      }
    }
  }

  /** Writes what a run may write. Returns where it is then; where it was if it must end. */
  private long store(Run run, ByteBuffer buffer, long position) {
    long may = events.mayWrite(run, buffer.remaining());
    if (may == 0) {
      return position;
    }
    buffer.limit(buffer.position() + (int) may);
    long end = position + may;
    try {
      partial.write(buffer, position);
      // After the bytes, never before: after a crash the mark alone is believed.
      markWhole(position, end);
    } catch (IOException e) {
      transfer.storeFailed(e);
      return position;
    }
    events.written(run, may);
    return end;
  }

  private void markWhole(long from, long to) throws IOException {
    for (int piece = (int) (from / PartialBlob.PIECE);
        (long) piece * PartialBlob.PIECE < to;
        piece++) {
      if (Math.min(blob.size(), (piece + 1L) * PartialBlob.PIECE) <= to) {
        partial.mark(piece);
      }
    }
  }
}
