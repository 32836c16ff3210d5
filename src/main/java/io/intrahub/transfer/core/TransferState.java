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
  private final long size;
  private final Pieces pieces;
  private final Readers readers;
  private final List<Run> runs = new ArrayList<>();
  private final Planner planner;
  private final Width width;
  private final Sponsors sponsors;
  private final Wanted wanted;

  private Phase phase = Phase.RUNNING;

  /** Whether a reader got any bytes. */
  private boolean given;

  /** Whether it is known that the bytes are wrong, though it has not ended. */
  private boolean foundWrong;

  private boolean ended;
  private boolean ranged = true;
  private final Outage outage;
  private final StoreWork work;

  /**
   * A transfer that begins.
   *
   * @param size of the blob, 1 or more
   * @param found pieces that are there already
   */
  public TransferState(long size, BitSet found, Limits limits, long now) {
    this.size = size;
    this.pieces = new Pieces(size, limits.piece(), found);
    this.readers = new Readers(limits, pieces);
    this.sponsors = new Sponsors(readers);
    this.planner = new Planner(limits, size, pieces, readers, runs);
    this.width = new Width(limits.width());
    this.wanted = new Wanted(limits, size, now);
    this.outage = new Outage(limits);
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
    Reader reader = readers.join(source, span, completing, heldFrom);
    wanted.joined(reader.completing);
    sponsors.joined(source);
    outage.over();
    return Optional.of(reader);
  }

  /** A reader is gone, whether it has all it wanted or not. */
  public void leave(Reader reader, long now) {
    readers.leave(reader);
    // A client's token must not be used when the request it came with has ended.
    BlobSource source = reader.source();
    if (!sponsors.mayStillUse(source)) {
      stopRunsOf(source);
    }
    if (readers.isEmpty()) {
      wanted.deserted(now);
    }
  }

  /** A reader took bytes. */
  public void took(Reader reader, long n) {
    reader.position += n;
    given |= n > 0;
  }

  /**
   * The content has another digest, which no reader has heard yet. No held byte goes out any more.
   *
   * @return whether a reader got any bytes, or is about to
   */
  public boolean foundWrong() {
    foundWrong = true;
    return given;
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
  public Fate fate(Reader reader) {
    return reader.fate;
  }

  /**
   * A reader has waited so long that its client may give up: lets one held byte go, but never the
   * last.
   */
  public void drip(Reader reader) {
    if (phase == Phase.RUNNING && !foundWrong) {
      given |= readers.drip(reader);
    }
  }

  /** Whether a reader can be told that its bytes are on their way: some are, or its first is. */
  public boolean flows(Reader reader) {
    return outage.hasFlowed()
        || phase != Phase.RUNNING
        || pieces.thereUpTo(reader.position) > reader.position;
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
    outage.received(n);
    work.wrote(n);
    width.wrote(n, planner.fills(), now);
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
    if (outage.failed(run, failure, now)) {
      readers.failBlocked(failure, phase);
    }
  }

  private void refused(BlobSource source, FirstHop.Refusal refusal) {
    readers.refuse(source, refusal);
    stopRunsOf(source);
    sponsors.refused(source);
  }

  private void stopRunsOf(BlobSource source) {
    runs.stream().filter(r -> Sponsors.same(r.source(), source)).forEach(Run::stop);
  }

  /** Others wait for a connection: this transfer does with fewer. */
  public void contended(long now) {
    width.less(now);
  }

  // --- The hash, the disk, the verdict

  /** How far the hash may go now; empty when it has to wait, or should stop. */
  public OptionalLong hashTarget() {
    if (isHashWanted() && work.isHashWorth(planner.front())) {
      return OptionalLong.of(planner.front());
    }
    work.hashStops();
    return OptionalLong.empty();
  }

  private boolean isHashWanted() {
    return phase == Phase.RUNNING && !wanted.isPausing() && (wanted.isWhole() || isWhole());
  }

  private boolean isHashDue() {
    return isHashWanted() && work.isHashDue(planner.front());
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
    end(new Fate.Wrong());
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
    readers.end(fate);
  }

  // --- What is to be done

  /**
   * Whether {@link #plan} should be asked because this reader has to wait. To ask it each time that
   * one of many readers waits for a connection that is near would cost more than the bytes.
   */
  public boolean isUncovered(Reader reader) {
    return phase == Phase.RUNNING
        && !wanted.isPausing()
        && pieces.missing() > 0
        && (outage.isQuiet() || !planner.isNear(pieces.thereUpTo(reader.position)));
  }

  /**
   * Whether {@link #plan} should be asked after bytes were written: for another connection, the
   * hash, the disk.
   */
  public boolean isDue(long now) {
    return (wanted.isWhole() && planner.fills() < width.width() && !isWhole())
        || isHashDue()
        || isSyncDue(now)
        || isWhole();
  }

  /** What is to be done now. Counted as begun. */
  public Plan plan(long now) {
    judge(now);
    List<Run> start = mayFetch(now) ? fetch() : List.of();
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
    boolean close = readers.isEmpty() && runs.isEmpty() && !work.isBusy() && isOver() && !ended;
    if (close) {
      ended = true;
      phase = phase == Phase.RUNNING ? Phase.PAUSED : phase;
    }
    return new Plan(start, hash, sync, publish, close, wakeAt(now));
  }

  private boolean isOver() {
    return phase != Phase.RUNNING || wanted.isPausing();
  }

  private boolean isWhole() {
    return pieces.missing() == 0;
  }

  private void judge(long now) {
    if (phase != Phase.RUNNING || !readers.isEmpty()) {
      return;
    }
    wanted.judge(pieces.missing(), sponsors.hasBackground() && !outage.isQuiet(), now);
    if (wanted.isPausing()) {
      runs.forEach(Run::stop);
    }
  }

  private boolean mayFetch(long now) {
    if (phase != Phase.RUNNING || wanted.isPausing() || now < outage.retryAt() || isWhole()) {
      return false;
    }
    if (outage.isQuiet()) {
      if (!readers.areBlocked(phase)) {
        return false;
      }
      outage.over();
    }
    return true;
  }

  private List<Run> fetch() {
    return sponsors
        .current()
        .map(s ->
            planner.plan(
                new Planner.Wishes(
                    s, wanted.isWhole(), ranged, width.width(), outage.generation())))
        .orElse(List.of());
  }

  private OptionalLong wakeAt(long now) {
    if (phase != Phase.RUNNING || wanted.isPausing() || ended) {
      return OptionalLong.empty();
    }
    long at = Long.MAX_VALUE;
    if (outage.retryAt() > now) {
      at = outage.retryAt();
    }
    if (readers.isEmpty() && !wanted.isFinishing()) {
      at = Math.min(at, Math.max(wanted.judgeAt(), now));
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
        phase,
        size,
        pieces.missing(),
        work.hashed(),
        readers.count(),
        runs.size(),
        wanted.isPausing(),
        outage.isQuiet());
  }
}
