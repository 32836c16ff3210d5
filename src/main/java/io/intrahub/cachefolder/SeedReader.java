package io.intrahub.cachefolder;

import io.intrahub.store.GuardedFolder;
import java.io.IOException;
import java.util.Optional;
import java.util.function.BiFunction;
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
    return orNothing(
        folder,
        () ->
            folder.look(
                () -> Optional.of(new SeedReader(folder, new CacheFolderReader(folder.path())))));
  }

  /** Looks at something. */
  <T> Optional<T> look(Function<CacheFolderReader, Optional<T>> look) {
    return orNothing(folder, () -> folder.look(() -> look.apply(reader)));
  }

  /**
   * Looks at something for which much may have to be read.
   *
   * @param look calls what it is given after each part
   */
  <T> Optional<T> lookLong(BiFunction<CacheFolderReader, Runnable, Optional<T>> look) {
    return orNothing(folder, () -> folder.lookLong(goesOn -> look.apply(reader, goesOn)));
  }

  private static <T> Optional<T> orNothing(GuardedFolder folder, GuardedFolder.Look<T> look) {
    try {
      return look.now();
    } catch (IOException e) {
      // A folder that is not mounted is named in the log of the start.
      log.debug("{} can't be read", folder.path(), e);
      return Optional.empty();
    }
  }
}
