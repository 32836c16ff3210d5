package io.intrahub.store;

import io.intrahub.access.AuthorisedBlob;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import java.io.IOException;
import java.util.Optional;

/**
 * Blobs that are whole, verified and never change. LFS content that everybody may read is shared by
 * all repos. Any other blob is kept within its repo: SHA-1 collisions must not cross repos, nor may
 * a repo get the bytes of a private one because it claims their digest.
 *
 * <p>Safe for use by many threads.
 */
public interface PublishedBlobs {
  /**
   * Opens a published blob. Bytes that are found to be other than their digest says are moved to
   * quarantine and count as absent; small blobs are checked each time. A large one that is in doubt
   * is checked in the background: see {@link StoredBlob#check}.
   *
   * <p>A blob whose digest is right and whose size is not that of {@code proof} is absent too, but
   * stays: the size is upstream's word, and other repos may say another.
   *
   * @return empty when it is not there; an I/O error also counts as absent and is logged, because
   *     the blob can be fetched again
   */
  Optional<StoredBlob> open(AuthorisedBlob proof);

  /** Whether it is there, for the price of one look: its content is not read. */
  boolean contains(AuthorisedBlob proof);

  /**
   * Publishes a blob. When this returns, the blob is there and survives a power cut. To publish
   * what is there already is no error: a good blob that has the name is kept.
   *
   * <p>Called by {@link Scratch} only, which has checked the digest.
   *
   * @param owner the repo within which it is kept, see {@link AuthorisedBlob#owner}; empty: all repos
   *     share it
   * @param file forced, and its space transferred, by this call
   * @throws IOException when the blob could not be made durable; nothing is published then, and the
   *     file is where it was
   */
  void put(Optional<RepoId> owner, BlobId blob, VerifiedFile file) throws IOException;
}
