package io.intrahub.transfer.core;

import io.intrahub.store.PartialBlob;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One connection in a simulation: from asking upstream to the last mark, step by step. */
final class SimRun extends SimActor {
  private enum Stage {
    OPEN,
    READ,
    ALLOW,
    WRITE,
    MARK,
    REPORT
  }

  final Run run;
  private final SimTransfer transfer;
  private final Simulation sim;
  private final TransferState state;
  private Stage stage = Stage.OPEN;
  private SimUpstream.@Nullable SimStream stream;
  private long position;
  private long promised;
  private ByteBuffer buffer = ByteBuffer.allocate(0);
  private boolean tainted;
  private long writeEnd;
  private int nextMark;

  SimRun(SimTransfer transfer, Run run) {
    this.transfer = transfer;
    this.sim = transfer.sim;
    this.state = transfer.state;
    this.run = run;
    this.position = run.ask().offset();
    this.readyAt = sim.clock.now() + sim.random.nextInt(5_000_000);
  }

  /** Whether it is anywhere between the write that ends a piece and its report. */
  boolean isEndingPiece() {
    boolean writing = stage == Stage.WRITE || stage == Stage.MARK || stage == Stage.REPORT;
    return writing
        && (writeEnd == sim.blob.size()
            || position / PartialBlob.PIECE != writeEnd / PartialBlob.PIECE);
  }

  void abortIfStopped() {
    if (stream != null && state.isStopped(run)) {
      stream.abort();
      if (stage == Stage.READ) {
        readyAt = sim.clock.now();
      }
    }
  }

  void drop() {
    if (stream != null) {
      stream.close();
    }
  }

  @Override
  void step() {
    switch (stage) {
      case OPEN -> open();
      case READ -> read();
      case ALLOW -> allow();
      case WRITE -> write();
      case MARK -> mark();
      case REPORT -> report();
    }
  }

  private void end(RunEnd end) {
    sim.trace("end %s %s", run, end.getClass().getSimpleName());
    done = true;
    drop();
    transfer.runs.remove(this);
    sim.progress();
    boolean contended = sim.random.nextInt(50) == 0;
    transfer.event(() -> {
      if (contended) {
        state.contended(sim.clock.now());
      }
      state.ended(run, end, sim.clock.now());
    });
  }

  private void storeBroke(IOException why) {
    transfer.storeBroke(why);
    end(new RunEnd.Done());
  }

  private long claimEnd() {
    return state.claimEnd(run);
  }

  private void open() {
    long claimed = claimEnd();
    if (claimed <= position) {
      end(new RunEnd.Done());
      return;
    }
    try {
      transfer.reserve(claimed - position);
    } catch (IOException e) {
      storeBroke(e);
      return;
    }
    promised = claimed;
    sim.checkToken(run.source());
    switch (run.source().openUnlessLimited(run.ask())) {
      case UpstreamResult.Refused(var refusal) -> end(new RunEnd.Refused(refusal));
      case UpstreamResult.Failed(var failure) -> end(new RunEnd.Failed(failure));
      case UpstreamResult.Value(var opened) -> {
        stream = (SimUpstream.SimStream) opened.stream();
        transfer.event(() -> state.opened(run, opened.ranged()));
        pump();
      }
    }
  }

  private void pump() {
    long end = claimEnd();
    if (end <= position) {
      end(new RunEnd.Done());
      return;
    }
    try {
      if (end > promised) {
        transfer.reserve(end - promised);
        promised = end;
      }
    } catch (IOException e) {
      storeBroke(e);
      return;
    }
    int most = 1 + sim.random.nextInt(sim.chunk);
    buffer = ByteBuffer.allocate((int) Math.min(most, end - position));
    readyAt = stream.readyAt();
    stage = Stage.READ;
  }

  private void read() {
    try {
      int wrong = sim.upstream.wrongBytes();
      if (stream.read(buffer) < 0) {
        throw new IOException("upstream ended too early");
      }
      tainted = sim.upstream.wrongBytes() > wrong;
      buffer.flip();
      stage = Stage.ALLOW;
    } catch (IOException e) {
      end(
          new RunEnd.Failed(
              new UpstreamFailure(
                  UpstreamFailure.Kind.UNREACHABLE, e.getMessage(), true, Optional.empty())));
    }
  }

  private void allow() {
    long may = state.mayWrite(run, buffer.remaining());
    sim.ledger.wasted(buffer.remaining() - may);
    if (may == 0) {
      end(new RunEnd.Done());
      return;
    }
    buffer.limit((int) may);
    writeEnd = position + may;
    nextMark = (int) (position / PartialBlob.PIECE);
    stage = sim.planted == Planted.MARKED_EARLY ? Stage.MARK : Stage.WRITE;
  }

  private void write() {
    if (tainted) {
      sim.ledger.tainted(position, writeEnd);
    }
    try {
      transfer.partial.write(buffer, position);
      stage = sim.planted == Planted.MARKED_EARLY ? Stage.REPORT : Stage.MARK;
    } catch (IOException e) {
      storeBroke(e);
    }
  }

  /** One mark for each step. */
  private void mark() {
    long end = Math.min(sim.blob.size(), (nextMark + 1L) * PartialBlob.PIECE);
    try {
      if (end <= writeEnd) {
        transfer.partial.mark(nextMark);
        sim.ledger.marked(nextMark);
      }
    } catch (IOException e) {
      storeBroke(e);
      return;
    }
    nextMark++;
    if ((long) nextMark * PartialBlob.PIECE >= writeEnd) {
      stage = sim.planted == Planted.MARKED_EARLY ? Stage.WRITE : Stage.REPORT;
    }
  }

  private void report() {
    long count = writeEnd - position;
    position = writeEnd;
    transfer.unsynced += count;
    sim.ledger.written(count);
    state.written(run, sim.clock.now());
    sim.progress();
    if (state.isDue(sim.clock.now())) {
      transfer.event(() -> {});
    } else {
      transfer.wakeReaders();
    }
    pump();
  }
}
