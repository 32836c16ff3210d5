package io.intrahub.cachefolder;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.Digest;
import io.intrahub.hub.Entry;
import io.intrahub.hub.FilePath;
import java.util.Optional;

/** Makes the entries of a commit from what a client's folder has of it. */
final class CachedEntries {
  /**
   * In place of the id of a folder's tree, which would follow from all files of the folder: git's
   * id of nothing.
   */
  private static final String UNKNOWN_TREE = "0".repeat(40);

  private CachedEntries() {}

  /** The entry of a folder. */
  static Entry folder(FilePath path) {
    return new Entry(Entry.Kind.DIRECTORY, path, UNKNOWN_TREE, 0, Optional.empty());
  }

  /** The entry of a file. */
  static Entry file(FilePath path, BlobId blob) {
    return switch (blob.digest()) {
      case Digest.GitSha1 sha1 ->
          new Entry(Entry.Kind.FILE, path, sha1.hex(), blob.size(), Optional.empty());
      case Digest.Sha256 sha256 -> {
        byte[] pointer = LfsPointers.text(sha256, blob.size());
        String oid = LfsPointers.gitId(pointer);
        Entry.Lfs lfs = new Entry.Lfs(sha256, blob.size(), pointer.length);
        yield new Entry(Entry.Kind.FILE, path, oid, blob.size(), Optional.of(lfs));
      }
    };
  }
}
