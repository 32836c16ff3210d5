package io.intrahub.store.fs;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Replaces a metadata file in one step: whoever opens it finds the old content or the new one, also
 * after a power cut. Safe for use by many threads, one at a time for one file.
 */
final class Replacer {
  private static final Logger log = LoggerFactory.getLogger(Replacer.class);

  private final Disk disk;
  private final Layout layout;
  private final Folders folders;
  private final AtomicLong counter = new AtomicLong();

  /** Set once: nothing is written after the store's lock is gone. */
  private volatile boolean closed;

  Replacer(Disk disk, Layout layout, Folders folders) {
    this.disk = disk;
    this.layout = layout;
    this.folders = folders;
  }

  /** Writes the content of a file. */
  interface Body {
    void writeTo(Disk.File file) throws IOException;
  }

  void close() {
    closed = true;
  }

  /**
   * Gives a file this content.
   *
   * @throws IOException when that failed; the file is as it was, or new but perhaps not durable
   */
  void replace(Path path, Body body) throws IOException {
    if (closed) {
      throw new IOException("the store is closed");
    }
    Path parent = path.getParent();
    if (parent == null) {
      throw new IllegalArgumentException(path + " lies in no folder");
    }
    folders.ensure(parent);
    Path temporary = layout.temporary(counter.incrementAndGet());
    boolean moved = false;
    try {
      try (Disk.File file = disk.create(temporary)) {
        body.writeTo(file);
        file.force();
      }
      disk.rename(temporary, path);
      moved = true;
    } finally {
      if (!moved) {
        discard(temporary);
      }
    }
    disk.forceFolder(parent);
  }

  private void discard(Path temporary) {
    try {
      if (disk.facts(temporary).isPresent()) {
        disk.delete(temporary);
      }
    } catch (IOException e) {
      log.warn("{} stays until the next start: {}", temporary, e.toString());
    }
  }
}
