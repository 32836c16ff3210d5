package io.intrahub.store;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Takes blobs that the operator brings. An import lets nobody read anything: a blob is kept within
 * the repo that names it, and clients need a proof to read it, as always.
 *
 * <p>For one thread at a time; the store may serve clients meanwhile.
 */
public interface BlobImporter {
  /** What became of a file. */
  sealed interface Result {
    /** It is published and survives a power cut. */
    record Added() implements Result {}

    /** The store had this blob. The file was not read. */
    record Present() implements Result {}

    /**
     * The file can't be used. Nothing is stored, and nothing was evicted for it.
     *
     * @param why for the operator
     */
    record Rejected(String why) implements Result {}
  }

  /**
   * Publishes a copy of a file whose size and digest are those of the blob. The copy is what is
   * compared, so that a change of the file meanwhile does no harm. If other content would have to
   * be evicted for it, the file itself is compared first.
   *
   * @param link whether the file itself gets a second name in the store, and becomes read-only,
   *     instead of being copied
   * @param goesOn called while the file is read; may end that with an unchecked exception, after
   *     which nothing is stored
   * @throws IOException if the store can't take it, although the file can be read; nothing is
   *     stored then
   */
  Result add(RepoId repo, BlobId blob, Path file, boolean link, Runnable goesOn) throws IOException;

  /**
   * The same for content that is not one plain file. At most a few bytes more than the size of the
   * blob are read of it.
   *
   * @throws IOException if the store can't take it, although the content can be read; nothing is
   *     stored then
   */
  Result add(RepoId repo, BlobId blob, ImportedContent content, Runnable goesOn) throws IOException;
}
