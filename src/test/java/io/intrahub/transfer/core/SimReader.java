package io.intrahub.transfer.core;

import static io.intrahub.access.TestGrants.everybody;

import io.intrahub.hub.ByteRange;
import io.intrahub.store.StoredBlob;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A client in a simulation, with one request. */
final class SimReader extends SimActor {
  private static final long DRIP = 3_000_000_000L;
  private static final long SMALL = 1 << 20;
  private static final long TAIL = 16 << 10;

  private enum Stage {
    ARRIVE,
    JOIN,
    LOOK,
    WAIT,
    READ,
    TAKE
  }

  /** How it ended. */
  enum Outcome {
    COMPLETE,
    LEFT,
    /** It got an error, or its connection broke. */
    BROKEN,
    /** The store was of no use, so it would be served without. */
    WITHOUT_STORE
  }

  /**
   * What it does.
   *
   * @param completing whether it takes the content for complete at its end
   * @param leavesAt the offset at which it goes; beyond the end: never
   * @param delay between two reads, in nanoseconds
   * @param patience how often it waits for three seconds before it goes
   */
  record Habits(
      SimUpstream.Sponsor sponsor,
      ByteRange.Span span,
      boolean completing,
      boolean sequential,
      long leavesAt,
      int mostAtOnce,
      long delay,
      int patience) {}

  final Habits habits;
  private final Simulation sim;
  private final long end;
  private Stage stage = Stage.ARRIVE;
  private @Nullable SimTransfer transfer;
  private @Nullable Reader reader;
  private long position;
  private ByteBuffer read = ByteBuffer.allocate(0);
  private int trickled;

  /** From where its bytes wait for the digest. */
  private long held;

  private long readable;
  private int waits;
  private boolean wrong;

  SimReader(Simulation sim, Habits habits) {
    this.sim = sim;
    this.habits = habits;
    this.position = habits.span().offset();
    this.end = habits.span().end();
    this.readyAt = sim.clock.now();
  }

  long position() {
    return position;
  }

  boolean isJoinedFor(Object sponsor) {
    return reader != null && !done && habits.sponsor() == sponsor;
  }

  private boolean isSmall() {
    return sim.blob.size() <= SMALL;
  }

  /** From where its bytes must wait for the digest. */
  private long heldFrom() {
    if (isSmall() || sim.ledger.cameWrong()) {
      return 0;
    }
    return habits.completing() ? sim.blob.size() - TAIL : Long.MAX_VALUE;
  }

  boolean hasNews() {
    TransferState state = transfer.state;
    return state.readable(reader) > state.position(reader)
        || !(state.outcome(reader) instanceof ReaderOutcome.Reading)
        || state.phase() != Phase.RUNNING;
  }

  @Override
  void step() {
    switch (stage) {
      case ARRIVE -> arrive();
      case JOIN -> join();
      case LOOK -> look();
      case WAIT -> await();
      case READ -> read();
      case TAKE -> take();
    }
  }

  private void arrive() {
    if (sim.isStopping()) {
      readyAt = sim.clock.now() + 1_000_000_000L;
      return;
    }
    int failures = sim.store.failures();
    Optional<StoredBlob> stored =
        sim.fs.published().open(everybody(Simulation.REPO, sim.blob.id()));
    if (stored.isPresent()) {
      readStored(stored.get());
      return;
    }
    boolean diskIsWell = sim.store.failures() == failures;
    if (sim.ledger.isPublished() && diskIsWell) {
      throw new AssertionError("what was published is gone");
    }
    Optional<SimTransfer> found = sim.transferToJoin();
    if (found.isEmpty()) {
      over(Outcome.WITHOUT_STORE);
      return;
    }
    transfer = found.get();
    stage = Stage.JOIN;
  }

  private void readStored(StoredBlob stored) {
    try (stored) {
      ByteBuffer bytes = ByteBuffer.allocate((int) (end - position));
      while (bytes.hasRemaining()) {
        stored.read(bytes, position + bytes.position());
      }
      compare(bytes.flip());
      sim.ledger.seenPublished();
    } catch (IOException e) {
      sim.requireFailure("a stored blob could not be read", e);
      over(Outcome.BROKEN);
      return;
    }
    if (wrong) {
      throw new AssertionError("a stored blob has wrong bytes");
    }
    sim.progress();
    over(Outcome.COMPLETE);
  }

