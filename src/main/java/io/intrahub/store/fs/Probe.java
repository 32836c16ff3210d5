package io.intrahub.store.fs;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tries at start, in the store's own folder, what the publish protocol rests on. */
final class Probe {
  private static final Logger log = LoggerFactory.getLogger(Probe.class);

  private Probe() {}

  /**
   * What a file system can do.
   *
   * @param links whether a file can have two names; else publishing falls back to a rename after a
   *     look whether the name is free, which is safe as one process owns the folder
   * @param modes whether files can be made read-only
   */
  record Features(boolean links, boolean modes) {}

  /**
   * Writes, syncs, links, renames.
   *
   * @throws IOException when something fails that the store can't do without
   */
  static Features run(Disk disk, Layout layout) throws IOException {
    Path file = layout.partial().resolve("probe");
    Path link = layout.partial().resolve("probe-link");
    Path moved = layout.partial().resolve("probe-moved");
    FileIo.create(disk, file, "probe\n".getBytes(StandardCharsets.US_ASCII));
    try {
      boolean links = true;
      try {
        disk.link(file, link);
        disk.delete(link);
      } catch (IOException | UnsupportedOperationException e) {
        links = false;
        log.warn("{} has no hard links, renames must do: {}", layout.root(), e.toString());
      }
      boolean modes = true;
      try {
        disk.setReadOnly(file);
      } catch (IOException | UnsupportedOperationException e) {
        modes = false;
        log.warn("{} has no read-only files: {}", layout.root(), e.toString());
      }
      disk.rename(file, moved);
      disk.forceFolder(layout.partial());
      return new Features(links, modes);
    } finally {
      for (Path left : new Path[] {file, link, moved}) {
        if (disk.facts(left).isPresent()) {
          disk.delete(left);
        }
      }
    }
  }
}
