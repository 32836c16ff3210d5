package io.intrahub.transfer;

import io.intrahub.base.DirectBufferPool;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange;
import io.intrahub.store.PartialBlob;
import io.intrahub.transfer.core.Fate;
import io.intrahub.transfer.core.Phase;
import io.intrahub.transfer.core.Plan;
import io.intrahub.transfer.core.Reader;
import io.intrahub.transfer.core.Run;
import io.intrahub.transfer.core.RunEnd;
import io.intrahub.transfer.core.TransferState;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.UpstreamFailure;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
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
  private static final UpstreamFailure STOPPING =
      new UpstreamFailure(UpstreamFailure.Kind.UNREACHABLE, "the mirror is being stopped");

  /** How far the hash goes before it says so. */
  private static final long HASH_STRIDE = 8L << 20;

  private final BlobId blob;
  private final PartialBlob partial;
  private final Supply supply;
  private final Runnable onOver;
  private final Runnable onGone;
  private final CountDownLatch left = new CountDownLatch(1);

  private final ReentrantLock lock = new ReentrantLock();
  private final TransferState state;
  private final Set<Seat> waiting = new LinkedHashSet<>();
  private final Map<Run, BlobSource.Stream> streams = new HashMap<>();
  private final Meter meter;
  private boolean over;
  private long wakeAt = Long.MAX_VALUE;

  /** Reservations are made one at a time; taken before {@code lock} is. */
  private final ReentrantLock reserving = new ReentrantLock();

  /** Whether room for all of it was set aside. Guarded by {@code reserving}. */
  private boolean reserved;

  /** A reader's place. */
  final class Seat {
    private final Reader reader;
    private final Condition news = lock.newCondition();

    private Seat(Reader reader) {
      this.reader = reader;
    }
  }

  /**
   * What a reader sees.
   *
   * @param readable the end of what it may read now
   * @param fate whether it goes on
   */
  record Sight(long readable, Fate fate) {}

  /**
   * A transfer that fetches nothing until somebody joins.
   *
   * @param partial closed by the transfer
   * @param onOver run once, when nobody can join any more and the blob may be begun anew
   * @param onGone run once after that, when the blob is closed
   */
  Transfer(
      BlobId blob,
      PartialBlob partial,
      TransferSettings settings,
      Supply supply,
      Runnable onOver,
      Runnable onGone) {
    this.blob = blob;
    this.partial = partial;
    this.supply = supply;
    this.onOver = onOver;
    this.onGone = onGone;
    this.meter = new Meter(now());
    this.state = new TransferState(blob.size(), partial.found(), settings.limits(), now());
  }

  private long now() {
    return supply.nanos().getAsLong();
  }

  private boolean isSmall() {
    return blob.size() <= HoldBack.SMALL;
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
      wakeReaders();
      endsNow = !over && hasVerdict();
      over |= endsNow;
      aborted = stopped();
      plan.wakeAt().ifPresent(this::wakeAt);
    } finally {
      lock.unlock();
    }
    if (endsNow) {
      leaveBlobToOthers();
    }
    aborted.forEach(BlobSource.Stream::abort);
    perform(plan);
  }

  private void leaveBlobToOthers() {
    onOver.run();
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

  private void wakeReaders() {
    for (Seat seat : waiting) {
      if (hasNews(seat.reader) || state.flows(seat.reader)) {
        seat.news.signal();
      }
    }
  }

  private boolean hasNews(Reader reader) {
    return state.readable(reader) > state.position(reader)
        || !(state.fate(reader) instanceof Fate.Reading)
        || state.phase() != Phase.RUNNING;
  }

  /** Connections that wait for bytes which nobody wants any more. */
  private List<BlobSource.Stream> stopped() {
    if (streams.isEmpty()) {
      return List.of();
    }
    List<BlobSource.Stream> stopped = new ArrayList<>();
    streams.forEach((run, stream) -> {
      if (state.isStopped(run)) {
        stopped.add(stream);
      }
    });
    return stopped;
  }

  private void wakeAt(long at) {
    if (at >= wakeAt) {
      return;
    }
    wakeAt = at;
    try {
      var _ = supply.timer().schedule(this::wake, Math.max(0, at - now()), TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      log.debug("The mirror stops, and this transfer with it", e);
    }
  }

  private void wake() {
    begin(() -> event(() -> wakeAt = Long.MAX_VALUE), () -> {});
  }

  private void perform(Plan plan) {
    for (Run run : plan.start()) {
      begin(() -> fetch(run), () -> state.ended(run, new RunEnd.Done(), now()));
    }
    if (plan.hash()) {
      begin(this::hash, state::hashStopped);
    }
    if (plan.sync()) {
      begin(this::sync, () -> state.synced(now()));
    }
    if (plan.publish()) {
      begin(this::publish, state::notPublished);
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
        state.stop(STOPPING);
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
    onGone.run();
  }

  /** Ends it as soon as what is under way has ended: the mirror stops. */
  void stop() {
    event(() -> state.stop(STOPPING));
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
  Optional<Seat> join(BlobSource source, ByteRange.Span span, boolean completing, long heldFrom)
      throws IOException {
    if (completing) {
      try {
        reserveAll();
      } catch (IOException e) {
        // Should nobody else ever join, it has to find its end.
        event(() -> {});
        if (isOver()) {
          // Then that was no lack of room.
          return Optional.empty();
        }
        throw e;
      }
    }
    List<Seat> seat = new ArrayList<>();
    event(
        () -> state.join(source, span, completing, heldFrom).ifPresent(r -> seat.add(new Seat(r))));
    return seat.stream().findFirst();
  }

  private boolean isOver() {
    lock.lock();
    try {
      return over || state.phase() != Phase.RUNNING || state.hasEnded();
    } finally {
      lock.unlock();
    }
  }

  private void reserveAll() throws IOException {
    reserving.lock();
    try {
      if (!reserved) {
        partial.reserve(missing());
        reserved = true;
      }
    } finally {
      reserving.unlock();
    }
  }

  private void reserve(long bytes) throws IOException {
    reserving.lock();
    try {
      if (!reserved) {
        partial.reserve(bytes);
      }
    } finally {
      reserving.unlock();
    }
  }

  private long missing() {
    lock.lock();
    try {
      return state.missing();
    } finally {
      lock.unlock();
    }
  }

  void leave(Seat seat) {
    event(() -> state.leave(seat.reader, now()));
  }

  /**
   * Waits until a reader's first byte is there, or others flow, or it is clear that none will.
   * Empty when that takes too long.
   */
  Optional<Sight> awaitFlow(Seat seat, Duration atMost) throws InterruptedException {
    return await(seat, atMost, () -> state.flows(seat.reader) || !reads(seat));
  }

  /** Waits until it is clear whether the content is right. Empty when that takes too long. */
  Optional<Sight> awaitVerdict(Seat seat, Duration atMost) throws InterruptedException {
    return await(seat, atMost, () -> state.phase() != Phase.RUNNING || !reads(seat));
  }

  private boolean reads(Seat seat) {
    return state.fate(seat.reader) instanceof Fate.Reading;
  }

  private Optional<Sight> await(Seat seat, Duration atMost, BooleanSupplier done)
      throws InterruptedException {
    long left = atMost.toNanos();
    lock.lock();
    try {
      waiting.add(seat);
      while (!done.getAsBoolean()) {
        if (left <= 0) {
          return Optional.empty();
        }
        left = seat.news.awaitNanos(left);
      }
      return Optional.of(sight(seat));
    } finally {
      waiting.remove(seat);
      lock.unlock();
    }
  }

  /**
   * Waits until a reader has bytes, or never will. While all it waits for is the verdict, a byte
   * goes out now and then.
   *
   * @param drip how long it waits before that
   */
  Sight awaitBytes(Seat seat, Duration drip) throws InterruptedException {
    boolean uncovered;
    lock.lock();
    try {
      if (hasNews(seat.reader)) {
        return sight(seat);
      }
      uncovered = state.isUncovered(seat.reader);
    } finally {
      lock.unlock();
    }
    if (uncovered) {
      event(() -> {});
    }
    while (true) {
      Optional<Sight> sight = await(seat, drip, () -> hasNews(seat.reader));
      if (sight.isPresent()) {
        return sight.get();
      }
      lock.lock();
      try {
        state.drip(seat.reader);
      } finally {
        lock.unlock();
      }
    }
  }

  private Sight sight(Seat seat) {
    return new Sight(state.readable(seat.reader), state.fate(seat.reader));
  }

  /**
   * Reads bytes that this reader may have; it then stands behind them.
   *
   * @return their number; 0 if the store broke meanwhile, so that nobody knows what they are
   */
  int read(Seat seat, ByteBuffer into, long position) throws IOException {
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

  /** Whether the content turned out to be another than was announced. */
  boolean isWrong() {
    lock.lock();
    try {
      return state.phase() == Phase.WRONG;
    } finally {
      lock.unlock();
    }
  }

  /** Whether it is published. */
  boolean isPublished() {
    lock.lock();
    try {
      return state.phase() == Phase.PUBLISHED;
    } finally {
      lock.unlock();
    }
  }

  // --- Fetching: the tasks below run on threads of their own

  private void fetch(Run run) {
    RunEnd end = new RunEnd.Done();
    String host = run.source().host();
    try (Lanes.Place _ = supply.lanes().enter(host, urgency())) {
      end = connect(run);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException | Error e) {
      log.error("Fetching a blob of {} bytes ended by a fault of the mirror", blob.size(), e);
      storeBroke();
    } finally {
      RunEnd result = end;
      if (result instanceof RunEnd.Failed) {
        supply.meters().brokenConnection();
      }
      boolean contended = supply.lanes().isContended(host);
      event(() -> {
        if (contended) {
          state.contended(now());
        }
        state.ended(run, result, now());
      });
    }
  }

  private Lanes.Urgency urgency() {
    if (isSmall()) {
      return Lanes.Urgency.SMALL;
    }
    lock.lock();
    try {
      return state.standing().readers() > 0 ? Lanes.Urgency.READER : Lanes.Urgency.BACKGROUND;
    } finally {
      lock.unlock();
    }
  }

  private RunEnd connect(Run run) throws InterruptedException {
    long from = run.ask().offset();
    long claimed = claimEnd(run);
    if (claimed <= from) {
      return new RunEnd.Done();
    }
    try {
      reserve(claimed - from);
    } catch (IOException e) {
      storeBroke(e);
      return new RunEnd.Done();
    }
    return switch (run.source().open(run.ask())) {
      case BlobSource.Refused refused -> new RunEnd.Refused(refused.refusal());
      case BlobSource.Failed failed -> new RunEnd.Failed(failed.failure());
      case BlobSource.Opened opened -> {
        try (BlobSource.Stream stream = opened.stream()) {
          event(() -> {
            state.opened(run, opened.ranged());
            streams.put(run, stream);
          });
          try {
            yield pump(run, stream);
          } finally {
            lock.lock();
            try {
              streams.remove(run);
            } finally {
              lock.unlock();
            }
          }
        }
      }
    };
  }

  private long claimEnd(Run run) {
    lock.lock();
    try {
      return state.claimEnd(run);
    } finally {
      lock.unlock();
    }
  }

  private RunEnd pump(Run run, BlobSource.Stream stream) throws InterruptedException {
    long position = run.ask().offset();
    while (true) {
      long end = claimEnd(run);
      if (end <= position) {
        return new RunEnd.Done();
      }
      long before = position;
      try {
        stream.await();
        try (DirectBufferPool.Loan loan = supply.buffers().borrow()) {
          ByteBuffer buffer = loan.buffer();
          buffer.limit((int) Math.min(buffer.capacity(), end - position));
          if (stream.read(buffer) < 0) {
            throw new IOException("upstream ended too early");
          }
          buffer.flip();
          position = store(run, buffer, position);
        }
      } catch (IOException e) {
        log.info("Upstream broke off at byte {} of {}: {}", position, blob.size(), e.toString());
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
      supply.pace().keep(position - before, isSmall());
    }
  }

  /** Writes what a run may write. Returns where it is then; where it was if it must end. */
  private long store(Run run, ByteBuffer buffer, long position) {
    long may;
    lock.lock();
    try {
      may = state.mayWrite(run, buffer.remaining());
    } finally {
      lock.unlock();
    }
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
      storeBroke(e);
      return position;
    }
    written(run, may);
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

  /** As {@link #event}, but the planning is done only when there is something to plan. */
  private void written(Run run, long n) {
    boolean due;
    lock.lock();
    try {
      long now = now();
      state.written(run, now);
      meter.received(n, now);
      due = state.isDue(now);
      if (!due) {
        wakeReaders();
      }
    } finally {
      lock.unlock();
    }
    if (due) {
      event(() -> {});
    }
  }

  private void storeBroke(IOException why) {
    warn(why);
    storeBroke();
  }

  private void warn(IOException why) {
    log.warn("The store can't take a blob of {} bytes: {}", blob.size(), why.toString());
  }

  private void storeBroke() {
    event(state::storeBroke);
  }

  private void hash() {
    try {
      while (true) {
        OptionalLong target;
        lock.lock();
        try {
          target = state.hashTarget();
        } finally {
          lock.unlock();
        }
        if (target.isEmpty()) {
          event(() -> {});
          return;
        }
        long to = Math.min(target.getAsLong(), partial.hashed() + HASH_STRIDE);
        partial.hash(to);
        lock.lock();
        try {
          state.hashed(to);
        } finally {
          lock.unlock();
        }
      }
    } catch (IOException e) {
      warn(e);
      hashBroke();
    } catch (RuntimeException | Error e) {
      log.error("Hashing a blob of {} bytes ended by a fault of the mirror", blob.size(), e);
      hashBroke();
    }
  }

  /** In one event: a plan between the two would begin another hash. */
  private void hashBroke() {
    event(() -> {
      state.hashStopped();
      state.storeBroke();
    });
  }

  private void sync() {
    try {
      partial.sync();
    } catch (IOException e) {
      storeBroke(e);
    } finally {
      event(() -> state.synced(now()));
    }
  }

  private void publish() {
    Runnable verdict = state::notPublished;
    try {
      verdict =
          switch (partial.publish()) {
            case PUBLISHED -> state::published;
            case WRONG -> state::wrong;
          };
    } catch (IOException e) {
      storeBroke(e);
    } catch (RuntimeException | Error e) {
      log.error("Publishing a blob of {} bytes ended by a fault of the mirror", blob.size(), e);
      storeBroke();
    } finally {
      Runnable result = verdict;
      event(result);
    }
  }

  // --- For the operator

  /** What came of it so far. */
  Meter.Account account() {
    lock.lock();
    try {
      return meter.account(state.standing(), now());
    } finally {
      lock.unlock();
    }
  }

  /** What is known now. */
  TransferProgress progress(String name) {
    lock.lock();
    try {
      return meter.progress(name, state.standing(), now());
    } finally {
      lock.unlock();
    }
  }
}
