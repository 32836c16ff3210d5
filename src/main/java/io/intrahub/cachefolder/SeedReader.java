package io.intrahub.cachefolder;

import io.intrahub.store.GuardedFolder;
import java.io.IOException;
import java.util.Optional;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads a cache folder that is a seed. What can't be read is not there. Safe for use by many
 * threads.
 */
record SeedReader(GuardedFolder folder, CacheFolderReader reader) {
  private static final Logger log = LoggerFactory.getLogger(SeedReader.class);

  /** Empty if the folder is not mounted, or does not answer. */
  static Optional<SeedReader> of(GuardedFolder folder) {
    return look(
        folder, 1, () -> Optional.of(new SeedReader(folder, new CacheFolderReader(folder.path()))));
  }

  /** Looks at something. */
  <T> Optional<T> look(Function<CacheFolderReader, Optional<T>> look) {
    return look(folder, 1, () -> look.apply(reader));
  }

  /** Looks at something for which much may have to be read. */
  <T> Optional<T> lookLong(Function<CacheFolderReader, Optional<T>> look) {
    return look(folder, 15, () -> look.apply(reader));
  }

  private static <T> Optional<T> look(GuardedFolder folder, int times, GuardedFolder.Look<T> look) {
    try {
      return folder.look(times, look);
    } catch (IOException e) {
      // A folder that is not mounted is named in the log of the start.
      log.debug("{} can't be read", folder.path(), e);
      return Optional.empty();
    }
  }
}
