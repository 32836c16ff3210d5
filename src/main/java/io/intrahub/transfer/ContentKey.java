package io.intrahub.transfer;

import io.intrahub.access.AuthorisedBlob;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import java.util.Optional;

/**
 * A content that is fetched once for all who share it.
 *
 * @param owner the repo within which it is shared; empty: by all repos, see {@link
 *     AuthorisedBlob#owner}
 */
record ContentKey(Optional<RepoId> owner, BlobId blob) {
  static ContentKey of(AuthorisedBlob proof) {
    return new ContentKey(proof.owner(), proof.blob());
  }

  /** Within its repo, whatever it is. */
  static ContentKey unshared(RepoId repo, BlobId blob) {
    return new ContentKey(Optional.of(repo), blob);
  }
}
