package io.intrahub.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;

/** An open published blob. It can be read to its end even when it is evicted meanwhile. */
public interface StoredBlob extends AutoCloseable {
  /** What a check of the whole content found. */
  enum Check {
    /** It is what its digest says. */
    RIGHT,
    /** It is something else, and is in quarantine. */
    WRONG,
    /** It could not be read to its end, or the store was closed. */
    FAILED
  }

  /**
   * The check of its content. That is over for almost every blob. It is not for a large one that an
   * earlier process published shortly before it was killed, or of which a read has failed: such a
   * blob can be read at once, but no client may take it for complete before the check is over.
   *
   * @return never completes exceptionally; what is done to it concerns nobody else
   */
  default CompletableFuture<Check> check() {
    return CompletableFuture.completedFuture(Check.RIGHT);
  }

  /** In bytes. */
  long size();

  /**
   * Reads at least one byte at {@code position} into the buffer. Safe for use by many threads.
   *
   * @param into has room
   * @param position not negative and less than {@link #size}
   * @return the number of bytes read, at least 1
   * @throws IOException also when the file ends before {@link #size}
   */
  int read(ByteBuffer into, long position) throws IOException;

  @Override
  void close();
}
