package io.intrahub.transfer.fetch;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange;
import io.intrahub.store.PartialBlob;
import io.intrahub.transfer.content.ContentFailures;
import io.intrahub.transfer.core.Phase;
import io.intrahub.transfer.core.Plan;
import io.intrahub.transfer.core.Run;
import io.intrahub.transfer.core.RunEnd;
import io.intrahub.transfer.core.TransferLimits;
import io.intrahub.transfer.core.TransferState;
import io.intrahub.transfer.limits.ConnectionLimiter;
import io.intrahub.upstream.BlobSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One transfer of one blob at work: does what its {@link TransferState} says, and tells it what
 * came of it.
 *
 * <p>{@code lock} guards the state and all other mutable fields. It is a leaf, and is never held
 * over I/O. What is planned under it is begun after it was let go; the state counts it as begun
 * already, so nothing is begun twice.
 */
public final class Transfer {
  private static final Logger log = LoggerFactory.getLogger(Transfer.class);
  private final BlobId blob;
  private final PartialBlob partial;
  private final TransferContext context;
  private final Listener listener;
  private final CountDownLatch readersLeft = new CountDownLatch(1);

  private final ReentrantLock lock = new ReentrantLock();
  private final TransferState state;
  private final WaitingReaders waitingReaders;
  private final TransferConnections connections = new TransferConnections();
  private final TransferMeter meter;
  private boolean ended;
  private final WakeUpTimer wakeUp;

  private final SpaceReservation reservation;
  private final RunFetcher fetcher;
  private final BlobVerifier verifier;

  /** Who keeps it where it can be joined. Called without any of its locks held. */
  public interface Listener {
    /**
     * The content has another digest; no reader has heard of it yet.
     *
     * @param given whether a reader got any of its bytes
     */
    void contentWasWrong(boolean given);

    /** Called once, when nobody can join any more and the blob may be begun anew. */
    void ended(Transfer transfer);

    /** Called once after that, when the blob is closed. */
    void closed(Transfer transfer);
  }

  /**
   * A transfer that fetches nothing until somebody joins.
   *
   * @param partial closed by the transfer
   */
  public Transfer(
      BlobId blob,
      PartialBlob partial,
      TransferLimits limits,
      TransferContext context,
      Listener listener) {
    this.blob = blob;
    this.partial = partial;
    this.context = context;
    this.listener = listener;
    this.meter = new TransferMeter(now());
    this.state = new TransferState(blob.size(), partial.found(), limits, now());
    this.waitingReaders = new WaitingReaders(lock, state, this::replan);
    this.wakeUp = new WakeUpTimer(context.timer(), () -> begin(this::wake, () -> {}));
    this.reservation = new SpaceReservation(partial);
    this.fetcher =
        new RunFetcher(
            this,
            new RunEvents(this, state, connections, waitingReaders, meter, this::now),
            blob,
            partial,
            reservation,
            context);
    this.verifier = new BlobVerifier(this, blob, partial);
  }

  private long now() {
    return context.nanoTime().getAsLong();
  }

  // --- Events

  /** Changes the state, wakes whom that concerns, and begins what is to be done next. */
  void event(Runnable change) {
    Plan plan;
    boolean endsNow;
    List<BlobSource.Stream> aborted;
    List<ConnectionLimiter.Cancellation> cancelled;
    lock.lock();
    try {
      change.run();
      plan = state.plan(now());
      meter.observe(state.snapshot());
      waitingReaders.signalReady();
      endsNow = !ended && hasVerdict();
      ended |= endsNow;
      aborted = connections.of(state::isStopped);
      cancelled = connections.waitsOf(state::isStopped);
      plan.wakeAt().ifPresent(at -> wakeUp.schedule(at, now()));
    } finally {
      lock.unlock();
    }
    if (endsNow) {
      leaveBlobToOthers();
    }
    aborted.forEach(BlobSource.Stream::abort);
    cancelled.forEach(ConnectionLimiter.Cancellation::cancel);
    perform(plan);
  }

  /** Looks whether there is something to do. */
  void replan() {
    event(() -> {});
  }

  /** Answers a question about the state. */
  <T> T ask(Supplier<T> question) {
    lock.lock();
    try {
      return question.get();
    } finally {
      lock.unlock();
    }
  }

  /** As {@link #event}, for what changes nothing that anybody waits for. */
  void tell(Runnable change) {
    ask(() -> {
      change.run();
      return this;
    });
  }

  private void leaveBlobToOthers() {
    listener.ended(this);
    readersLeft.countDown();
  }

  /** Whether the blob can be begun anew, or never, though readers still read here. */
  private boolean hasVerdict() {
    return switch (state.phase()) {
      case PUBLISHED, WRONG, STORE_FAILED -> true;
      // Who comes now has to wait until what is there was put away.
      case PAUSED, RUNNING -> false;
    };
  }

  private void wake() {
    event(wakeUp::fired);
  }

  private void perform(Plan plan) {
    for (Run run : plan.start()) {
      begin(() -> fetcher.fetch(run), () -> state.ended(run, new RunEnd.Done(), now()));
    }
    if (plan.hash()) {
      begin(verifier::hash, state::hashStopped);
    }
    if (plan.sync()) {
      begin(verifier::sync, () -> state.synced(now()));
    }
    if (plan.publish()) {
      begin(verifier::publish, state::notPublished);
    }
    if (plan.close()) {
      close();
    }
  }

