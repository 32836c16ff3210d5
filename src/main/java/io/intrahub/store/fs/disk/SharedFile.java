package io.intrahub.store.fs.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One open file for many threads. The JDK closes a channel when a thread is interrupted in it, for
 * all who share it: then the others get a new one here. Safe for use by many threads.
 */
public final class SharedFile implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(SharedFile.class);
  private static final int ATTEMPTS = 8;

  /** Opens the file where it is now. */
  public interface Opener {
    Disk.File open() throws IOException;
  }

  private interface Call {
    int on(Disk.File file) throws IOException;
  }

  private final Opener opener;

  /** Guarded by this. Null: not open. */
  private Disk.@Nullable File file;

  /** Guarded by this. */
  private boolean closed;

  /**
   * A file that is opened when somebody needs it.
   *
   * @param file open already, or null
   */
  public SharedFile(Opener opener, Disk.@Nullable File file) {
    this.opener = opener;
    this.file = file;
  }

  /** As {@link Disk.File#read}. */
  public int read(ByteBuffer into, long position) throws IOException {
    return call(file -> file.read(into, position));
  }

  /** Writes the whole buffer at a position. */
  public void write(ByteBuffer from, long position) throws IOException {
    long at = position;
    while (from.hasRemaining()) {
      long now = at;
      int count = call(file -> file.write(from, now));
      if (count <= 0) {
        throw new IOException("the file system took no byte and gave no reason");
      }
      at += count;
    }
  }

  private int call(Call call) throws IOException {
    for (int attempt = 1; ; attempt++) {
      Disk.File now = current();
      try {
        return call.on(now);
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
      file = opener.open();
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

  /** Nothing is lost by that: what must be kept was forced before. */
  private static void closeQuietly(Disk.File file) {
    try {
      file.close();
    } catch (IOException e) {
      log.warn("A file could not be closed: {}", e.toString());
    }
  }
}
