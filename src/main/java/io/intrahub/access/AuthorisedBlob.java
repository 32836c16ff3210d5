package io.intrahub.access;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.Digest;
import io.intrahub.hub.RepoId;
import java.util.Optional;

/**
 * Proof that the current client may read this blob as content of this repo now. Only {@link
 * AccessChecker} creates it, from the proof for the repo, and the store requires it to open or
 * write content. The digest of a blob alone therefore opens nothing, although public
 * repos share content with a SHA-256 digest.
 *
 * <p>It is a type of its own and no {@code Authorised<BlobId>}, because the right to read a blob
 * holds only together with a repo: blobs with a git id are shared within their repo only, and a
 * refusal ends the right of one repo.
 *
 * <p>A proof is valid for one request and is never stored. Immutable.
 */
public final class AuthorisedBlob {
  private final Authorised<RepoId> repo;
  private final BlobId blob;

  /** Package-private on purpose: see the class comment. */
  AuthorisedBlob(Authorised<RepoId> repo, BlobId blob) {
    this.repo = repo;
    this.blob = blob;
  }

  /** The repo that names the blob. */
  public RepoId repo() {
    return repo.subject();
  }

  /**
   * Within which repo the blob is kept: empty if all repos share it, because its digest is a
   * SHA-256 and everybody may read it. Content that not everybody may read is not shared: else a
   * hostile repo that claims its digest would be given its bytes.
   */
  public Optional<RepoId> owner() {
    boolean shared = blob.digest() instanceof Digest.Sha256 && repo.isForEverybody();
    return shared ? Optional.empty() : Optional.of(repo.subject());
  }

  /** The blob that may be read. */
  public BlobId blob() {
    return blob;
  }

  @Override
  public String toString() {
    return "AuthorisedBlob[" + blob + " of " + repo.subject() + "]";
  }
}
