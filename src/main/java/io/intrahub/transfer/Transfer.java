package io.intrahub.transfer;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange;
import io.intrahub.store.PartialBlob;
import io.intrahub.transfer.core.Phase;
import io.intrahub.transfer.core.Plan;
import io.intrahub.transfer.core.Run;
import io.intrahub.transfer.core.RunEnd;
import io.intrahub.transfer.core.TransferState;
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
final class Transfer {
  private static final Logger log = LoggerFactory.getLogger(Transfer.class);
  private final BlobId blob;
  private final PartialBlob partial;
  private final Supply supply;
  private final Owner owner;
  private final CountDownLatch left = new CountDownLatch(1);

  private final ReentrantLock lock = new ReentrantLock();
  private final TransferState state;
  private final Seats seats;
  private final Connections connections = new Connections();
  private final Meter meter;
  private boolean over;
  private final Alarm alarm;

  private final Room room;
  private final Fetching fetching;
  private final Verifying verifying;

  /** Who keeps it where it can be joined. Called without any of its locks held. */
  interface Owner {
    /**
     * The content has another digest; no reader has heard of it yet.
     *
     * @param given whether a reader got any of its bytes
     */
    void cameWrong(boolean given);

    /** Called once, when nobody can join any more and the blob may be begun anew. */
    void over(Transfer transfer);

    /** Called once after that, when the blob is closed. */
    void gone(Transfer transfer);
  }

  /**
   * A transfer that fetches nothing until somebody joins.
   *
   * @param partial closed by the transfer
   */
  Transfer(
      BlobId blob, PartialBlob partial, TransferSettings settings, Supply supply, Owner owner) {
    this.blob = blob;
    this.partial = partial;
    this.supply = supply;
    this.owner = owner;
    this.meter = new Meter(now());
    this.state = new TransferState(blob.size(), partial.found(), settings.limits(), now());
    this.seats = new Seats(lock, state, this::replan);
    this.alarm = new Alarm(supply.timer(), () -> begin(this::wake, () -> {}));
    this.room = new Room(partial);
    this.fetching = new Fetching(this, blob, partial, room, supply);
    this.verifying = new Verifying(this, blob, partial);
  }

  private long now() {
    return supply.nanos().getAsLong();
  }

  // --- Events

  /** Changes the state, wakes whom that concerns, and begins what is to be done next. */
  private void event(Runnable change) {
    Plan plan;
    boolean endsNow;
    List<BlobSource.Stream> aborted;
    lock.lock();
    try {
      change.run();
      plan = state.plan(now());
      meter.saw(state.standing());
      seats.wake();
      endsNow = !over && hasVerdict();
      over |= endsNow;
      aborted = connections.of(state::isStopped);
      plan.wakeAt().ifPresent(at -> alarm.set(at, now()));
    } finally {
      lock.unlock();
    }
    if (endsNow) {
      leaveBlobToOthers();
    }
    aborted.forEach(BlobSource.Stream::abort);
    perform(plan);
  }

  /** Looks whether there is something to do. */
  void replan() {
    event(() -> {});
  }

  private <T> T ask(Supplier<T> question) {
    lock.lock();
    try {
      return question.get();
    } finally {
      lock.unlock();
    }
  }

  /** As {@link #event}, for what changes nothing that anybody waits for. */
  private void tell(Runnable change) {
    ask(() -> {
      change.run();
      return this;
    });
  }

  private void leaveBlobToOthers() {
    owner.over(this);
    left.countDown();
  }

  /** Whether the blob can be begun anew, or never, though readers still read here. */
  private boolean hasVerdict() {
    return switch (state.phase()) {
      case PUBLISHED, WRONG, STORE_BROKE -> true;
      // Who comes now has to wait until what is there was put away.
      case PAUSED, RUNNING -> false;
    };
  }

  private void wake() {
    event(alarm::rang);
  }

  private void perform(Plan plan) {
    for (Run run : plan.start()) {
      begin(() -> fetching.fetch(run), () -> state.ended(run, new RunEnd.Done(), now()));
    }
    if (plan.hash()) {
      begin(verifying::hash, state::hashStopped);
    }
    if (plan.sync()) {
      begin(verifying::sync, () -> state.synced(now()));
    }
    if (plan.publish()) {
      begin(verifying::publish, state::notPublished);
    }
    if (plan.close()) {
      close();
    }
  }

  private void begin(Runnable task, Runnable undo) {
    try {
      supply.threads().execute(task);
    } catch (RejectedExecutionException e) {
      event(() -> {
        undo.run();
        state.stop(Failures.STOPPING);
      });
    }
  }

  private void close() {
    partial.close();
    boolean endsNow;
    lock.lock();
    try {
      endsNow = !over;
      over = true;
    } finally {
      lock.unlock();
    }
    if (endsNow) {
      leaveBlobToOthers();
    }
    owner.gone(this);
  }

  /** Ends it as soon as what is under way has ended: the mirror stops. */
  void stop() {
    event(() -> state.stop(Failures.STOPPING));
  }

  /** Waits until a transfer that can't be joined is out of the way, so that another may begin. */
  void awaitOver(Duration atMost) throws InterruptedException {
    var _ = left.await(atMost.toNanos(), TimeUnit.NANOSECONDS);
  }

