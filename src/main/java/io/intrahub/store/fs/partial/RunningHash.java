package io.intrahub.store.fs.partial;

import io.intrahub.hub.BlobId;
import io.intrahub.store.fs.blobs.DigestCheck;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;

/**
 * The digest of a blob's bytes from the first to wherever it has got. For one thread at a time;
 * {@link #position} may be called by any.
 */
final class RunningHash {
  /** Bytes that are read back at once. */
  private static final int BUFFER = 256 << 10;

  private final BlobId blob;
  private final MessageDigest hash;
  private @Nullable ByteBuffer buffer;
  private volatile long position;

  /** Where the bytes are read from. */
  interface Source {
    /** Reads at least one byte from this position of the blob on, and returns their number. */
    int read(ByteBuffer into, long at) throws IOException;
  }

  /** Nothing is hashed yet. */
  RunningHash(BlobId blob) {
    this.blob = blob;
    this.hash = blob.digest().newHash(blob.size());
  }

  /** The number of bytes that are in the digest. */
  long position() {
    return position;
  }

  /** Goes on to this position; a position that was passed before changes nothing. */
  void advance(Source source, long to) throws IOException {
    if (buffer == null) {
      buffer = ByteBuffer.allocate((int) Math.min(BUFFER, blob.size()));
    }
    for (long at = position; at < to; at = position) {
      buffer.clear().limit((int) Math.min(buffer.capacity(), to - at));
      int count = source.read(buffer, at);
      hash.update(buffer.flip());
      position = at + count;
    }
  }

  /**
   * Whether the bytes are those of the blob. To be called once.
   *
   * @throws IllegalStateException when some of them are not in the digest
   */
  boolean matches() {
    if (position != blob.size()) {
      throw new IllegalStateException(
          "%d of %d bytes are in the hash".formatted(position, blob.size()));
    }
    return DigestCheck.matches(hash, blob.digest());
  }
}
