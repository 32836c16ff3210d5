package io.intrahub.transfer.core;

import static io.intrahub.access.TestGrants.everybody;

import io.intrahub.hub.ByteRange.Span;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.store.PartialBlob;
import io.intrahub.store.StoreException;
import io.intrahub.store.StoreUsage;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.SimStore;
import io.intrahub.upstream.BlobSource;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SplittableRandom;

/**
 * One content, its readers, its upstream and its disk, until the content is published: all of it
 * follows from one number. The state and the store are the product's; what its threads do is done
 * here in single steps, in an order that the number decides, and between any two of them the
 * process or the machine may die.
 *
 * <p>One thread owns all of it.
 */
final class Simulation {
  static final RepoId REPO = RepoId.parse(RepoType.MODEL, "acme/simulated").orElseThrow();

  private static final int PIECE = PartialBlob.PIECE;
  private static final int MOST_TURNS = 400_000;

  /** More than all that a connection and the pauses between some can take. */
  private static final long TOO_LONG = Duration.ofMinutes(20).toNanos();

  /** What can happen to a process. */
  enum Death {
    /** Between two steps. */
    KILLED,
    /** In the middle of a call to the disk. */
    KILLED_IN_CALL,
    POWER_CUT,
    /** In order. */
    STOPPED
  }

  final Planted planted;
  final SplittableRandom random;
  final SimClock clock = new SimClock();
  final SimStore store;
  final SimContents.Blob blob;
  final SimUpstream upstream;
  final SimLedger ledger;
  final TransferLimits limits;
  final SimCrowd crowd;
  final long hashStride;

  /** The most that one read from upstream brings. */
  final int chunk;

  FsStore fs;

  private final boolean traced;
  private final Deque<String> trace = new ArrayDeque<>();
  private final List<SimActor> actors = new ArrayList<>();
  private final List<SimTransfer> transfers = new ArrayList<>();
  private final Map<Death, Integer> deaths = new EnumMap<>(Death.class);
  private final long expectedTurns;
  private int turns;
  private int arrivals;
  private int deathsToCome;
  private int diskFaults;
  private boolean stopping;
  private long lastProgress;

  Simulation(long seed, Planted planted, Path root, SimContents contents, boolean traced)
      throws StoreException {
    this.planted = planted;
    this.traced = traced;
    this.random = new SplittableRandom(seed);
    this.blob = contents.any(random);
    // A quarter of all runs has no faults at all, so that none can hide behind them.
    boolean calm = random.nextInt(4) == 0;
    this.upstream = new SimUpstream(clock, random, blob, calm ? 0 : random.nextInt(12));
    this.deathsToCome = random.nextInt(2) == 0 ? 0 : 1 + random.nextInt(3);
    this.diskFaults = calm || random.nextInt(3) != 0 ? 0 : 1 + random.nextInt(2);
    this.chunk = 8 << (10 + random.nextInt(6));
    this.hashStride = (long) PIECE << random.nextInt(4);
    this.limits = limits();
    this.arrivals = 1 + random.nextInt(12);
    this.expectedTurns = 60 + blob.size() / chunk * 14;
    this.crowd = new SimCrowd(this);
    this.store = new SimStore(root, clock, random);
    if (planted == Planted.SKIPPED_FSYNC) {
      store.skipForcingData();
    }
    this.fs = store.open();
    this.ledger = new SimLedger(this);
    trace("%s, calm=%s, %s", blob.id(), calm, limits);
  }

  private TransferLimits limits() {
    return new TransferLimits(
        PIECE,
        1 + random.nextInt(4),
        1 + random.nextInt(16),
        PIECE,
        (long) PIECE << random.nextInt(6),
        (long) PIECE << 1 + random.nextInt(6),
        1 << random.nextInt(21),
        1 + random.nextInt(5),
        64 << 10,
        Duration.ofMillis(200),
        Duration.ofSeconds(10),
        random.nextInt(8 * PIECE),
        (long) PIECE << random.nextInt(4),
        Duration.ofMillis(100 + random.nextInt(5_000)),
        (long) PIECE << random.nextInt(3));
  }

