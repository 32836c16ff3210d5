package io.intrahub.store.fs.startup;

import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.FileIo;
import io.intrahub.store.fs.disk.StoreLayout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out at start what the file system can do besides what it must: writing, renaming and
 * syncing are tried by {@link CleanShutdownMarker}, whose mark a start has to write anyway.
 */
public final class FileSystemProbe {
  private static final Logger log = LoggerFactory.getLogger(FileSystemProbe.class);

  private FileSystemProbe() {}

  /**
   * What a file system can do.
   *
   * @param links whether a file can have two names; else publishing falls back to a rename after a
   *     look whether the name is free, which is safe as one process owns the folder
   * @param modes whether files can be made read-only
   */
  public record Features(boolean links, boolean modes) {}

  /**
   * Writes a file and tries things with it.
   *
   * @throws IOException when no file can be written
   */
  public static Features run(Disk disk, StoreLayout layout) throws IOException {
    Path file = layout.partial().resolve("probe");
    Path link = layout.partial().resolve("probe-link");
    try (Disk.File probe = disk.create(file)) {
      FileIo.writeFully(probe, ByteBuffer.wrap("probe\n".getBytes(StandardCharsets.US_ASCII)));
    }
    boolean links = succeeds(() -> disk.link(file, link), layout, "has no hard links");
    boolean modes = succeeds(() -> disk.setReadOnly(file), layout, "has no read-only files");
    for (Path left : List.of(file, link)) {
      if (disk.attributes(left).isPresent()) {
        disk.delete(left);
      }
    }
    return new Features(links, modes);
  }

  private interface Attempt {
    void run() throws IOException;
  }

  private static boolean succeeds(Attempt attempt, StoreLayout layout, String otherwise) {
    try {
      attempt.run();
      return true;
    } catch (IOException | UnsupportedOperationException e) {
      log.warn("The store folder {} {}: {}", layout.root(), otherwise, e.toString());
      return false;
    }
  }
}
