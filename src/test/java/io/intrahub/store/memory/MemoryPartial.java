package io.intrahub.store.memory;

import io.intrahub.hub.BlobId;
import io.intrahub.store.PartialBlob;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;

/** A blob whose pieces gather in memory. */
final class MemoryPartial implements PartialBlob {
  private static final int BUFFER = 64 << 10;

  private final MemoryStore store;
  private final MemoryStore.PartialKey key;
  private final BlobId blob;
  private final MemoryPieces bytes;
  private final BitSet found;
  private final AtomicLong reserved = new AtomicLong();

  // Owner of these: the one thread that hashes and publishes.
  private final MessageDigest hash;
  private volatile long hashed;

  /** Whether there was a verdict. */
  private volatile boolean ended;

  private volatile boolean closed;

  MemoryPartial(MemoryStore store, MemoryStore.PartialKey key, BlobId blob, MemoryPieces bytes) {
    this.store = store;
    this.key = key;
    this.blob = blob;
    this.bytes = bytes;
    this.found = bytes.marked();
    this.hash = blob.digest().newHash(blob.size());
  }

  long reserved() {
    return reserved.get();
  }

  /** Bytes of marked pieces, unless there was a verdict. */
  long unpublished() {
    return ended ? 0 : bytes.markedBytes();
  }

  @Override
  public BitSet found() {
    return (BitSet) found.clone();
  }

  @Override
  public void reserve(long more) throws IOException {
    requireOpen();
    reserved.addAndGet(more);
  }

  @Override
  public void unreserve(long bytes) {
    reserved.updateAndGet(left -> left - Math.min(left, bytes));
  }

  @Override
  public void write(ByteBuffer from, long at) throws IOException {
    requireOpen();
    if (at < 0 || from.remaining() > blob.size() - at) {
      throw new IOException("the blob has no more than %d bytes".formatted(blob.size()));
    }
    int count = from.remaining();
    bytes.write(from, at);
    unreserve(count);
  }

  @Override
  public void mark(int piece) throws IOException {
    Objects.checkIndex(piece, PartialBlob.pieces(blob.size()));
    requireOpen();
    bytes.mark(piece);
  }

  @Override
  public int read(ByteBuffer into, long at) throws IOException {
    if (closed) {
      throw new IOException("the blob is closed");
    }
    return bytes.read(into, at);
  }

  @Override
  public void sync() throws IOException {
    requireOpen();
  }

  @Override
  public long hashed() {
    return hashed;
  }

  @Override
  public void hash(long to) throws IOException {
    requireOpen();
    Objects.checkFromToIndex(0, to, blob.size());
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
    for (long at = hashed; at < to; at = hashed) {
      buffer.clear().limit((int) Math.min(BUFFER, to - at));
      int count = bytes.read(buffer, at);
      hash.update(buffer.flip());
      hashed = at + count;
    }
  }

  @Override
  public Verdict publish() throws IOException {
    requireOpen();
    if (hashed != blob.size()) {
      throw new IllegalStateException(
          "%d of %d bytes are in the hash".formatted(hashed, blob.size()));
    }
    ended = true;
    boolean right = HexFormat.of().formatHex(hash.digest()).equals(blob.digest().hex());
    if (right) {
      store.publish(key.blob(), bytes);
    }
    store.ended(key);
    return right ? Verdict.PUBLISHED : Verdict.WRONG;
  }

  private void requireOpen() throws IOException {
    if (ended || closed) {
      throw new IOException("the blob is published or closed");
    }
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    store.closed(this);
    if (ended) {
      return;
    }
    if (PartialBlob.isKept(blob.size()) && !bytes.marked().isEmpty()) {
      store.keep(key, bytes);
    } else {
      store.ended(key);
    }
  }
}
