package io.intrahub.transfer.core;

import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.UpstreamFailure;
import java.util.ArrayList;
import java.util.List;

/**
 * The runs of one transfer: which there are, how many there may be, and what the end of one means
 * for the next.
 *
 * <p>Not safe for use by many threads: it belongs to its {@link TransferState}.
 */
final class Runs {
  private final Pieces pieces;
  private final Readers readers;
  private final Sponsors sponsors;
  private final RetryBackoff backoff;
  private final List<Run> runs = new ArrayList<>();
  private final Planner planner;
  private final ConnectionScaling scaling;

  /** Whether upstream sends the ranges that it is asked for. */
  private boolean ranged = true;

  /** Makes a transfer's runs, of which there are none yet. */
  Runs(
      TransferLimits limits,
      long size,
      Pieces pieces,
      Readers readers,
      Sponsors sponsors,
      RetryBackoff backoff) {
    this.pieces = pieces;
    this.readers = readers;
    this.sponsors = sponsors;
    this.backoff = backoff;
    this.planner = new Planner(limits, size, pieces, readers, runs);
    this.scaling = new ConnectionScaling(limits.connections());
  }

  /** A run's connection answers. */
  void opened(Run run, boolean sendsRanges) {
    sponsors.opened(run.source());
    if (!sendsRanges && ranged) {
      ranged = false;
      runs.stream().filter(r -> r != run || r.position != planner.front()).forEach(Run::stop);
    }
  }

  /**
   * A run has written what it was allowed to.
   *
   * @return how many bytes that were
   */
  long written(Run run, long now) {
    long n = run.committed - run.position;
    pieces.written(run.position, run.committed);
    run.position = run.committed;
    backoff.received(n);
    scaling.wrote(n, planner.sequentialRuns(), now);
    return n;
  }

  /** A run is over. */
  void ended(Run run, RunEnd end, Phase phase, long now) {
    runs.remove(run);
    switch (end) {
      case RunEnd.Done _ -> {}
      case RunEnd.Failed failed -> failed(run, failed.failure(), phase, now);
      case RunEnd.Refused refused -> refused(run.source(), refused.refusal());
    }
  }

  private void failed(Run run, UpstreamFailure failure, Phase phase, long now) {
    if (run.stopped || phase != Phase.RUNNING) {
      return;
    }
    if (failure.kind() == UpstreamFailure.Kind.RATE_LIMITED
        || failure.kind() == UpstreamFailure.Kind.SERVER_ERROR) {
      scaling.halve(now);
    }
    boolean another = Sponsors.mayBeOfToken(failure) && sponsors.passOver(run.source(), failure);
    if (another && failure.kind() == UpstreamFailure.Kind.RATE_LIMITED) {
      // The limit is that of the token, and says nothing about the next one: no pause, no try.
      return;
    }
    if (backoff.failed(run, failure, another, now)) {
      readers.failBlocked(reader -> sponsors.failureOf(reader, failure), phase);
    }
  }

  private void refused(BlobSource source, HubRefusal refusal) {
    readers.refuse(source, refusal);
    stopAllOf(source);
    sponsors.refused(source);
  }

  /** Has the runs of a source break off. */
  void stopAllOf(BlobSource source) {
    runs.stream().filter(r -> Sponsors.same(r.source(), source)).forEach(Run::stop);
  }

  /** Has all runs break off. */
  void stopAll() {
    runs.forEach(Run::stop);
  }

  /** Others wait for a connection: this transfer does with fewer. */
  void contended(long now) {
    scaling.halve(now);
  }

  /**
   * The runs to be started now, which count as begun.
   *
   * @param whole whether all of the blob is wanted
   */
  List<Run> start(boolean whole) {
    return sponsors
        .current()
        .map(s ->
            planner.plan(
                new Planner.Inputs(s, whole, ranged, scaling.target(), backoff.generation())))
        .orElse(List.of());
  }

  /** Whether another run from the front may pay. */
  boolean mayBeMore() {
    return planner.sequentialRuns() < scaling.target();
  }

  /** The first missing byte. */
  long front() {
    return planner.front();
  }

  /** Whether a run will soon fetch this byte. */
  boolean isNear(long offset) {
    return planner.isNear(offset);
  }

  boolean isEmpty() {
    return runs.isEmpty();
  }

  int count() {
    return runs.size();
  }
}
