package io.intrahub.transfer.core;

import io.intrahub.store.PartialBlob;
import io.intrahub.upstream.UpstreamFailure;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;

/**
 * A transfer in a simulation: does with a real state and a real partial blob what the threads of
 * the product's transfer do, one step at a time.
 */
final class SimTransfer {
  private static final UpstreamFailure STOPPING =
      new UpstreamFailure(UpstreamFailure.Kind.UNREACHABLE, "the mirror is being stopped");

  final Simulation sim;
  final PartialBlob partial;
  final TransferState state;
  final Set<SimReader> waiting = new LinkedHashSet<>();
  final List<SimRun> runs = new ArrayList<>();

  private final int troublesBefore;
  private final int failuresBefore;
  private long wakeAt = Long.MAX_VALUE;
  private boolean stopped;

  /** Nobody can join any more. */
  boolean over;

  boolean closed;
  private boolean reserved;
  private boolean syncPending;

  /** Written since the last sync was begun. */
  long unsynced;

  SimTransfer(Simulation sim, PartialBlob partial) {
    this.sim = sim;
    this.partial = partial;
    this.troublesBefore = sim.upstream.troubles();
    this.failuresBefore = sim.store.failures();
    this.state = new TransferState(sim.blob.size(), partial.found(), sim.limits, sim.clock.now());
  }

  void event(Runnable change) {
    change.run();
    Plan plan = state.plan(sim.clock.now());
    wakeReaders();
    over |=
        switch (state.phase()) {
          case PUBLISHED, WRONG, STORE_FAILED -> true;
          case PAUSED, RUNNING -> false;
        };
    runs.forEach(SimRun::abortIfStopped);
    plan.wakeAt().ifPresent(this::wakeAt);
    perform(plan);
  }

  void wakeReaders() {
    for (SimReader reader : waiting) {
      if (reader.hasNews()) {
        reader.readyAt = sim.clock.now();
      }
    }
  }

  private void wakeAt(long at) {
    if (at < wakeAt) {
      wakeAt = at;
      sim.begin(new Once(at, () -> event(() -> wakeAt = Long.MAX_VALUE)));
    }
  }

  private void perform(Plan plan) {
    for (Run run : plan.start()) {
      sim.trace("run %s", run);
      SimRun actor = new SimRun(this, run);
      runs.add(actor);
      sim.begin(actor);
    }
    if (plan.hash()) {
      sim.begin(new Hash());
    }
    if (plan.sync()) {
      syncPending = true;
      unsynced = 0;
      sim.begin(new Once(0, this::sync));
    }
    if (plan.publish()) {
      sim.begin(new Once(0, this::publish));
    }
    if (plan.close()) {
      sim.begin(new Once(0, this::close));
    }
  }

  private final class Once extends SimActor {
    private final Runnable what;

    Once(long at, Runnable what) {
      this.readyAt = at;
      this.what = what;
    }

    @Override
    void step() {
      done = true;
      what.run();
    }
  }

  /** Sets room aside for all of it, or for a connection's part if that was not done. */
  void reserveAll() throws IOException {
    if (!reserved) {
      partial.reserve(state.missing());
      reserved = true;
    }
  }

  void reserve(long bytes) throws IOException {
    if (!reserved) {
      partial.reserve(bytes);
    }
  }

  boolean isOver() {
    return over || state.phase() != Phase.RUNNING || state.hasEnded();
  }

  void stop() {
    stopped = true;
    event(() -> state.stop(STOPPING));
  }

  void storeBroke(IOException why) {
    sim.trace("store broke: %s", why.getMessage());
    if (sim.store.failures() == failuresBefore) {
      throw new AssertionError("the store refused something, though the disk was well", why);
    }
    event(state::storeFailed);
  }

  private void close() {
    sim.trace("close %s missing %d", state.phase(), state.missing());
    // What happens in there to what was marked is seen when it is opened the next time.
    sim.ledger.closing();
    partial.close();
    closed = true;
    over = true;
    sim.ledger.closed(state.phase());
  }

  private void sync() {
    try {
      sim.ledger.syncing();
      partial.sync();
      sim.ledger.synced();
    } catch (IOException e) {
      storeBroke(e);
    }
    event(() -> {
      syncPending = false;
      state.synced(sim.clock.now());
    });
  }

  private void publish() {
    Runnable verdict = state::notPublished;
    try {
      sim.ledger.publishing();
      switch (partial.publish()) {
        case PUBLISHED -> {
          sim.ledger.published();
          verdict = state::published;
        }
        case WRONG -> {
          sim.ledger.wrong();
          verdict = state::wrong;
        }
      }
      sim.progress();
    } catch (IOException e) {
      storeBroke(e);
    }
    event(verdict);
  }

  private final class Hash extends SimActor {
    private OptionalLong target = OptionalLong.empty();

    /** It asks, hashes and says so in three steps. */
    private int stage;

    @Override
    void step() {
      switch (stage++) {
        case 0 -> {
          target = state.hashTarget();
          if (target.isEmpty()) {
            done = true;
            event(() -> {});
          }
        }
        case 1 -> {
          try {
            partial.hash(Math.min(target.getAsLong(), partial.hashed() + sim.hashStride));
          } catch (IOException e) {
            done = true;
            event(state::hashStopped);
            storeBroke(e);
          }
        }
        default -> {
          state.hashed(partial.hashed());
          sim.progress();
          stage = 0;
        }
      }
    }
  }

  // --- What must be true at any time

  void check() {
    checkRuns();
    boolean syncDue = unsynced >= sim.limits.syncBytes() && !syncPending;
    if (syncDue && state.phase() == Phase.RUNNING && state.missing() > 0) {
      throw new AssertionError("%d bytes wait to be made durable".formatted(unsynced));
    }
    require(
        state.phase() != Phase.STORE_FAILED || sim.store.failures() > failuresBefore,
        "the store broke and did not");
  }

  private void checkRuns() {
    if (runs.isEmpty()) {
      return;
    }
    List<Run> sorted =
        runs.stream()
            .map(r -> r.run)
            .sorted(Comparator.comparingLong((Run r) -> r.position))
            .toList();
    long free = 0;
    for (Run run : sorted) {
      long end = Math.max(run.end, run.committed);
      if (run.position < free && end > run.position) {
        throw new AssertionError("two connections fetch the same bytes: " + sorted);
      }
      if (end > run.ask().end() || run.position > end) {
        throw new AssertionError("a connection fetches what it did not ask for: " + run);
      }
      free = Math.max(free, end);
    }
  }

  void checkFate(ReaderOutcome outcome, SimUpstream.Sponsor sponsor) {
    switch (outcome) {
      case ReaderOutcome.Failed failed -> {
        require(
            stopped || sim.upstream.troubles() > troublesBefore,
            "upstream is well, and a reader was told that it failed: " + failed);
        require(
            failed.failure().kind() != UpstreamFailure.Kind.RATE_LIMITED || sponsor.wasLimited(),
            "a reader failed because of the limit of another's token");
      }
      case ReaderOutcome.Refused _ ->
          require(sponsor.isRefused(), "a reader was refused for another");
      case ReaderOutcome.Reading _, ReaderOutcome.Wrong _, ReaderOutcome.StoreFailed _ -> {}
    }
  }

  private static void require(boolean condition, String what) {
    if (!condition) {
      throw new AssertionError(what);
    }
  }
}
