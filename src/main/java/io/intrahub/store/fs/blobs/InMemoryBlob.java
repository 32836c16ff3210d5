package io.intrahub.store.fs.blobs;

import io.intrahub.store.StoredBlob;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A small published blob: the very bytes whose digest was checked. */
public record InMemoryBlob(ByteBuffer bytes) implements StoredBlob {
  @Override
  public long size() {
    return bytes.capacity();
  }

  @Override
  public int read(ByteBuffer into, long position) throws IOException {
    requireInside(position, size());
    int count = (int) Math.min(into.remaining(), size() - position);
    into.put(into.position(), bytes, (int) position, count);
    into.position(into.position() + count);
    return count;
  }

  @Override
  public void close() {}

  public static void requireInside(long position, long size) throws IOException {
    if (position < 0 || position >= size) {
      throw new IOException("nothing is at %d of %d bytes".formatted(position, size));
    }
  }
}
