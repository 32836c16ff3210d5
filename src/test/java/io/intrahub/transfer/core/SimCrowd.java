package io.intrahub.transfer.core;

import io.intrahub.hub.ByteRange.Span;
import io.intrahub.store.PartialBlob;
import io.intrahub.transfer.core.SimReader.Outcome;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** The clients of a simulation: who comes, in whose name, for what, and who comes back. */
final class SimCrowd {
  private final Simulation sim;
  private final List<SimReader> readers = new ArrayList<>();
  private final List<SimUpstream.Sponsor> sponsors = new ArrayList<>();
  private final Map<Outcome, Integer> outcomes = new EnumMap<>(Outcome.class);
  private boolean ending;

  SimCrowd(Simulation sim) {
    this.sim = sim;
    for (int i = 0; i < 3; i++) {
      sponsors.add(sim.upstream.new Sponsor("sponsor " + i, sim.random.nextBoolean()));
    }
  }

  /** From now on nobody leaves, dawdles or comes back. */
  void end() {
    ending = true;
  }

  Map<Outcome, Integer> outcomes() {
    return outcomes;
  }

  int completed() {
    return outcomes.getOrDefault(Outcome.COMPLETE, 0);
  }

  /** Whether anybody waits for bytes. */
  boolean isThere() {
    for (SimReader reader : readers) {
      if (!reader.done) {
        return true;
      }
    }
    return false;
  }

  /** Whether a request of this sponsor is there. */
  boolean isThereFor(Object sponsor) {
    return readers.stream().anyMatch(r -> r.isJoinedFor(sponsor));
  }

  /** All connections break. */
  void lost() {
    for (SimReader reader : List.copyOf(readers)) {
      if (!reader.done) {
        reader.done = true;
        wentAway(reader, Outcome.BROKEN);
      }
    }
    readers.removeIf(r -> r.done);
  }

  /** A client is gone; some come back for the rest. */
  void wentAway(SimReader reader, Outcome how) {
    outcomes.merge(how, 1, Integer::sum);
    SimReader.Habits h = reader.habits;
    long rest = sim.blob.size() - reader.position();
    if (ending || rest == 0 || readers.size() > 60) {
      return;
    }
    if (h.sequential() && how == Outcome.COMPLETE) {
      arrive(span(reader.position(), h.span().length()), false, true, h.sponsor());
    } else if (how != Outcome.COMPLETE && sim.random.nextInt(3) != 0) {
      arrive(new Span(reader.position(), rest), true, false, anySponsor());
    }
  }

  private Span span(long from, long length) {
    return new Span(from, Math.min(length, sim.blob.size() - from));
  }

  private SimUpstream.Sponsor anySponsor() {
    List<SimUpstream.Sponsor> welcome = sponsors.stream().filter(s -> !s.isRefused()).toList();
    if (welcome.isEmpty()) {
      sponsors.add(sim.upstream.new Sponsor("sponsor " + sponsors.size(), true));
      return sponsors.getLast();
    }
    return welcome.get(sim.random.nextInt(welcome.size()));
  }

  /** Somebody comes for this. */
  void arrive(Span span, boolean completing, boolean sequential, SimUpstream.Sponsor by) {
    boolean leaves = !ending && sim.random.nextInt(4) == 0;
    boolean slow = !ending && sim.random.nextInt(4) == 0;
    SimReader reader =
        new SimReader(
            sim,
            new SimReader.Habits(
                by,
                span,
                completing,
                sequential,
                leaves ? span.offset() + sim.random.nextLong(span.length()) : Long.MAX_VALUE,
                1 << (14 + sim.random.nextInt(6)),
                slow ? sim.random.nextInt(300_000_000) : 0,
                leaves ? sim.random.nextInt(20) : Integer.MAX_VALUE));
    readers.add(reader);
    sim.begin(reader);
    sim.progress();
  }

  /** Somebody comes. */
  void arriveSomehow() {
    long size = sim.blob.size();
    long anywhere = sim.random.nextLong(size);
    long from = sim.random.nextBoolean() ? sim.busyPlace().orElse(anywhere) : anywhere;
    switch (sim.random.nextInt(8)) {
      case 0, 1, 2 -> arrive(new Span(0, size), true, false, anySponsor());
      case 3 -> arrive(new Span(from, size - from), true, false, anySponsor());
      case 4 -> arrive(new Span(from, size - from), false, false, anySponsor());
      case 5 -> {
        long begin = sim.random.nextBoolean() ? 0 : from;
        arrive(
            span(begin, 1 + sim.random.nextInt(3 * PartialBlob.PIECE)), false, true, anySponsor());
      }
      case 6 -> arrive(new Span(0, 1), false, false, anySponsor());
      default ->
          arrive(span(from, 1 + sim.random.nextLong(size - from)), false, false, anySponsor());
    }
  }
}