  // --- For those that take part

  void trace(String what, Object... values) {
    if (traced) {
      trace.add("%d %d ms: ".formatted(turns, clock.now() / 1_000_000) + what.formatted(values));
      if (trace.size() > 2_000) {
        trace.removeFirst();
      }
    }
  }

  /** The last of what happened. */
  List<String> traced() {
    return List.copyOf(trace);
  }

  Map<Death, Integer> deaths() {
    return deaths;
  }

  void begin(SimActor actor) {
    actors.add(actor);
  }

  /** Something came nearer to its end. */
  void progress() {
    lastProgress = clock.now();
  }

  boolean isStopping() {
    return stopping;
  }

  void requireFailure(String what, IOException why) {
    if (store.failures() == 0 && !stopping) {
      throw new AssertionError(what + ", though the disk is well", why);
    }
  }

  /** A place that a connection comes to soon, if there is one: where it gets crowded. */
  OptionalLong busyPlace() {
    List<SimRun> runs = transfers.stream().flatMap(t -> t.runs.stream()).toList();
    if (runs.isEmpty()) {
      return OptionalLong.empty();
    }
    long at = runs.get(random.nextInt(runs.size())).run.position;
    return OptionalLong.of(Math.min(blob.size() - 1, at + random.nextInt(3 * PIECE)));
  }

  /** A client's token is used only while a request of it is there. */
  void checkToken(BlobSource source) {
    if (!source.outlivesRequest() && !crowd.isThereFor(source.sponsor())) {
      throw new AssertionError("the token of somebody who has left was used");
    }
  }

  /** The transfer that can be joined, made if there is none; empty if the store can't have one. */
  Optional<SimTransfer> transferToJoin() {
    Optional<SimTransfer> there = transfers.stream().filter(t -> !t.over).findFirst();
    if (there.isPresent()) {
      return there;
    }
    try {
      PartialBlob partial = fs.scratch().write(everybody(REPO, blob.id()));
      ledger.opened(partial);
      SimTransfer made = new SimTransfer(this, partial);
      transfers.add(made);
      trace("transfer with %s", partial.found());
      return Optional.of(made);
    } catch (IOException e) {
      // One that the store broke is open until its readers are gone.
      if (transfers.stream().allMatch(t -> t.closed)) {
        requireFailure("the store could not begin a blob", e);
      }
      return Optional.empty();
    }
  }

  // --- The turns

  /** Lets all of it happen. Ends when the content is published and nothing is left over. */
  void run() throws StoreException {
    crowd.arriveSomehow();
    while (arrivals > 0 || crowd.isThere()) {
      disturb();
      turn();
    }
    finish();
  }

  private void disturb() throws StoreException {
    if (arrivals > 0 && random.nextLong(expectedTurns) < 8) {
      arrivals--;
      if (arrivals > 0) {
        crowd.arriveSomehow();
      }
    }
    if (diskFaults > 0 && random.nextLong(expectedTurns) < 4) {
      diskFaults--;
      SimStore.Call call = SimStore.Call.values()[random.nextInt(SimStore.Call.values().length)];
      trace("disk fault %s", call);
      store.failAt(call, 1 + random.nextInt(call == SimStore.Call.WRITE ? 20 : 3));
    }
    // Death likes to come when a piece is written and marked.
    if (deathsToCome > 0 && random.nextLong(expectedTurns) < (isPieceEnding() ? 10 : 2)) {
      deathsToCome--;
      Death death = Death.values()[random.nextInt(Death.values().length)];
      if (death == Death.KILLED_IN_CALL) {
        store.dieAt(1 + random.nextInt(30));
      } else {
        die(death);
      }
    }
  }

  private boolean isPieceEnding() {
    return actors.stream().anyMatch(a -> a instanceof SimRun run && run.isEndingPiece());
  }