  // --- Readers

  /**
   * Takes a reader in.
   *
   * @param heldFrom the offset from which its bytes wait for the digest
   * @return empty when it is over
   * @throws IOException when the store has no room for what this reader wants
   */
  Optional<Seats.Seat> join(
      BlobSource source, ByteRange.Span span, boolean completing, long heldFrom)
      throws IOException {
    if (completing) {
      try {
        room.forAll(this::missing);
      } catch (IOException e) {
        // Should nobody else ever join, it has to find its end.
        replan();
        if (isOver()) {
          // Then that was no lack of room.
          return Optional.empty();
        }
        throw e;
      }
    }
    List<Seats.Seat> seat = new ArrayList<>();
    event(
        () -> state.join(source, span, completing, heldFrom).ifPresent(r -> seat.add(seats.of(r))));
    if (!seat.isEmpty()) {
      supply.lanes().awaited(this);
    }
    return seat.stream().findFirst();
  }

  private boolean isOver() {
    return ask(() -> over || state.phase() != Phase.RUNNING || state.hasEnded());
  }

  private long missing() {
    return ask(() -> state.missing());
  }

  /** Where its readers wait. */
  Seats seats() {
    return seats;
  }

  void leave(Seats.Seat seat) {
    event(() -> state.leave(seat.reader, now()));
  }

  /**
   * Reads bytes that this reader may have; it then stands behind them.
   *
   * @return their number; 0 if the store broke meanwhile, so that nobody knows what they are
   */
  int read(Seats.Seat seat, ByteBuffer into, long position) throws IOException {
    int start = into.position();
    int count = partial.read(into, position);
    lock.lock();
    try {
      if (state.phase() == Phase.STORE_BROKE) {
        into.position(start);
        return 0;
      }
      state.took(seat.reader, count);
    } finally {
      lock.unlock();
    }
    return count;
  }

  /** Reads bytes that were delivered already. */
  int readAgain(ByteBuffer into, long position) throws IOException {
    return partial.read(into, position);
  }

  /** Whether it is published. */
  boolean isPublished() {
    return ask(() -> state.phase() == Phase.PUBLISHED);
  }

  // --- What the tasks report and ask

  /** A run's connection answers. */
  void opened(Run run, BlobSource.Opened opened) {
    event(() -> {
      state.opened(run, opened.ranged());
      connections.opened(run, opened.stream());
    });
  }

  /** A run's connection is about to be closed, so it must not be broken off any more. */
  void closing(Run run) {
    tell(() -> connections.closing(run));
  }

  /** Where a run is. */
  long position(Run run) {
    return ask(run::position);
  }

  /** As {@link TransferState#claimEnd}. */
  long claimEnd(Run run) {
    return ask(() -> state.claimEnd(run));
  }

  /** As {@link TransferState#mayWrite}. */
  long mayWrite(Run run, long n) {
    return ask(() -> state.mayWrite(run, n));
  }

  /** As {@link #event}, but the planning is done only when there is something to plan. */
  void written(Run run, long n) {
    boolean due =
        ask(() -> {
          long now = now();
          state.written(run, now);
          meter.received(n, now);
          seats.wake();
          return state.isDue(now);
        });
    if (due) {
      replan();
    }
  }

  /**
   * A run is over.
   *
   * @param contended whether others wait for a connection
   */
  void ended(Run run, RunEnd end, boolean contended) {
    event(() -> {
      if (contended) {
        state.contended(now());
      }
      state.ended(run, end, now());
    });
  }

  boolean hasReaders() {
    return ask(() -> state.standing().readers() > 0);
  }

  /** As {@link TransferState#hashTarget}. */
  OptionalLong hashTarget() {
    return ask(state::hashTarget);
  }

  /** As {@link TransferState#hashed}. */
  void hashed(long to) {
    tell(() -> state.hashed(to));
  }

  /** The hash can't go on. In one event: a plan in the middle of it would begin another hash. */
  void hashBroke(Throwable why) {
    broke(why, state::hashStopped);
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
      ask(connections::sources).forEach(BlobSource::cameWrong);
      owner.cameWrong(given);
    }
    event(
        switch (verdict) {
          case PUBLISHED -> state::published;
          case WRONG -> state::wrong;
        });
  }

  /** Publishing came to nothing. */
  void notPublished(Throwable why) {
    broke(why, state::notPublished);
  }

  /** The store can't take more of it. */
  void storeBroke(Throwable why) {
    broke(why, () -> {});
  }

  private void broke(Throwable why, Runnable before) {
    log.warn("The store can't take a blob of {} bytes: {}", blob.size(), why.toString());
    event(() -> {
      before.run();
      state.storeBroke();
    });
  }

  // --- For the operator

  /** What came of it so far. */
  Meter.Account account() {
    return ask(() -> meter.account(state.standing(), now()));
  }

  /** What is known now. */
  TransferProgress progress(String name) {
    TransferProgress progress = ask(() -> meter.progress(name, state.standing(), now()));
    return progress.inLine(supply.lanes().waitingFor(this));
  }
}
