package io.intrahub.transfer.fetch;

import io.intrahub.transfer.core.Run;
import io.intrahub.transfer.core.RunEnd;
import io.intrahub.transfer.core.TransferState;
import io.intrahub.transfer.limits.ConnectionLimiter;
import io.intrahub.upstream.BlobSource;
import java.util.function.LongSupplier;

/**
 * What the runs of one transfer report and ask. Each method takes the transfer's lock, so it is
 * called without it, from the thread of the run. The lock guards all that is used here.
 */
final class RunEvents {
  private final Transfer transfer;
  private final TransferState state;
  private final TransferConnections connections;
  private final WaitingReaders waitingReaders;
  private final TransferMeter meter;
  private final LongSupplier nanoTime;

  RunEvents(
      Transfer transfer,
      TransferState state,
      TransferConnections connections,
      WaitingReaders waitingReaders,
      TransferMeter meter,
      LongSupplier nanoTime) {
    this.transfer = transfer;
    this.state = state;
    this.connections = connections;
    this.waitingReaders = waitingReaders;
    this.meter = meter;
    this.nanoTime = nanoTime;
  }

  /** A run is about to wait for a permit: the wait is cancelled if the run is stopped. */
  void queued(Run run, ConnectionLimiter.Cancellation wait) {
    transfer.event(() -> connections.queued(run, wait));
  }

  /** A run waits for a permit no more. */
  void unqueued(Run run) {
    transfer.tell(() -> connections.unqueued(run));
  }

  /** A run's connection answers. */
  void opened(Run run, BlobSource.Opened opened) {
    transfer.event(() -> {
      state.opened(run, opened.ranged());
      connections.opened(run, opened.stream());
    });
  }

  /** A run's connection is about to be closed, so it must not be broken off any more. */
  void closing(Run run) {
    transfer.tell(() -> connections.closing(run));
  }

  /** Where a run is. */
  long position(Run run) {
    return transfer.ask(run::position);
  }

  /** As {@link TransferState#claimEnd}. */
  long claimEnd(Run run) {
    return transfer.ask(() -> state.claimEnd(run));
  }

  /** As {@link TransferState#mayWrite}. */
  long mayWrite(Run run, long n) {
    return transfer.ask(() -> state.mayWrite(run, n));
  }

  /** Bytes were written. The planning is done only when there is something to plan. */
  void written(Run run, long n) {
    boolean due =
        transfer.ask(() -> {
          long now = nanoTime.getAsLong();
          state.written(run, now);
          meter.received(n, now);
          waitingReaders.signalReady();
          return state.isDue(now);
        });
    if (due) {
      transfer.replan();
    }
  }

  /**
   * A run is over.
   *
   * @param contended whether others wait for a connection
   */
  void ended(Run run, RunEnd end, boolean contended) {
    transfer.event(() -> {
      if (contended) {
        state.contended(nanoTime.getAsLong());
      }
      state.ended(run, end, nanoTime.getAsLong());
    });
  }

  /** Whether no client waits for what a run fetches. */
  boolean isBackground(Run run) {
    return run.source().isBackground() && transfer.ask(state::isBackground);
  }

  /** Whether anybody reads along. */
  boolean hasReaders() {
    return transfer.ask(() -> state.snapshot().readers() > 0);
  }
}
