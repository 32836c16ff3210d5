package io.intrahub.store;

/** What the mirror keeps. Close it last: a store that is closed in order starts without doubts. */
public interface Store extends AutoCloseable {
  /** The bytes of files. */
  BlobStore blobs();

  /** What is known of repos. */
  RepoStore repos();

  /** What it holds now. */
  StoreUsage usage();

  /** Ends the store. Writers should be closed before. Never throws. */
  @Override
  void close();
}
