package io.intrahub.store.fs;

import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.StoreLayout;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes grants of tokens that are too old to count: their tokens are no longer used.
 *
 * <p>Safe for use by many threads. A grant that is renewed at the same moment may be deleted too;
 * then the Hub is asked once more.
 */
final class GrantCleanup {
  private static final Logger log = LoggerFactory.getLogger(GrantCleanup.class);

  private final Disk disk;
  private final StoreLayout layout;
  private final Clock clock;

  GrantCleanup(Disk disk, StoreLayout layout, Clock clock) {
    this.disk = disk;
    this.layout = layout;
    this.clock = clock;
  }

  /**
   * Deletes the grants that were not written for some time. What can't be read or deleted stays and
   * is named in the log.
   */
  void deleteOlderThan(Duration life) {
    Instant time = clock.instant().minus(life);
    for (Path folder : list(layout.grants())) {
      for (Path grant : list(folder)) {
        deleteBefore(time, grant);
      }
    }
  }

  private List<Path> list(Path folder) {
    try {
      return disk.list(folder);
    } catch (IOException e) {
      log.warn("Old grants in {} could not be deleted: {}", folder, e.toString());
      return List.of();
    }
  }

  private void deleteBefore(Instant time, Path grant) {
    try {
      Optional<Disk.Attributes> facts = disk.attributes(grant);
      if (facts.isPresent() && facts.get().modified().isBefore(time)) {
        disk.delete(grant);
      }
    } catch (IOException e) {
      log.warn("The old grant {} could not be deleted: {}", grant, e.toString());
    }
  }
}
