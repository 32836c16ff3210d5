package io.intrahub.store.memory;

import io.intrahub.store.PartialBlob;
import io.intrahub.store.StoredBlob;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/** The bytes of one blob, as far as they are there. Safe for use by many threads. */
final class MemoryPieces {
  private static final int CHUNK = 64 << 10;

  private final long size;

  /** Guarded by this, like all below. What was not written of a chunk is zero. */
  private final Map<Integer, byte[]> chunks = new HashMap<>();

  private final BitSet marked = new BitSet();

  /** Where the last byte ends that was written. */
  private long end;

  MemoryPieces(long size) {
    this.size = size;
  }

  /** Of the whole blob, in bytes. */
  long size() {
    return size;
  }

  synchronized void mark(int piece) {
    marked.set(piece);
  }

  synchronized BitSet marked() {
    return (BitSet) marked.clone();
  }

  long markedBytes() {
    return marked().stream()
        .mapToLong(piece -> Math.min(PartialBlob.PIECE, size - (long) piece * PartialBlob.PIECE))
        .sum();
  }

  synchronized void write(ByteBuffer from, long position) {
    long to = position;
    while (from.hasRemaining()) {
      int at = (int) (to % CHUNK);
      int count = Math.min(from.remaining(), CHUNK - at);
      from.get(chunks.computeIfAbsent((int) (to / CHUNK), i -> new byte[CHUNK]), at, count);
      to += count;
    }
    end = Math.max(end, to);
  }

  synchronized int read(ByteBuffer into, long position) throws IOException {
    byte[] chunk = chunks.get((int) (position / CHUNK));
    if (position < 0 || position >= end || chunk == null) {
      throw new IOException("nothing is at %d of %d bytes".formatted(position, size));
    }
    int at = (int) (position % CHUNK);
    int count = (int) Math.min(Math.min(into.remaining(), CHUNK - at), end - position);
    into.put(chunk, at, count);
    return count;
  }

  StoredBlob open() {
    return new Open(this);
  }

  private record Open(MemoryPieces bytes) implements StoredBlob {
    @Override
    public long size() {
      return bytes.size();
    }

    @Override
    public int read(ByteBuffer into, long position) throws IOException {
      return bytes.read(into, position);
    }

    @Override
    public void close() {}
  }
}
