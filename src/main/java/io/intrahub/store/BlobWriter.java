package io.intrahub.store;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A blob that is being written. One thread writes and ends it; any number of threads may read what
 * {@link #write} has returned from.
 *
 * <p>Life: {@link #write} in order, then either {@link #publish} or nothing, then {@link #close},
 * which drops what was not published.
 */
public interface BlobWriter extends AutoCloseable {
  /** Number of bytes written so far. */
  long position();

  /**
   * Appends the whole buffer, hashing what it writes.
   *
   * @throws IOException when the store can't take it, or when the blob would grow beyond its size;
   *     the writer can then only be closed, and what was written before can still be read
   */
  void write(ByteBuffer from) throws IOException;

  /**
   * Reads back bytes that were written; as {@link StoredBlob#read}. Safe for use by many threads,
   * until {@link #close}; after a verdict of {@link Verdict#WRONG} it may fail.
   */
  int read(ByteBuffer into, long position) throws IOException;

  /** What {@link #publish} found. */
  enum Verdict {
    /** The digest is right; the blob is published and survives a power cut. */
    PUBLISHED,
    /** The digest or the size is wrong: the bytes are in quarantine and nothing is published. */
    WRONG
  }

  /**
   * Checks size and digest and makes the blob visible under its name.
   *
   * @throws IOException when it could not be made durable; nothing is published then, and the
   *     writer can only be closed
   */
  Verdict publish() throws IOException;

  /** Ends writing. Readers of this writer must be gone. Never throws. */
  @Override
  void close();
}
