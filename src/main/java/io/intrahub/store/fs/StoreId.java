package io.intrahub.store.fs;

import io.intrahub.store.StoreException;
import io.intrahub.store.fs.disk.JdkDisk;
import io.intrahub.store.fs.disk.StoreLayout;
import io.intrahub.store.fs.startup.StoreMarker;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** The random name of a store, by which a command tells whether a mirror runs on its folder. */
public final class StoreId {
  private StoreId() {}

  /**
   * Reads it from a folder, which a mirror may have open. {@code /status} of that mirror names it
   * too.
   *
   * @return 32 hexadecimal digits; empty if the folder is missing, is not a store, or can't be read
   */
  public static Optional<String> read(Path folder) {
    Path root = folder.toAbsolutePath().normalize();
    try {
      return StoreMarker.read(new JdkDisk(root), new StoreLayout(root)).map(StoreMarker::id);
    } catch (StoreException | IOException _) {
      return Optional.empty();
    }
  }
}
