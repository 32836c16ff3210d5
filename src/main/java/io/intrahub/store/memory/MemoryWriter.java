package io.intrahub.store.memory;

import io.intrahub.hub.BlobId;
import io.intrahub.store.BlobWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.HexFormat;

/** A blob that grows in memory. */
final class MemoryWriter implements BlobWriter {
  private final MemoryStore store;
  private final MemoryStore.Key key;
  private final BlobId blob;
  private final MemoryBytes bytes = new MemoryBytes();

  // Owner of these: the one thread that writes.
  private final MessageDigest hash;
  private boolean ended;

  /** Set by the writing thread; a reader that comes later gets an error. */
  private volatile boolean closed;

  MemoryWriter(MemoryStore store, MemoryStore.Key key, BlobId blob) {
    this.store = store;
    this.key = key;
    this.blob = blob;
    this.hash = blob.digest().newHash(blob.size());
  }

  long left() {
    return blob.size() - bytes.size();
  }

  @Override
  public long position() {
    return bytes.size();
  }

  @Override
  public void write(ByteBuffer from) throws IOException {
    requireWriting();
    if (from.remaining() > left()) {
      ended = true;
      throw new IOException("more than the %d bytes of the blob came".formatted(blob.size()));
    }
    hash.update(from.duplicate());
    bytes.append(from);
  }

  @Override
  public int read(ByteBuffer into, long position) throws IOException {
    if (closed) {
      throw new IOException("the writer is closed");
    }
    return bytes.read(into, position);
  }

  @Override
  public Verdict publish() throws IOException {
    requireWriting();
    ended = true;
    if (left() != 0 || !HexFormat.of().formatHex(hash.digest()).equals(blob.digest().hex())) {
      return Verdict.WRONG;
    }
    store.publish(key, bytes);
    return Verdict.PUBLISHED;
  }

  private void requireWriting() throws IOException {
    if (ended) {
      throw new IOException("the writer has ended or failed before");
    }
  }

  @Override
  public void close() {
    if (!closed) {
      ended = true;
      closed = true;
      store.ended(this, key);
    }
  }
}
