package io.intrahub.store;

import io.intrahub.access.Authorised;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import java.io.IOException;
import java.util.Optional;

/**
 * Published blobs, and blobs on their way to be published. LFS content is shared by all repos; a
 * blob with a git id is shared within its repo only, since SHA-1 collisions must not cross repos.
 *
 * <p>Safe for use by many threads.
 */
public interface BlobStore {
  /**
   * Opens a published blob. Bytes that are found to be other than their digest says are moved to
   * quarantine and count as absent; small blobs are checked each time. A large one that is in doubt
   * is checked in the background: see {@link StoredBlob#check}.
   *
   * <p>A blob whose digest is right and whose size is not {@code blob.size()} is absent too, but
   * stays: the size is upstream's word, and other repos may say another.
   *
   * @return empty when it is not there; an I/O error also counts as absent and is logged, because
   *     the blob can be fetched again
   */
  Optional<StoredBlob> open(Authorised<RepoId> repo, BlobId blob);

  /** Whether it is there, for the price of one look at the disk: its content is not read. */
  boolean contains(Authorised<RepoId> repo, BlobId blob);

  /**
   * Opens a blob that is not published, with the pieces of it that are there. At most one at a time
   * is open for one blob: the caller (the transfer) sees to that. Nothing is reserved by this: see
   * {@link PartialBlob#reserve}. To write what is published already is no error.
   *
   * @throws IOException when the store can't take it, for example because the disk is full, or
   *     because this blob is open already
   */
  PartialBlob write(Authorised<RepoId> repo, BlobId blob) throws IOException;
}
