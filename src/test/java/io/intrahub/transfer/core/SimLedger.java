package io.intrahub.transfer.core;

import io.intrahub.store.PartialBlob;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.BitSet;

/** What the store was given and what it promised, kept beside it to hold it to its word. */
final class SimLedger {
  private final Simulation sim;
  private final long size;
  private final boolean kept;

  private BitSet marked = new BitSet();
  private BitSet durable = new BitSet();

  /** Pieces of which upstream sent wrong bytes. */
  private final BitSet tainted = new BitSet();

  private BitSet syncing = new BitSet();
  private boolean inPublish;
  private boolean published;

  /** It was seen under its name, and nobody was told that this would last. */
  private boolean seen;

  private boolean cameWrong;

  /** Since a partial blob was opened the last time. */
  private boolean cameWrongSince;

  private int harmfulBefore;
  private int failuresBefore;
  private int connectionsBefore;

  /** Bytes that were written and not lost. */
  private long have;

  private long lost;
  private long wasted;

  /** Marked and not durable when the power went. */
  private long unforced;

  SimLedger(Simulation sim) {
    this.sim = sim;
    this.size = sim.blob.size();
    this.kept = PartialBlob.isKept(size);
  }

  private long bytesOf(BitSet pieces) {
    return pieces.stream()
        .mapToLong(p -> Math.min(PartialBlob.PIECE, size - (long) p * PartialBlob.PIECE))
        .sum();
  }

  boolean isPublished() {
    return published || seen;
  }

  /** Whether upstream's word for it was wrong once. */
  boolean cameWrong() {
    return cameWrong;
  }

  boolean isTainted() {
    return !tainted.isEmpty();
  }

  void tainted(long from, long to) {
    for (long p = from / PartialBlob.PIECE; p * PartialBlob.PIECE < to; p++) {
      tainted.set((int) p);
    }
  }

  void wasted(long bytes) {
    if (bytes > sim.chunk) {
      throw new AssertionError("more than one read was thrown away: " + bytes);
    }
    wasted += bytes;
  }

  void written(long bytes) {
    have += bytes;
  }

  /** What is there by the count of the state. */
  void counts(long there) {
    if (there < have && !sim.upstream.isRanged()) {
      // What comes in one go only is fetched again.
      lost += have - there;
      have = there;
    }
    if (there != have) {
      throw new AssertionError("%d bytes were written and %d are there".formatted(have, there));
    }
  }

  void marked(int piece) {
    marked.set(piece);
  }

  void syncing() {
    syncing = (BitSet) marked.clone();
  }

  void synced() {
    durable = (BitSet) syncing.clone();
  }

  void publishing() {
    inPublish = true;
  }

  void published() {
    inPublish = false;
    published = true;
    forget();
  }

  /** It has its name, whoever gave it that. */
  void seenPublished() {
    seen = true;
  }

  void wrong() {
    inPublish = false;
    if (tainted.isEmpty()) {
      throw new AssertionError("the content counts as wrong, but upstream sent no wrong byte");
    }
    cameWrong = true;
    cameWrongSince = true;
    forget();
  }

  private void forget() {
    marked.clear();
    durable.clear();
    tainted.clear();
  }

  void closing() {
    syncing();
    failuresBefore = sim.store.failures();
  }

  void closed(Phase phase) {
    boolean verdict = phase == Phase.PUBLISHED || phase == Phase.WRONG;
    if (!kept) {
      marked.clear();
      durable.clear();
    } else if (!verdict && sim.store.failures() == failuresBefore) {
      synced();
    }
  }

  /** The process is gone. */
  void died(boolean cut) {
    if (cut) {
      seen = false;
      BitSet open = (BitSet) marked.clone();
      open.andNot(durable);
      unforced += bytesOf(open);
      marked = (BitSet) durable.clone();
    }
    if (!kept) {
      marked.clear();
      durable.clear();
    }
  }

  /** A partial blob was opened: holds what it found against what it was given before. */
  void opened(PartialBlob partial) throws IOException {
    BitSet found = partial.found();
    // After such a failure it may have been dropped, and wrong bytes may be on their way out.
    boolean excused =
        sim.store.harmfulFailures() > harmfulBefore || (inPublish && !tainted.isEmpty());
    BitSet gone = (BitSet) marked.clone();
    gone.andNot(found);
    if (!excused && !gone.isEmpty()) {
      throw new AssertionError("pieces that were there are gone: " + gone);
    }
    for (int piece = found.nextSetBit(0); piece >= 0; piece = found.nextSetBit(piece + 1)) {
      if (!tainted.get(piece)) {
        verify(partial, piece);
      }
    }
    long less = have - bytesOf(found);
    int connections = sim.upstream.connections() - connectionsBefore;
    long mayLose = (long) connections * PartialBlob.PIECE + unforced;
    if (kept && !excused && !cameWrongSince && less > mayLose) {
      throw new AssertionError(
          "%d bytes were lost, %d may be after %d connections"
              .formatted(less, mayLose, connections));
    }
    lost += less;
    have = bytesOf(found);
    marked = (BitSet) found.clone();
    durable.and(found);
    if (found.isEmpty()) {
      tainted.clear();
    }
    inPublish = false;
    unforced = 0;
    cameWrongSince = false;
    harmfulBefore = sim.store.harmfulFailures();
    connectionsBefore = sim.upstream.connections();
  }

  private void verify(PartialBlob partial, int piece) throws IOException {
    long from = (long) piece * PartialBlob.PIECE;
    ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(PartialBlob.PIECE, size - from));
    while (bytes.hasRemaining()) {
      partial.read(bytes, from + bytes.position());
    }
    if (bytes.flip().mismatch(sim.blob.bytes(from, bytes.limit())) >= 0) {
      throw new AssertionError("piece %d is said to be there, and is not".formatted(piece));
    }
  }

  /** Nothing was fetched twice but what was lost, and what was in the hand when a claim was cut. */
  void checkFetched() {
    long may = size + lost + (long) sim.upstream.connections() * sim.chunk;
    if (sim.upstream.sent() > may || wasted > (long) sim.upstream.connections() * sim.chunk) {
      throw new AssertionError(
          "%d bytes were fetched for %d: %d lost, %d thrown away"
              .formatted(sim.upstream.sent(), size, lost, wasted));
    }
  }
}
