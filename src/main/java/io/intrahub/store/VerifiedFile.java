package io.intrahub.store;

import java.io.IOException;
import java.nio.file.Path;

/**
 * A local file whose bytes have the digest of a blob. It belongs to {@link Scratch}, which hands it
 * to {@link PublishedBlobs#put}. For the one thread that publishes.
 */
public interface VerifiedFile {
  /** Where it is. It may be copied, linked or moved from there. */
  Path path();

  /**
   * Makes its bytes survive a power cut. From then on nobody writes to it.
   *
   * @throws IOException when that failed; the blob must not be published then, and the bytes are
   *     not believed any more
   */
  void force() throws IOException;

  /**
   * Passes on the disk space that is reserved for it, in one step.
   *
   * @param count makes the blob count as published
   */
  void transferSpace(Runnable count);
}
