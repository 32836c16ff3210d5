package io.intrahub.store;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Takes blobs that the operator brings. An import lets nobody read anything: a blob is kept within
 * the repo that names it, and clients need a proof to read it, as always.
 *
 * <p>For one thread, in a process that serves no clients.
 */
public interface BlobImporter {
  /** What became of a file. */
  enum Result {
    /** It is published and survives a power cut. */
    ADDED,
    /** The store had this blob. The file was not read. */
    PRESENT,
    /** The file has another size or digest. Nothing is stored. */
    WRONG
  }

  /**
   * Publishes a copy of a file whose size and digest are those of the blob. The copy is what is
   * compared, so that a change of the file meanwhile does no harm.
   *
   * @param link whether the file itself gets a second name in the store, and becomes read-only,
   *     instead of being copied
   * @throws IOException if the file can't be read, or the store can't take it; nothing is stored
   *     then
   */
  Result add(RepoId repo, BlobId blob, Path file, boolean link) throws IOException;
}
