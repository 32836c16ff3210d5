package io.intrahub.store.fs;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.Digest;
import java.nio.file.Path;

/** Where the tests find a shared blob. */
final class BlobFiles {
  private BlobFiles() {}

  static Path of(Path data, BlobId blob) {
    return new Layout(data).shared((Digest.Sha256) blob.digest()).blob();
  }
}
