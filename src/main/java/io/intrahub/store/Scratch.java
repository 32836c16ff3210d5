package io.intrahub.store;

import io.intrahub.access.AuthorisedBlob;
import java.io.IOException;

/**
 * Blobs on their way to be published: local files, since they are written at random and read while
 * they grow. A whole and verified one is handed to {@link PublishedBlobs}.
 *
 * <p>Safe for use by many threads.
 */
public interface Scratch {
  /**
   * Opens a blob that is not published, with the pieces of it that are there. At most one at a time
   * is open for one blob: the caller (the transfer) sees to that. Nothing is reserved by this: see
   * {@link PartialBlob#reserve}. To write what is published already is no error.
   *
   * @throws IOException when the store can't take it, for example because the disk is full, or
   *     because this blob is open already
   */
  PartialBlob write(AuthorisedBlob proof) throws IOException;
}
