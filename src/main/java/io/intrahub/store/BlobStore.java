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
   * Opens a published blob. What is found damaged (another size than its name promises) is moved to
   * quarantine and counts as absent.
   *
   * @return empty when it is not there; an I/O error also counts as absent and is logged, because
   *     the blob can be fetched again
   */
  Optional<StoredBlob> open(Authorised<RepoId> repo, BlobId blob);

  /** Whether {@link #open} would find it, for the price of a look at the index or one stat. */
  boolean contains(Authorised<RepoId> repo, BlobId blob);

  /**
   * Begins a blob that is not there. At most one writer at a time exists for one blob: the caller
   * (the transfer that owns the fill) sees to that.
   *
   * @throws IOException when the store can't take it, for example because the disk is full
   */
  BlobWriter write(RepoId repo, BlobId blob) throws IOException;
}