  private void begin(Runnable task, Runnable undo) {
    try {
      context.threads().execute(task);
    } catch (RejectedExecutionException e) {
      event(() -> {
        undo.run();
        state.stop(ContentFailures.STOPPING);
      });
    }
  }

  private void close() {
    partial.close();
    boolean endsNow;
    lock.lock();
    try {
      endsNow = !ended;
      ended = true;
    } finally {
      lock.unlock();
    }
    if (endsNow) {
      leaveBlobToOthers();
    }
    listener.closed(this);
  }

  /** Ends it as soon as what is under way has ended: the mirror stops. */
  public void stop() {
    event(() -> state.stop(ContentFailures.STOPPING));
  }

  /** Waits until a transfer that can't be joined is out of the way, so that another may begin. */
  public void awaitEnd(Duration timeout) throws InterruptedException {
    var _ = readersLeft.await(timeout.toNanos(), TimeUnit.NANOSECONDS);
  }

  // --- Readers

  /**
   * Takes a reader in.
   *
   * @param heldFrom the offset from which its bytes wait for the digest
   * @return empty when it is over
   * @throws IOException when the store has no room for what this reader wants
   */
  public Optional<WaitingReaders.Handle> join(
      BlobSource source, ByteRange.Span span, boolean completing, long heldFrom)
      throws IOException {
    if (completing) {
      try {
        reservation.reserveAll(this::missing);
      } catch (IOException e) {
        // Should nobody else ever join, it has to find its end.
        replan();
        if (hasEnded()) {
          // Then that was no lack of room.
          return Optional.empty();
        }
        throw e;
      }
    }
    List<WaitingReaders.Handle> handle = new ArrayList<>();
    event(() ->
        state
            .join(source, span, completing, heldFrom)
            .ifPresent(r -> handle.add(waitingReaders.register(r))));
    if (!handle.isEmpty()) {
      context.connectionLimiter().promote(this);
    }
    return handle.stream().findFirst();
  }

  private boolean hasEnded() {
    return ask(() -> ended || state.phase() != Phase.RUNNING || state.hasEnded());
  }

  private long missing() {
    return ask(() -> state.missing());
  }

  /** Where its readers wait. */
  public WaitingReaders waitingReaders() {
    return waitingReaders;
  }

  public void leave(WaitingReaders.Handle handle) {
    event(() -> state.leave(handle.reader, now()));
  }

  /**
   * Reads bytes that this reader may have; it then stands behind them.
   *
   * @return their number; 0 if the store broke meanwhile, so that nobody knows what they are
   */
  int read(WaitingReaders.Handle handle, ByteBuffer into, long position) throws IOException {
    int start = into.position();
    int count = partial.read(into, position);
    lock.lock();
    try {
      if (state.phase() == Phase.STORE_FAILED) {
        into.position(start);
        return 0;
      }
      state.delivered(handle.reader, count);
    } finally {
      lock.unlock();
    }
    return count;
  }

  /** Reads bytes that were delivered already. */
  public int readAgain(ByteBuffer into, long position) throws IOException {
    return partial.read(into, position);
  }

  /** Whether it is published. */
  public boolean isPublished() {
    return ask(() -> state.phase() == Phase.PUBLISHED);
  }

  // --- What the verifier reports and asks

  /** As {@link TransferState#hashTarget}. */
  OptionalLong hashTarget() {
    return ask(state::hashTarget);
  }

  /** As {@link TransferState#hashed}. */
  void hashed(long to) {
    tell(() -> state.hashed(to));
  }

  /** The hash can't go on. In one event: a plan in the middle of it would begin another hash. */
  void hashFailed(Throwable why) {
    storeFailed(why, state::hashStopped);
  }

  /** A sync has ended, well or not. */
  void synced() {
    event(() -> state.synced(now()));
  }

  /** The content was judged. */
  void verdict(PartialBlob.Verdict verdict) {
    if (verdict == PartialBlob.Verdict.WRONG) {
      // A reader whose connection breaks may be back before this thread goes on.
      boolean given = ask(state::foundWrong);
      ask(connections::sources).forEach(BlobSource::reportWrongContent);
      listener.contentWasWrong(given);
    }
    event(
        switch (verdict) {
          case PUBLISHED -> state::published;
          case WRONG -> state::wrong;
        });
  }

  /** Publishing came to nothing. */
  void notPublished(Throwable why) {
    storeFailed(why, state::notPublished);
  }

  /** The store can't take more of it. */
  void storeFailed(Throwable why) {
    storeFailed(why, () -> {});
  }

  private void storeFailed(Throwable why, Runnable before) {
    log.warn(
        "The store can't write {} of {} bytes, so its readers continue without it: {}",
        blob.digest().hex(),
        blob.size(),
        why.toString());
    event(() -> {
      before.run();
      state.storeFailed();
    });
  }

  // --- For the operator

  /** What came of it so far. */
  public TransferMeter.Summary summary() {
    return ask(() -> meter.summary(state.snapshot(), now()));
  }

  /** What is known now. */
  public TransferProgress progress(String name) {
    TransferProgress progress = ask(() -> meter.progress(name, state.snapshot(), now()));
    return progress.queued(context.connectionLimiter().waitingFor(this));
  }
}
