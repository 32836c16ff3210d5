package io.intrahub.upstream;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.FilePath;
import java.util.List;

/**
 * Names the large files of a commit that a client may want next, so that the addresses of all of
 * them are asked for with one call. Safe for use by many threads.
 */
@FunctionalInterface
public interface CommitFiles {
  /** Knows of no other file. */
  CommitFiles NONE = limit -> List.of();

  /**
   * A file.
   *
   * @param path in the commit
   * @param blob its content, stored with LFS
   */
  record Named(FilePath path, BlobId blob) {}

  /**
   * Returns LFS files whose content is not stored yet, nearest first. May read the disk, asks
   * nobody, and throws nothing.
   *
   * @param limit how many, at most
   */
  List<Named> wanted(int limit);

  /**
   * Whether {@link #wanted} looks at all files of the commit, so that every file of it finds as few
   * as this one. May read the disk.
   */
  default boolean isExhaustive() {
    return false;
  }
}
