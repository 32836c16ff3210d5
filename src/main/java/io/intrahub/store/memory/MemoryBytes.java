package io.intrahub.store.memory;

import io.intrahub.store.StoredBlob;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Bytes that grow at the end: one thread appends, many read. */
final class MemoryBytes {
  private static final int CHUNK = 64 << 10;

  /** Guarded by this; a chunk's bytes below {@link #size} never change. */
  private final List<byte[]> chunks = new ArrayList<>();

  /** Guarded by this. */
  private long size;

  synchronized long size() {
    return size;
  }

  synchronized void append(ByteBuffer from) {
    while (from.hasRemaining()) {
      int at = (int) (size % CHUNK);
      if (at == 0) {
        chunks.add(new byte[CHUNK]);
      }
      int count = Math.min(from.remaining(), CHUNK - at);
      from.get(chunks.getLast(), at, count);
      size += count;
    }
  }

  synchronized int read(ByteBuffer into, long position) throws IOException {
    if (position < 0 || position >= size) {
      throw new IOException("nothing is at %d of %d bytes".formatted(position, size));
    }
    int at = (int) (position % CHUNK);
    long count = Math.min(Math.min(into.remaining(), CHUNK - at), size - position);
    into.put(chunks.get((int) (position / CHUNK)), at, (int) count);
    return (int) count;
  }

  StoredBlob open() {
    return new Open(this, size());
  }

  private record Open(MemoryBytes bytes, long size) implements StoredBlob {
    @Override
    public int read(ByteBuffer into, long position) throws IOException {
      return bytes.read(into, position);
    }

    @Override
    public void close() {}
  }
}
