package io.intrahub.store;

/**
 * What the mirror keeps, by role. Published blobs and metadata may be far away; scratch files are
 * local. Nobody may call a store under the lock of a map.
 *
 * <p>Close it last: a store that is closed in order starts without doubts.
 */
public interface Store extends AutoCloseable {
  /** Blobs that are whole and verified. */
  PublishedBlobs published();

  /** Blobs that are being fetched. */
  Scratch scratch();

  /** What is known of repos. */
  RepoStore repos();

  /** What the store does for itself. */
  Maintenance maintenance();

  /** 32 random bytes, secret to this installation, made at its first start; a copy. */
  byte[] installationKey();

  /** Ends the store. Writers should be closed before. Never throws. */
  @Override
  void close();
}
