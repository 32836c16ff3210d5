package io.intrahub.transfer.core;

import io.intrahub.hub.ByteRange;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.UpstreamFailure;
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
  private final long size;
  private final Pieces pieces;
  private final Readers readers;
  private final Runs runs;
  private final Sponsors sponsors;
  private final Demand demand;

  private Phase phase = Phase.RUNNING;

  /** Whether a reader got any bytes. */
  private boolean handedOver;

  /** Whether it is known that the bytes are wrong, though it has not ended. */
  private boolean foundWrong;

  private boolean ended;
  private final RetryBackoff backoff;
  private final StoreWork work;

  /**
   * A transfer that begins.
   *
   * @param size of the blob, 1 or more
   * @param found pieces that are there already
   */
  public TransferState(long size, BitSet found, TransferLimits limits, long now) {
    this.size = size;
    this.pieces = new Pieces(size, limits.piece(), found);
    this.readers = new Readers(limits, pieces);
    this.sponsors = new Sponsors(readers);
    this.demand = new Demand(limits, size, now);
    this.backoff = new RetryBackoff(limits);
    this.runs = new Runs(limits, size, pieces, readers, sponsors, backoff);
    this.work = new StoreWork(limits, size, now);
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
    boolean exhausted = sponsors.areExhausted();
    Reader reader = readers.join(source, span, completing, heldFrom);
    demand.joined(reader.completing);
    sponsors.joined(source);
    backoff.reset();
    if (exhausted && !sponsors.areExhausted()) {
      backoff.endPause();
    }
    return Optional.of(reader);
  }

  /** A reader has left, whether it has all it wanted or not. */
  public void leave(Reader reader, long now) {
    readers.leave(reader);
    // A client's token must not be used when the request it came with has ended.
    BlobSource source = reader.source();
    sponsors.left(source);
    if (!sponsors.mayStillUse(source)) {
      runs.stopAllOf(source);
    }
    if (readers.isEmpty()) {
      demand.lastReaderLeft(now);
    }
  }

  /** Whether all who read have a source that no client waits for. */
  public boolean isBackground() {
    return readers.stream().allMatch(reader -> reader.source().isBackground());
  }

  /** A reader took bytes. */
  public void delivered(Reader reader, long n) {
    reader.position += n;
    handedOver |= n > 0;
  }

  /**
   * The content has another digest, which no reader has heard yet. No held byte goes out any more.
   *
   * @return whether a reader got any bytes, or is about to
   */
  public boolean foundWrong() {
    foundWrong = true;
    return handedOver;
  }

  /** The end of what a reader may have now; its position if it has to wait. */
  public long readable(Reader reader) {
    return readers.readable(reader, phase);
  }

  /** Where a reader is. */
  public long position(Reader reader) {
    return reader.position;
  }

  /** Whether a reader goes on. */
  public ReaderOutcome outcome(Reader reader) {
    return reader.outcome;
  }

  /**
   * A reader has waited so long that its client may give up: lets one held byte go, but never the
   * last.
   */
  public void trickle(Reader reader) {
    if (phase == Phase.RUNNING && !foundWrong) {
      handedOver |= readers.trickle(reader);
    }
  }

  /** Whether a reader can be told that its bytes are on their way: some are, or its first is. */
  public boolean flows(Reader reader) {
    return backoff.hasReceived()
        || phase != Phase.RUNNING
        || pieces.availableUpTo(reader.position) > reader.position;
  }

  // --- Runs

  /** A run's connection answers. */
  public void opened(Run run, boolean sendsRanges) {
    runs.opened(run, sendsRanges);
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
    work.wrote(runs.written(run, now));
  }

  /** The offset up to which a run may fetch; when it has come there, it should end. */
  public long claimEnd(Run run) {
    return phase == Phase.RUNNING ? run.end : run.position;
  }

  /** Whether a run should break off at once. */
  public boolean isStopped(Run run) {
    return run.stopped;
  }

  /** A run is over. */
  public void ended(Run run, RunEnd end, long now) {
    runs.ended(run, end, phase, now);
  }

  /** Others wait for a connection: this transfer does with fewer. */
  public void contended(long now) {
    runs.contended(now);
  }

  // --- The hash, the disk, the verdict

  /** How far the hash may go now; empty when it has to wait, or should stop. */
  public OptionalLong hashTarget() {
    if (isHashWanted() && work.isHashWorth(runs.front())) {
      return OptionalLong.of(runs.front());
    }
    work.hashStops();
    return OptionalLong.empty();
  }

  private boolean isHashWanted() {
    return phase == Phase.RUNNING && !demand.isPausing() && (demand.isWhole() || isWhole());
  }

  private boolean isHashDue() {
    return isHashWanted() && work.isHashDue(runs.front());
  }

  private boolean isSyncDue(long now) {
    // What is whole is made durable by being published.
    return phase == Phase.RUNNING && !isWhole() && work.isSyncDue(now);
  }

  /** The hash has come so far. */
  public void hashed(long to) {
    work.hashed(to);
  }

  /** What was marked is durable. */
  public void synced(long now) {
    work.synced(now);
  }

  /** The content is right and has its name. */
  public void published() {
    work.publishEnds();
    phase = Phase.PUBLISHED;
  }

  /** The content has another digest. */
  public void wrong() {
    work.publishEnds();
    phase = Phase.WRONG;
    end(new ReaderOutcome.Wrong());
  }

  /** Publishing came to nothing. */
  public void notPublished() {
    work.publishEnds();
  }

  /** The hash can't go on. */
  public void hashStopped() {
    work.hashStops();
  }

  /** The store can't take more of it. */
  public void storeFailed() {
    // Also while it is being stopped: its readers must not read on from a store that broke.
    if (phase == Phase.RUNNING || phase == Phase.PAUSED) {
      phase = Phase.STORE_FAILED;
      end(new ReaderOutcome.StoreFailed());
    }
  }

  /** The mirror stops: nothing new is begun, and who waits is told. */
  public void stop(UpstreamFailure why) {
    if (phase == Phase.RUNNING) {
      phase = Phase.PAUSED;
      end(new ReaderOutcome.Failed(why));
    }
  }

  private void end(ReaderOutcome outcome) {
    runs.stopAll();
    readers.end(outcome);
  }

  // --- What is to be done

  /**
   * Whether {@link #plan} should be asked because this reader has to wait. To ask it each time that
   * one of many readers waits for a connection that is near would cost more than the bytes.
   */
  public boolean isUncovered(Reader reader) {
    return phase == Phase.RUNNING
        && !demand.isPausing()
        && pieces.missing() > 0
        && (backoff.isQuiet() || !runs.isNear(pieces.availableUpTo(reader.position)));
  }

  /**
   * Whether {@link #plan} should be asked after bytes were written: for another connection, the
   * hash, the disk.
   */
  public boolean isDue(long now) {
    return (demand.isWhole() && runs.mayBeMore() && !isWhole())
        || isHashDue()
        || isSyncDue(now)
        || isWhole();
  }

  /** What is to be done now. Counted as begun. */
  public Plan plan(long now) {
    reassessDemand(now);
    List<Run> start = mayFetch(now) ? runs.start(demand.isWhole()) : List.of();
    boolean hash = isHashDue();
    if (hash) {
      work.hashBegins();
    }
    boolean sync = isSyncDue(now);
    if (sync) {
      work.syncBegins();
    }
    boolean publish = phase == Phase.RUNNING && work.isPublishDue();
    if (publish) {
      work.publishBegins();
    }
    boolean close = readers.isEmpty() && runs.isEmpty() && !work.isBusy() && isEnding() && !ended;
    if (close) {
      ended = true;
      phase = phase == Phase.RUNNING ? Phase.PAUSED : phase;
    }
    return new Plan(start, hash, sync, publish, close, wakeAt(now));
  }

  private boolean isEnding() {
    return phase != Phase.RUNNING || demand.isPausing();
  }

  private boolean isWhole() {
    return pieces.missing() == 0;
  }

  private void reassessDemand(long now) {
    if (phase != Phase.RUNNING || !readers.isEmpty()) {
      return;
    }
    demand.reassess(pieces.missing(), sponsors.hasBackground() && !backoff.isQuiet(), now);
    if (demand.isPausing()) {
      runs.stopAll();
    }
  }

  private boolean mayFetch(long now) {
    if (phase != Phase.RUNNING || demand.isPausing() || now < backoff.retryAt() || isWhole()) {
      return false;
    }
    if (backoff.isQuiet()) {
      if (!readers.areBlocked(phase)) {
        return false;
      }
      backoff.reset();
    }
    return true;
  }

  private OptionalLong wakeAt(long now) {
    if (phase != Phase.RUNNING || demand.isPausing() || ended) {
      return OptionalLong.empty();
    }
    long at = Long.MAX_VALUE;
    if (backoff.retryAt() > now) {
      at = backoff.retryAt();
    }
    if (readers.isEmpty() && !demand.isFinishing()) {
      at = Math.min(at, Math.max(demand.reassessAt(), now));
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
  public TransferSnapshot snapshot() {
    return new TransferSnapshot(
        phase,
        size,
        pieces.missing(),
        work.hashed(),
        readers.count(),
        runs.count(),
        demand.isPausing(),
        backoff.isQuiet());
  }
}
