package io.intrahub.store;

import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.Optional;

/**
 * An answer of upstream about a commit, as the store keeps it. Safe for use by many threads; it
 * holds no open file.
 */
public interface StoredAnswer {
  /** The store keeps answers up to this length, in bytes, in memory too. */
  int SMALL = 256 * 1024;

  /** A longer answer, in bytes, is not kept. */
  long MAX_LENGTH = 256L << 20;

  /** When upstream gave it. */
  Instant learnedAt();

  /** In bytes. */
  long length();

  /**
   * All bytes, if they are in memory anyway; shared, so they must not be changed. Never those of an
   * answer longer than {@link #SMALL}.
   */
  Optional<byte[]> small();

  /**
   * Reads the answer from its beginning; {@link #length} bytes follow unless reading fails.
   *
   * <p>A checksum covers the answer. A read that reaches the end of a damaged answer fails instead
   * of returning the last bytes, so that what was read before never looks like a whole answer. The
   * store then forgets the answer.
   *
   * @return a stream for one thread at a time, to be closed by the caller
   * @throws IOException when the answer can't be read, or was replaced since it was looked up
   */
  InputStream open() throws IOException;
}
