package io.intrahub.transfer.core;

import io.intrahub.hub.ByteRange;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.FirstHop;
import io.intrahub.upstream.UpstreamFailure;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The state of one transfer: what is there, who reads, what is fetched, how it ends. Each method is
 * one event or one question; none of them waits or does I/O. After each event {@link #plan} says
 * what is to be done.
 *
 * <p>Not safe for use by many threads: the owner guards it with one lock. Times are nanoseconds of
 * any beginning, and never go back.
 */
public final class TransferState {
  /** Where a transfer is in its life. */
  public enum Phase {
    /** Bytes come, or will when a reader needs them. */
    RUNNING,
    /** The content is right and published. */
    PUBLISHED,
    /** The content is another than was announced. */
    WRONG,
    /** The store could not take it. */
    STORE_BROKE,
    /** Nobody wants it now; what came is kept. */
    PAUSED
  }

  private final Limits limits;
  private final long size;
  private final Pieces pieces;
  private final List<Reader> readers = new ArrayList<>();
  private final List<Run> runs = new ArrayList<>();
  private final Planner planner;
  private final Width width;
  private final Sequences sequences = new Sequences();

  private Phase phase = Phase.RUNNING;

  /** A reader wants all of it, or did when it left and so much was there that it is finished. */
  private boolean whole;

  /** Nobody reads, and it is finished all the same. */
  private boolean finishing;

  /** Nobody reads; it ends when nothing is under way any more, unless somebody joins. */
  private boolean pausing;

  private boolean ended;
  private long judgeAt;

  /** A source that may be used when nobody reads. */
  private Optional<BlobSource> background = Optional.empty();

  private boolean ranged = true;
  private boolean flowed;
  private int barren;
  private long sinceFailure;
  private long generation;
  private long retryAt = Long.MIN_VALUE;

  /** Upstream has failed often enough: it is left alone until somebody comes to need it. */
  private boolean quiet;

  private long hashed;
  private boolean hashing;
  private boolean publishing;
  private long unsynced;
  private boolean syncing;
  private long syncedAt;

  /**
   * A transfer that begins.
   *
   * @param size of the blob, 1 or more
   * @param found pieces that are there already
   */
  public TransferState(long size, BitSet found, Limits limits, long now) {
    this.size = size;
    this.limits = limits;
    this.pieces = new Pieces(size, limits.piece(), found);
    this.planner = new Planner(limits, size, pieces, readers, runs);
    this.width = new Width(limits.width());
    this.judgeAt = now + limits.abandonAfter().toNanos();
    this.syncedAt = now;
  }

  // --- Readers

  /**
   * Somebody wants a span.
   *
   * @param completing its client takes the content for complete with it
   * @param heldFrom the offset from which its bytes wait until the content is published
   * @return empty when this transfer has ended, so that another way must be found
   */
  public Optional<Reader> join(
      BlobSource source, ByteRange.Span span, boolean completing, long heldFrom) {
    if (phase != Phase.RUNNING || ended) {
      return Optional.empty();
    }
    // Who waits for the digest needs all of it, however little it asks for.
    boolean all = completing || heldFrom < span.end();
    long ahead = all ? 0 : sequences.aheadOf(span.offset(), limits);
    // What a client asks for is no guess: it is fetched in as few requests as may be.
    long claim =
        all
            ? limits.maxClaim()
            : Math.clamp(span.length() + ahead, limits.firstClaim(), limits.maxClaim());
    Reader reader =
        new Reader(
            source,
            span.offset(),
            span.end(),
            Math.max(heldFrom, span.offset()),
            all,
            ahead,
            claim);
    readers.add(reader);
    whole |= all;
    finishing = false;
    pausing = false;
    quiet = false;
    if (source.outlivesRequest()) {
      background = Optional.of(source);
    }
    return Optional.of(reader);
  }

  /** A reader is gone, whether it has all it wanted or not. */
  public void leave(Reader reader, long now) {
    if (!readers.remove(reader)) {
      throw new IllegalStateException("a reader leaves once");
    }
    if (!reader.completing && reader.position >= reader.end) {
      sequences.ended(reader.end, Math.max(reader.ahead, limits.firstClaim()));
    }
    // A client's token must not be used when the request it came with has ended.
    BlobSource source = reader.source();
    boolean shared = readers.stream().anyMatch(r -> sameSponsor(r.source(), source));
    if (!source.outlivesRequest() && !shared) {
      runs.stream().filter(r -> sameSponsor(r.source(), source)).forEach(Run::stop);
    }
    if (readers.isEmpty()) {
      judgeAt = now + limits.abandonAfter().toNanos();
    }
  }

  /** A reader took bytes. */
  public void took(Reader reader, long n) {
    reader.position += n;
  }

  /** The end of what a reader may have now; its position if it has to wait. */
  public long readable(Reader reader) {
    if (phase == Phase.PUBLISHED) {
      return reader.end;
    }
    if (phase == Phase.STORE_BROKE) {
      // A disk that failed to make bytes durable may have thrown them away and give others.
      return reader.position;
    }
    long there = Math.min(pieces.thereUpTo(reader.position), reader.end);
    long open = reader.heldFrom + reader.dripped;
    return Math.max(reader.position, Math.min(there, open));
  }

  /** Where a reader is. */
  public long position(Reader reader) {
    return reader.position;
  }

  /** Whether a reader goes on. */
  public Fate fate(Reader reader) {
    return reader.fate;
  }

  /**
   * A reader has waited so long that its client may give up: lets one held byte go, but never the
   * last.
   */
  public void drip(Reader reader) {
    boolean there = pieces.thereUpTo(reader.position) > reader.position;
    if (phase == Phase.RUNNING
        && there
        && readable(reader) == reader.position
        && reader.position + 1 < reader.end) {
      reader.dripped++;
    }
  }

  /** Whether a reader can be told that its bytes are on their way: some are, or its first is. */
  public boolean flows(Reader reader) {
    return flowed || phase != Phase.RUNNING || pieces.thereUpTo(reader.position) > reader.position;
  }

  private boolean isBlocked(Reader reader) {
    return reader.reads() && reader.position < reader.end && readable(reader) == reader.position;
  }

  // --- Runs

  /** A run's connection answers. */
  public void opened(Run run, boolean sendsRanges) {
    if (!sendsRanges && ranged) {
      ranged = false;
      runs.stream().filter(r -> r != run || r.position != planner.front()).forEach(Run::stop);
    }
  }

  /**
   * A run has read bytes and is about to write them.
   *
   * @return how many of them it may write; 0 when it should end
   */
  public long mayWrite(Run run, long n) {
    long may = phase == Phase.RUNNING ? Math.min(n, run.end - run.position) : 0;
    run.committed = run.position + may;
    return may;
  }

  /** A run has written what it was allowed to. */
  public void written(Run run, long now) {
    long n = run.committed - run.position;
    pieces.written(run.position, run.committed);
    run.position = run.committed;
    flowed = true;
    unsynced += n;
    sinceFailure += n;
    width.wrote(n, planner.fills(), now);
  }

  /** How much a run may still fetch; 0 when it should end. */
  public long left(Run run) {
    return phase == Phase.RUNNING ? run.end - run.position : 0;
  }

  /** The end of what a run has claimed so far. */
  public long claimEnd(Run run) {
    return run.end;
  }

  /** Whether a run should break off at once. */
  public boolean isStopped(Run run) {
    return run.stopped;
  }

  /** A run is over. */
  public void ended(Run run, RunEnd end, long now) {
    runs.remove(run);
    switch (end) {
      case RunEnd.Done _ -> {}
      case RunEnd.Failed failed -> failed(run, failed.failure(), now);
      case RunEnd.Refused refused -> refused(run.source(), refused.refusal());
    }
  }

  private void failed(Run run, UpstreamFailure failure, long now) {
    if (run.stopped || phase != Phase.RUNNING) {
      return;
    }
    if (failure.kind() == UpstreamFailure.Kind.LIMITED
        || failure.kind() == UpstreamFailure.Kind.TROUBLED) {
      width.less(now);
    }
    // What came is kept: a transfer that had bytes goes on, and a connection that broke is made
    // anew, as is one that got no answer in time. Another source that could not be opened has tried
    // often enough itself.
    boolean again = failure.mayPass() || failure.kind() == UpstreamFailure.Kind.LATE || flowed;
    // Connections that fall in the same outage are one failure.
    if (run.generation == generation) {
      generation++;
      barren = sinceFailure >= limits.progress() ? 0 : barren + 1;
      sinceFailure = 0;
      retryAt = now + (limits.retryPause().toNanos() << Math.min(barren, 5));
    }
    if (!again || barren >= limits.tries()) {
      quiet = true;
      barren = 0;
      retryAt = Long.MIN_VALUE;
      readers.stream().filter(this::isBlocked).forEach(r -> r.fate = new Fate.Failed(failure));
    }
  }

  /** All in whose name this source was opened are refused; another's may do. */
  private void refused(BlobSource source, FirstHop.Refusal refusal) {
    readers.stream()
        .filter(r -> r.reads() && sameSponsor(r.source(), source))
        .forEach(r -> r.fate = new Fate.Refused(refusal));
    runs.stream().filter(r -> sameSponsor(r.source(), source)).forEach(Run::stop);
    background = background.filter(b -> !sameSponsor(b, source));
  }

  private static boolean sameSponsor(BlobSource one, BlobSource other) {
    return one.sponsor().equals(other.sponsor());
  }

  /** Others wait for a connection: this transfer does with fewer. */
  public void contended(long now) {
    width.less(now);
  }

  // --- The hash, the disk, the verdict

  /** How far the hash may go now; empty when it has to wait, or should stop. */
  public OptionalLong hashTarget() {
    if (mayHash()) {
      return OptionalLong.of(planner.front());
    }
    hashing = false;
    return OptionalLong.empty();
  }

  private boolean mayHash() {
    long front = planner.front();
    return phase == Phase.RUNNING
        && !pausing
        && (whole || front == size)
        && front > hashed
        && (front - hashed >= limits.hashStep() || front == size);
  }

  private boolean isSyncDue(long now) {
    boolean due = unsynced >= limits.syncBytes() || now - syncedAt >= limits.syncTime().toNanos();
    return phase == Phase.RUNNING && unsynced > 0 && due && !isWhole();
  }

  /** The hash has come so far. */
  public void hashed(long to) {
    hashed = to;
  }

  /** What was marked is durable. */
  public void synced(long now) {
    syncing = false;
    syncedAt = now;
  }

  /** The content is right and has its name. */
  public void published() {
    publishing = false;
    phase = Phase.PUBLISHED;
  }

  /** The content has another digest. */
  public void wrong() {
    publishing = false;
    phase = Phase.WRONG;
    end(new Fate.Wrong());
  }

  /** Publishing came to nothing. */
  public void notPublished() {
    publishing = false;
  }

  /** The hash can't go on. */
  public void hashStopped() {
    hashing = false;
  }

  /** The store can't take more of it. */
  public void storeBroke() {
    // Also while it is being stopped: its readers must not read on from a store that broke.
    if (phase == Phase.RUNNING || phase == Phase.PAUSED) {
      phase = Phase.STORE_BROKE;
      end(new Fate.StoreBroke());
    }
  }

  /** The mirror stops: nothing new is begun, and who waits is told. */
  public void stop(UpstreamFailure why) {
    if (phase == Phase.RUNNING) {
      phase = Phase.PAUSED;
      end(new Fate.Failed(why));
    }
  }

  private void end(Fate fate) {
    runs.forEach(Run::stop);
    readers.stream().filter(Reader::reads).forEach(r -> r.fate = fate);
  }

  // --- What is to be done

  /**
   * Whether {@link #plan} should be asked because this reader has to wait. To ask it each time that
   * one of many readers waits for a connection that is near would cost more than the bytes.
   */
  public boolean isUncovered(Reader reader) {
    return phase == Phase.RUNNING
        && !pausing
        && pieces.missing() > 0
        && (quiet || !planner.isNear(pieces.thereUpTo(reader.position)));
  }

  /**
   * Whether {@link #plan} should be asked after bytes were written: for another connection, the
   * hash, the disk.
   */
  public boolean isDue(long now) {
    return (whole && planner.fills() < width.width() && !isWhole())
        || (!hashing && mayHash())
        || (!syncing && isSyncDue(now))
        || isWhole();
  }

  /** What is to be done now. Counted as begun. */
  public Plan plan(long now) {
    judge(now);
    List<Run> start = mayFetch(now) ? fetch() : List.of();
    boolean hash = !hashing && !publishing && mayHash();
    hashing |= hash;
    boolean sync = !syncing && isSyncDue(now);
    if (sync) {
      syncing = true;
      unsynced = 0;
    }
    boolean publish =
        phase == Phase.RUNNING && hashed == size && !hashing && !syncing && !publishing;
    publishing |= publish;
    boolean close = readers.isEmpty() && runs.isEmpty() && !busyInStore() && isOver() && !ended;
    if (close) {
      ended = true;
      phase = phase == Phase.RUNNING ? Phase.PAUSED : phase;
    }
    return new Plan(start, hash, sync, publish, close, wakeAt(now));
  }

  private boolean busyInStore() {
    return hashing || syncing || publishing;
  }

  private boolean isOver() {
    return phase != Phase.RUNNING || pausing;
  }

  private boolean isWhole() {
    return pieces.missing() == 0;
  }

  private void judge(long now) {
    if (phase != Phase.RUNNING || !readers.isEmpty() || pausing) {
      return;
    }
    if (finishing) {
      pausing = pieces.missing() > 0 && (quiet || background.isEmpty());
    } else if (now >= judgeAt) {
      long missing = pieces.missing();
      boolean nearlyDone = missing <= limits.finishIfLeft() || missing <= size - size / 4;
      finishing = missing == 0 || (whole && nearlyDone && background.isPresent() && !quiet);
      pausing = !finishing;
    }
    if (pausing) {
      whole = false;
      runs.forEach(Run::stop);
    }
  }

  private boolean mayFetch(long now) {
    if (phase != Phase.RUNNING || pausing || now < retryAt || isWhole()) {
      return false;
    }
    if (quiet) {
      if (readers.stream().noneMatch(this::isBlocked)) {
        return false;
      }
      quiet = false;
    }
    return true;
  }

  private List<Run> fetch() {
    Optional<BlobSource> sponsor =
        readers.stream().filter(Reader::reads).findFirst().map(Reader::source).or(() -> background);
    return sponsor
        .map(s -> planner.plan(new Planner.Wishes(s, whole, ranged, width.width(), generation)))
        .orElse(List.of());
  }

  private OptionalLong wakeAt(long now) {
    if (phase != Phase.RUNNING || pausing || ended) {
      return OptionalLong.empty();
    }
    long at = Long.MAX_VALUE;
    if (retryAt > now) {
      at = retryAt;
    }
    if (readers.isEmpty() && !finishing) {
      at = Math.min(at, Math.max(judgeAt, now));
    }
    return at == Long.MAX_VALUE ? OptionalLong.empty() : OptionalLong.of(at);
  }

  /** Where it is in its life. */
  public Phase phase() {
    return phase;
  }

  /** Whether it has ended and nothing of it is under way. */
  public boolean hasEnded() {
    return ended;
  }

  /** Bytes that are not there. */
  public long missing() {
    return pieces.missing();
  }

  /** What is known for the progress record. */
  public Standing standing() {
    return new Standing(
        phase, size, pieces.missing(), hashed, readers.size(), runs.size(), pausing, quiet);
  }

  /**
   * Figures of one moment.
   *
   * @param missing bytes that are not there
   * @param hashed bytes that are in the hash
   * @param connections that fetch now
   * @param quiet whether upstream has failed and is left alone
   */
  public record Standing(
      Phase phase,
      long size,
      long missing,
      long hashed,
      int readers,
      int connections,
      boolean pausing,
      boolean quiet) {}
}
