package io.intrahub.store.fs;

import io.intrahub.store.StoreException;
import io.intrahub.store.fs.disk.JdkDisk;
import io.intrahub.store.fs.disk.StoreLayout;
import io.intrahub.store.fs.startup.StoreMarker;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** Tells which store a folder holds, without opening it: no lock is taken, nothing is changed. */
public final class StoreIdentity {
  private StoreIdentity() {}

  /**
   * The random name of the store in a folder; see {@link FsStore#id}.
   *
   * @return empty if the folder is empty
   * @throws StoreException if the folder is something else, or can't be read
   */
  public static Optional<String> read(Path folder) throws StoreException {
    Path root = folder.toAbsolutePath().normalize();
    try {
      return StoreMarker.read(new JdkDisk(root), new StoreLayout(root)).map(StoreMarker::id);
    } catch (IOException e) {
      throw new StoreException(root, "can't be read: " + e, e);
    }
  }
}
