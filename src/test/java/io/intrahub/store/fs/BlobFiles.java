package io.intrahub.store.fs;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.Digest;
import io.intrahub.store.fs.disk.StoreLayout;
import java.nio.file.Path;

/** Where the tests find a shared blob. */
final class BlobFiles {
  private BlobFiles() {}

  static Path of(Path data, BlobId blob) {
    return new StoreLayout(data).shared((Digest.Sha256) blob.digest()).blob();
  }
}
