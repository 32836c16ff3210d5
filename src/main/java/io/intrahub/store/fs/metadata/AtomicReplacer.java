package io.intrahub.store.fs.metadata;

import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.DurableFolders;
import io.intrahub.store.fs.disk.StoreLayout;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Replaces a metadata file in one step: whoever opens it finds the old content or the new one, also
 * after a power cut. Safe for use by many threads, one at a time for one file.
 */
public final class AtomicReplacer {
  private static final Logger log = LoggerFactory.getLogger(AtomicReplacer.class);

  private final Disk disk;
  private final StoreLayout layout;
  private final DurableFolders folders;
  private final MetadataIndex metadata;
  private final AtomicLong counter = new AtomicLong();

  /** Set once: nothing is written after the store's lock is gone. */
  private volatile boolean closed;

  /** A replacer that tells the index of each file that it replaces. */
  public AtomicReplacer(
      Disk disk, StoreLayout layout, DurableFolders folders, MetadataIndex metadata) {
    this.disk = disk;
    this.layout = layout;
    this.folders = folders;
    this.metadata = metadata;
  }

  /** Writes the content of a file. */
  public interface Body {
    void writeTo(Disk.File file) throws IOException;
  }

  public void close() {
    closed = true;
  }

  /**
   * Gives a file this content.
   *
   * @throws IOException when that failed; the file is as it was, or new but perhaps not durable
   */
  public void replace(Path path, Body body) throws IOException {
    folders.ensure(DurableFolders.parentOf(path));
    try (Temporary temporary = create()) {
      body.writeTo(temporary.file());
      temporary.moveTo(path);
    }
  }

  /**
   * Makes a temporary file, which a start of the store removes if nobody else did.
   *
   * @return to be closed
   */
  Temporary create() throws IOException {
    checkOpen();
    Path path = layout.temporary(counter.incrementAndGet());
    return new Temporary(path, disk.create(path));
  }

  private void checkOpen() throws IOException {
    if (closed) {
      throw new IOException("the store is closed");
    }
  }

  /** A file that is being written. For one thread at a time; to be closed by it. */
  final class Temporary implements AutoCloseable {
    private final Path path;
    private final Disk.File file;
    private boolean fileClosed;
    private boolean ended;

    private Temporary(Path path, Disk.File file) {
      this.path = path;
      this.file = file;
    }

    /** For reading and writing, until this is moved or closed. */
    Disk.File file() {
      return file;
    }

    /**
     * Makes the content durable and gives the file its name, in place of what has that name.
     *
     * @throws IOException when that failed; the other file is as it was, or this one has its name
     *     but perhaps not durably
     */
    void moveTo(Path target) throws IOException {
      moveTo(target, ManifestPlacements.Step::run);
    }

    /** Makes the one step in which a file gets its name. */
    interface Placement {
      /** Runs the step once. */
      void place(ManifestPlacements.Step rename) throws IOException;
    }

    /** As {@link #moveTo(Path)}, with what has to be done together with the last step. */
    void moveTo(Path target, Placement placement) throws IOException {
      checkOpen();
      Path parent = DurableFolders.parentOf(target);
      folders.ensure(parent);
      file.force();
      closeFile();
      long before = metadata.lengthOf(target);
      placement.place(() -> disk.rename(path, target));
      ended = true;
      metadata.changed(target, before);
      folders.sync(parent);
    }

    private void closeFile() throws IOException {
      if (!fileClosed) {
        fileClosed = true;
        file.close();
      }
    }

    /** Removes the file, unless it was moved. May be called twice; never throws. */
    @Override
    public void close() {
      if (ended) {
        return;
      }
      ended = true;
      try {
        closeFile();
      } catch (IOException e) {
        log.warn("{} could not be closed: {}", path, e.toString());
      }
      try {
        // Once the store is closed, the name may belong to the next process.
        if (!closed && disk.attributes(path).isPresent()) {
          disk.delete(path);
        }
      } catch (IOException e) {
        log.warn("{} could not be removed and stays until the next start: {}", path, e.toString());
      }
    }
  }
}
