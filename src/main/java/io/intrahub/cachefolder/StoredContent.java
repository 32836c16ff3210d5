package io.intrahub.cachefolder;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import io.intrahub.store.FileDigest;
import io.intrahub.store.fs.ReadOnlyStore;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Brings content of a store to a cache folder. For one thread. */
final class StoredContent {
  private final ReadOnlyStore store;
  private final CacheLayout layout;
  private final FolderWriter writer;
  private final CacheExport.Method method;

  StoredContent(
      ReadOnlyStore store, CacheLayout layout, FolderWriter writer, CacheExport.Method method) {
    this.store = store;
    this.layout = layout;
    this.writer = writer;
    this.method = method;
  }

  /** The store has no good copy. The message is for the operator. */
  static final class AbsentException extends Exception {
    private static final long serialVersionUID = 1L;

    AbsentException(String why) {
      super(why);
    }
  }

  /**
   * Brings a blob of the store to the cache folder: whole, verified and durable.
   *
   * @param incomplete its name until then
   */
  void bring(RepoId repo, BlobId blob, Path incomplete) throws IOException, AbsentException {
    if (blob.size() == 0) {
      // The store keeps no empty blobs.
      writer.write(incomplete, new byte[0]);
    } else {
      bringStored(repo, blob, incomplete);
    }
    if (!FileDigest.matches(incomplete, blob)) {
      writer.delete(incomplete);
      throw new AbsentException("its copy in the store is damaged");
    }
    writer.force(incomplete);
  }

  private void bringStored(RepoId repo, BlobId blob, Path incomplete)
      throws IOException, AbsentException {
    Path source = store.file(repo, blob).orElseThrow(() -> new AbsentException("it is not stored"));
    try {
      switch (method) {
        case COPY -> writer.copy(source, incomplete);
        case HARD_LINK -> link(source, incomplete);
      }
    } catch (NoSuchFileException e) {
      if (Files.exists(source, NOFOLLOW_LINKS)) {
        throw e;
      }
      throw new AbsentException("it was evicted from the store meanwhile");
    } catch (FileSystemException e) {
      if (String.valueOf(e.getFile()).equals(source.toString())) {
        throw new AbsentException("its copy in the store can't be read (" + e + ")");
      }
      throw e;
    } catch (IOException e) {
      requireReadable(source, blob);
      throw e;
    }
  }

  private void link(Path source, Path name) throws IOException {
    try {
      writer.hardLink(source, name);
    } catch (FileSystemException e) {
      if (!Files.getFileStore(source).equals(Files.getFileStore(layout.root()))) {
        // The same would happen to every file, so this is not a matter of one.
        throw new IOException(
            "the store and the cache folder are on different file systems, between which there are"
                + " no hard links: leave --link out",
            e);
      }
      throw e;
    }
  }

  /** Tells a file of the store that can't be read from a folder that can't be written. */
  private static void requireReadable(Path source, BlobId blob) throws AbsentException {
    try {
      var _ = FileDigest.matches(source, blob);
    } catch (IOException e) {
      throw new AbsentException("its copy in the store can't be read (" + e + ")");
    }
  }
}