  private void turn() throws StoreException {
    if (++turns > MOST_TURNS) {
      throw new AssertionError("it never ends");
    }
    List<SimActor> ready = new ArrayList<>();
    long next = Long.MAX_VALUE;
    for (SimActor actor : actors) {
      if (actor.readyAt <= clock.now()) {
        ready.add(actor);
      } else {
        next = Math.min(next, actor.readyAt);
      }
    }
    if (ready.isEmpty()) {
      if (next == Long.MAX_VALUE && crowd.isThere()) {
        throw new AssertionError("nothing will ever happen again: " + standings());
      }
      clock.advanceTo(next == Long.MAX_VALUE ? clock.now() + 1_000_000_000L : next);
    } else {
      step(ready.get(random.nextInt(ready.size())));
      clock.advance(random.nextInt(300_000));
    }
    if (crowd.isThere() && clock.now() - lastProgress > TOO_LONG) {
      throw new AssertionError("readers wait for nothing: " + standings());
    }
  }

  private List<TransferSnapshot> standings() {
    return transfers.stream().map(t -> t.state.snapshot()).toList();
  }

  private void step(SimActor actor) throws StoreException {
    try {
      actor.step();
      if (actor.done) {
        actors.remove(actor);
      }
      for (SimTransfer transfer : transfers) {
        transfer.check();
        if (!transfer.over) {
          ledger.counts(blob.size() - transfer.state.missing());
        }
      }
      transfers.removeIf(t -> t.closed && t.waiting.isEmpty());
    } catch (Error e) {
      if (!SimStore.isDeath(e)) {
        throw e;
      }
      trace("%s", e.getMessage());
      die(Death.KILLED_IN_CALL);
    }
  }

  private void die(Death death) throws StoreException {
    deaths.merge(death, 1, Integer::sum);
    trace("death %s", death);
    if (death == Death.STOPPED) {
      stopping = true;
      List.copyOf(transfers).forEach(SimTransfer::stop);
      while (stopping && !transfers.isEmpty()) {
        turn();
      }
      if (!stopping) {
        // It was killed meanwhile.
        return;
      }
      store.heal();
      fs.close();
      requireNothingOpen();
    }
    for (SimActor actor : actors) {
      if (actor instanceof SimRun run) {
        run.drop();
      }
    }
    actors.clear();
    transfers.clear();
    if (death == Death.POWER_CUT) {
      store.cutPower();
    } else {
      store.kill();
    }
    ledger.died(death == Death.POWER_CUT);
    stopping = false;
    fs = store.open();
    if (random.nextBoolean()) {
      fs.scan();
    }
    crowd.lost();
    progress();
  }

  private void requireNothingOpen() {
    if (store.openFiles() != 0 || upstream.openStreams() != 0) {
      throw new AssertionError(
          "%d files and %d connections are open"
              .formatted(store.openFiles(), upstream.openStreams()));
    }
  }

  // --- The end

  /** All is well again: now it has to come to its end. */
  private void finish() throws StoreException {
    crowd.end();
    upstream.heal();
    store.heal();
    SimUpstream.Sponsor sponsor = upstream.new Sponsor("the last sponsor", true);
    // What went wrong before may be found out only now.
    int complete = crowd.completed();
    for (int tries = 0; crowd.completed() == complete; tries++) {
      if (tries == 4) {
        throw new AssertionError("all is well, and nobody gets it: " + crowd.outcomes());
      }
      crowd.arrive(new Span(0, blob.size()), true, false, sponsor);
      runOut();
    }
    while (!transfers.isEmpty()) {
      turn();
    }
    ledger.checkFetched();
    fs.scan();
    StoreUsage usage = fs.usage();
    if (usage.writers() != 0
        || usage.reserved() != 0
        || usage.blobs() != 1
        || usage.partials() != 0) {
      throw new AssertionError("not what is left when all is published: " + usage);
    }
    if (!store.partialFiles().isEmpty()) {
      throw new AssertionError("these files are left: " + store.partialFiles());
    }
    fs.close();
    requireNothingOpen();
    store.kill();
  }

  private void runOut() throws StoreException {
    while (crowd.isThere() || transfers.stream().anyMatch(t -> t.over)) {
      turn();
    }
  }
}