  private void join() {
    boolean whole = habits.completing() || isSmall();
    if (whole) {
      try {
        transfer.reserveAll();
      } catch (IOException e) {
        transfer.event(() -> {});
        if (transfer.isOver()) {
          tryAgain();
        } else {
          sim.requireFailure("there was no room", e);
          over(Outcome.WITHOUT_STORE);
        }
        return;
      }
    }
    held = Math.max(heldFrom(), habits.span().offset());
    long heldFrom = sim.planted == Planted.NO_HOLD_BACK ? Long.MAX_VALUE : held;
    List<Reader> joined = new ArrayList<>();
    transfer.event(() ->
        transfer
            .state
            .join(habits.sponsor().source(), habits.span(), whole, heldFrom)
            .ifPresent(joined::add));
    if (joined.isEmpty()) {
      tryAgain();
      return;
    }
    reader = joined.getFirst();
    sim.trace("join %s completing=%s", habits.span(), whole);
    stage = Stage.LOOK;
  }

  private void tryAgain() {
    stage = Stage.ARRIVE;
    readyAt = sim.clock.now() + 50_000_000L;
  }

  private void look() {
    TransferState state = transfer.state;
    ReaderOutcome outcome = state.outcome(reader);
    transfer.checkFate(outcome, habits.sponsor());
    readable = state.readable(reader);
    boolean hasBytes = readable > position;
    switch (outcome) {
      case ReaderOutcome.Wrong _, ReaderOutcome.Refused _ -> leave(Outcome.BROKEN);
      case ReaderOutcome.Failed _ when !hasBytes -> leave(Outcome.BROKEN);
      case ReaderOutcome.StoreFailed _ when !hasBytes -> leave(Outcome.WITHOUT_STORE);
      case ReaderOutcome.Reading _ when !hasBytes -> {
        if (state.isUncovered(reader)) {
          transfer.event(() -> {});
        }
        stage = Stage.WAIT;
        transfer.waiting.add(this);
        readyAt = sim.clock.now() + (hasNews() ? 0 : DRIP);
      }
      default -> stage = Stage.READ;
    }
  }

  private void await() {
    if (!hasNews()) {
      if (++waits > habits.patience()) {
        leave(Outcome.LEFT);
        return;
      }
      long before = transfer.state.readable(reader);
      transfer.state.trickle(reader);
      trickled += transfer.state.readable(reader) > before ? 1 : 0;
      readyAt = sim.clock.now() + DRIP;
      if (!hasNews()) {
        return;
      }
    }
    transfer.waiting.remove(this);
    stage = Stage.LOOK;
    readyAt = sim.clock.now();
  }

  private void read() {
    long most = 1 + sim.random.nextInt(habits.mostAtOnce());
    long may = readable - position;
    ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(most, may));
    try {
      var _ = transfer.partial.read(bytes, position);
    } catch (IOException e) {
      if (transfer.state.phase() != Phase.WRONG) {
        sim.requireFailure("what is there could not be read", e);
      }
      leave(Outcome.BROKEN);
      return;
    }
    read = bytes.flip();
    stage = Stage.TAKE;
  }

  private void compare(ByteBuffer bytes) {
    if (bytes.mismatch(sim.blob.bytes(position, bytes.limit())) >= 0) {
      wrong = true;
      if (sim.upstream.wrongBytes() == 0) {
        throw new AssertionError(
            "a reader got wrong bytes at %d, and upstream sent none".formatted(position));
      }
    }
  }

  private void take() {
    if (transfer.state.phase() == Phase.STORE_FAILED) {
      // What was read meanwhile may be what the disk made of it.
      stage = Stage.LOOK;
      return;
    }
    compare(read);
    int taken = read.limit();
    transfer.state.delivered(reader, taken);
    position += taken;
    boolean published = transfer.state.phase() == Phase.PUBLISHED;
    // The planted bug is to be found by what it does to the bytes.
    long open = held + trickled;
    if (!published && position > open && sim.planted != Planted.NO_HOLD_BACK) {
      throw new AssertionError(
          "byte %d went out unverified, held from %d".formatted(position, open));
    }
    if (published || trickled == 0) {
      sim.progress();
    }
    if (position == end) {
      boolean completing = habits.completing() || isSmall();
      if (completing && wrong) {
        throw new AssertionError("a completed body is wrong: " + habits.span());
      }
      if (completing && !published && sim.planted != Planted.NO_HOLD_BACK) {
        throw new AssertionError("a body was completed unverified: " + habits.span());
      }
      leave(Outcome.COMPLETE);
    } else if (position >= habits.leavesAt()) {
      leave(Outcome.LEFT);
    } else {
      stage = Stage.LOOK;
      readyAt = sim.clock.now() + habits.delay();
    }
  }

  private void leave(Outcome how) {
    transfer.waiting.remove(this);
    transfer.event(() -> transfer.state.leave(reader, sim.clock.now()));
    over(how);
  }

  private void over(Outcome how) {
    sim.trace("reader of %s is over at %d: %s", habits.span(), position, how);
    done = true;
    reader = null;
    sim.progress();
    sim.crowd.wentAway(this, how);
  }
}
