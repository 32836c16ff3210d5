package io.intrahub.store;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Content that the operator has placed beside the store, and that is taken from there before
 * upstream is asked for it. Whoever asks has proved the right to read the blob in this repo, and
 * checks the digest of what is read. Content of one repo is never given to another, which might
 * claim the digest of a file that it must not see. Safe for use by many threads.
 */
public interface SeedBlobs {
  /** There is none. */
  SeedBlobs NONE =
      new SeedBlobs() {
        @Override
        public Optional<Seed> open(RepoId repo, BlobId blob, Duration atMost) {
          return Optional.empty();
        }

        @Override
        public boolean await(RepoId repo, BlobId blob, Duration atMost) {
          return false;
        }

        @Override
        public boolean mayOffer(RepoId repo, BlobId blob) {
          return false;
        }

        @Override
        public boolean isVerifying(RepoId repo, BlobId blob) {
          return false;
        }

        @Override
        public void reject(Path file) {}
      };

  /** An open file. For one thread; closed by it. */
  interface Seed extends AutoCloseable {
    /** Its name, for {@link SeedBlobs#reject}. */
    Path file();

    /**
     * Waits until there are bytes at a position, for a few seconds at most.
     *
     * @throws InterruptedSeedException if they did not come, or the file was changed
     */
    void await(long position) throws IOException;

    /**
     * Reads some bytes at a position, within the file. They are those that were verified, unless
     * the disk is damaged. Waits as {@link #await} does.
     *
     * @throws InterruptedSeedException if they did not come, or the file was changed
     */
    int read(ByteBuffer into, long position) throws IOException;

    @Override
    void close();
  }

  /** A file can't be read on, though it is not damaged. */
  final class InterruptedSeedException extends IOException {
    private static final long serialVersionUID = 1L;

    /** Says why. */
    public InterruptedSeedException(String why) {
      super(why);
    }
  }

  /**
   * Opens a file with the name, the size and the digest of a blob. It may be changed afterwards, so
   * what is read of it is to be checked all the same.
   *
   * @param atMost how long to wait while its digest is computed; that goes on afterwards, and
   *     counts for the next one who asks
   */
  Optional<Seed> open(RepoId repo, BlobId blob, Duration atMost);

  /**
   * Waits until {@link #open} need not.
   *
   * @return whether there is such a file
   */
  boolean await(RepoId repo, BlobId blob, Duration atMost);

  /**
   * Returns whether a client may be told that a file is there. A small one is read to find out; of
   * a large one only that it was not found to be damaged.
   */
  boolean mayOffer(RepoId repo, BlobId blob);

  /**
   * Returns whether the digest of such a file is being computed, so that {@link #open} may find it
   * later.
   */
  boolean isVerifying(RepoId repo, BlobId blob);

  /**
   * The content of a file was wrong or could not be read. It is not opened for a while, and its
   * digest is computed anew before its next use. Other files with this content stay in use.
   *
   * @param file of an opened {@link Seed}
   */
  void reject(Path file);
}
