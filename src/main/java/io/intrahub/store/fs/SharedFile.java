package io.intrahub.store.fs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One open file for many readers. The JDK closes a channel when a thread is interrupted in it, for
 * all who share it: then the others get a new one here. Safe for use by many threads.
 */
final class SharedFile implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(SharedFile.class);
  private static final int ATTEMPTS = 8;

  private final Disk disk;
  private final Supplier<Path> path;

  /** Guarded by this. Null: not open. */
  private Disk.@Nullable File file;

  /** Guarded by this. */
  private boolean closed;

  /**
   * A file that is opened when somebody reads.
   *
   * @param path where it is now
   * @param file open already, or null
   */
  SharedFile(Disk disk, Supplier<Path> path, Disk.@Nullable File file) {
    this.disk = disk;
    this.path = path;
    this.file = file;
  }

  /** As {@link Disk.File#read}. */
  int read(ByteBuffer into, long position) throws IOException {
    for (int attempt = 1; ; attempt++) {
      Disk.File now = current();
      try {
        return now.read(into, position);
      } catch (ClosedByInterruptException e) {
        // This thread was interrupted itself.
        throw e;
      } catch (ClosedChannelException e) {
        if (attempt == ATTEMPTS) {
          throw e;
        }
        forget(now);
      }
    }
  }

  private synchronized Disk.File current() throws IOException {
    if (closed) {
      throw new ClosedChannelException();
    }
    if (file == null) {
      file = disk.open(path.get());
    }
    return file;
  }

  private synchronized void forget(Disk.File broken) {
    if (broken.equals(file)) {
      file = null;
      closeQuietly(broken);
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    if (file != null) {
      closeQuietly(file);
      file = null;
    }
  }

  /** Closing a file that was only read loses nothing. */
  private static void closeQuietly(Disk.File file) {
    try {
      file.close();
    } catch (IOException e) {
      log.warn("A file could not be closed after reading: {}", e.toString());
    }
  }
}
