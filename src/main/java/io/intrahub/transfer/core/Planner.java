package io.intrahub.transfer.core;

import io.intrahub.upstream.BlobSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Decides what is fetched next. First what readers wait for, each at its own place and those who
 * have nothing first; then, if the whole is wanted, from its front.
 */
final class Planner {
  private final TransferLimits limits;
  private final long size;
  private final Pieces pieces;
  private final Readers readers;
  private final List<Run> runs;

  /** All are those of the state; it changes them, and so does this. */
  Planner(TransferLimits limits, long size, Pieces pieces, Readers readers, List<Run> runs) {
    this.limits = limits;
    this.size = size;
    this.pieces = pieces;
    this.readers = readers;
    this.runs = runs;
  }

  /**
   * What the state knows beside the lists.
   *
   * @param sponsor whose source pays
   * @param whole whether all of it is wanted
   * @param ranged whether upstream can send parts
   * @param connections connections that may fetch the whole
   * @param generation for new runs
   */
  record Inputs(
      BlobSource sponsor, boolean whole, boolean ranged, int connections, long generation) {}

  /** New runs, added to the list of runs. */
  List<Run> plan(Inputs inputs) {
    List<Run> begun = new ArrayList<>();
    if (!inputs.ranged()) {
      planWithoutRanges(inputs).ifPresent(begun::add);
      return begun;
    }
    for (boolean waiting : new boolean[] {true, false}) {
      for (Reader reader : readers) {
        if (reader.isReading()
            && (pieces.availableUpTo(reader.position) == reader.position) == waiting) {
          serve(reader, inputs).ifPresent(begun::add);
        }
      }
    }
    while (inputs.whole() && sequentialRuns() < inputs.connections()) {
      long gap = firstFree();
      if (gap >= Math.min(size, front() + limits.readAheadWindow())) {
        break;
      }
      begun.add(begin(Run.Kind.SEQUENTIAL, inputs, gap, size, gap + limits.maxClaim()));
    }
    return begun;
  }

  /** Upstream sends everything from the beginning each time, so one run fetches all that lacks. */
  private Optional<Run> planWithoutRanges(Inputs inputs) {
    long front = front();
    long limit =
        inputs.whole()
            ? size
            : readers.stream().filter(Reader::isReading).mapToLong(this::limit).max().orElse(0);
    if (!runs.isEmpty() || front >= limit) {
      return Optional.empty();
    }
    // What is fetched again may be other bytes. Whoever has some of the old ones, or is about to
    // read some, must not be told that they are right when the new ones are.
    readers.stream()
        .filter(r -> r.isReading() && mayHaveReadBeyond(r, front))
        .forEach(r -> r.outcome = new ReaderOutcome.Wrong());
    pieces.forgetFrom(front);
    return Optional.of(begin(Run.Kind.SEQUENTIAL, inputs, front, limit, limit));
  }

  private boolean mayHaveReadBeyond(Reader reader, long offset) {
    long there = pieces.availableUpTo(reader.position);
    return there > offset && (reader.hasTaken() || there > reader.position);
  }

  private Optional<Run> serve(Reader reader, Inputs inputs) {
    long need = pieces.availableUpTo(reader.position);
    long until = reader.ahead == 0 ? reader.end : limit(reader);
    if (need >= until || need - reader.position > reader.claim) {
      return Optional.empty();
    }
    if (need - reader.end > reader.ahead / 2) {
      // Half of what is fetched ahead is left. To fill up after each request would make as many of
      // upstream, and as small ones.
      return Optional.empty();
    }
    long begin = pieces.fetchStart(need);
    if (covering(begin).filter(r -> r.stopped).isPresent()) {
      // It is in the middle of writing that piece, and has to be over before another goes on.
      return Optional.empty();
    }
    boolean front = begin == front();
    boolean urgentLimitReached = urgentRuns() >= limits.urgentConnections();
    Optional<Run> covering = covering(need);
    if (covering.isPresent()) {
      Run run = covering.get();
      long cut = pieces.floor(need);
      // Nor is it cut in the piece that it is at: another would only begin that piece again.
      if (need - run.position <= limits.nearby() || urgentLimitReached || cut <= run.committed) {
        return Optional.empty();
      }
      run.end = cut;
    } else if (urgentLimitReached && !front) {
      return Optional.empty();
    }
    long claim = reader.completing ? limits.maxClaim() : reader.claim;
    reader.claim = Math.min(limits.maxClaim(), reader.claim * 2);
    boolean sequential = front && inputs.whole() && sequentialRuns() < inputs.connections();
    return Optional.of(
        begin(
            sequential ? Run.Kind.SEQUENTIAL : Run.Kind.URGENT,
            inputs,
            begin,
            limit(reader),
            need + claim));
  }

  /** How far may be fetched in a reader's name; whole pieces. */
  private long limit(Reader reader) {
    return reader.completing ? size : pieces.ceiling(Math.min(size, reader.end + reader.ahead));
  }

  /**
   * Begins a run. It asks for what it has claimed and no more: a connection that is broken off
   * because another has begun in its way would waste what is on the wire.
   */
  private Run begin(Run.Kind kind, Inputs inputs, long at, long limit, long until) {
    long free = Math.min(freeUpTo(at), limit);
    long end = Math.min(free, pieces.ceiling(Math.min(size, until)));
    Run run = new Run(inputs.sponsor(), kind, at, end, inputs.generation());
    runs.add(run);
    return run;
  }

  /** The first byte that is not there. */
  long front() {
    return pieces.availableUpTo(0);
  }

  /** Whether a connection will come to a byte soon. */
  boolean isNear(long offset) {
    return covering(offset).filter(r -> offset - r.position <= limits.nearby()).isPresent();
  }

  private long firstFree() {
    long position = front();
    while (position < size) {
      Optional<Run> covering = covering(position);
      if (covering.isEmpty()) {
        return position;
      }
      // A run that was stopped in the middle of a piece has to be over before that goes on.
      position = pieces.availableUpTo(pieces.ceiling(covering.get().end));
    }
    return size;
  }

  private Optional<Run> covering(long offset) {
    return runs.stream().filter(r -> r.covers(offset)).findFirst();
  }

  /** Where fetching from a free byte on comes upon what is there, or what another run fetches. */
  private long freeUpTo(long offset) {
    long end = pieces.missingUpTo(offset);
    for (Run run : runs) {
      long start = pieces.floor(run.position);
      if (start > offset && run.position < run.end) {
        end = Math.min(end, start);
      }
    }
    return end;
  }

  int sequentialRuns() {
    return (int) runs.stream().filter(r -> r.kind == Run.Kind.SEQUENTIAL && !r.stopped).count();
  }

  private int urgentRuns() {
    return (int) runs.stream().filter(r -> r.kind == Run.Kind.URGENT).count();
  }
}
