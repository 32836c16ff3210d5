package io.intrahub.store.fs;

import io.intrahub.store.GuardedFolder;
import io.intrahub.store.SeedBlobs;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An open file of a seed. Threads of the folder open, read and close it, into a buffer of its own:
 * whoever wants the bytes goes away when they do not come, and takes its own buffer along. To close
 * a channel waits for a read of it, so the thread that reads does that.
 *
 * <p>{@code this} guards the mutable fields that the threads of the folder use; the others belong
 * to the reader.
 */
final class SeedFile implements SeedBlobs.Seed {
  private static final Logger log = LoggerFactory.getLogger(SeedFile.class);

  /** In bytes. */
  private static final int BUFFER = 128 << 10;

  private final GuardedFolder folder;
  private final SeedVersion version;
  private final byte[] buffer;

  /** Where the bytes in the buffer are in the file. */
  private long from;

  private long to;

  /** A read failed. It may still be under way, and write to the buffer. */
  private boolean failed;

  private @Nullable FileChannel channel;

  /** Threads that use the channel. */
  private int uses;

  private boolean closed;

  private SeedFile(GuardedFolder folder, SeedVersion version) {
    this.folder = folder;
    this.version = version;
    this.buffer = new byte[(int) Math.clamp(version.stamp().size(), 1, BUFFER)];
  }

  /** Opens a file; empty if it was changed, or the folder hangs. */
  static Optional<SeedBlobs.Seed> open(GuardedFolder folder, SeedVersion version)
      throws IOException {
    SeedFile file = new SeedFile(folder, version);
    boolean opened = false;
    try {
      opened = folder.look(file::openNow).isPresent();
      return opened ? Optional.of(file) : Optional.empty();
    } finally {
      if (!opened) {
        file.close();
      }
    }
  }

  private Optional<Boolean> openNow() throws IOException {
    FileChannel opening;
    try {
      opening =
          FileChannel.open(version.file(), StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
    } catch (NoSuchFileException e) {
      // It was removed just now.
      return Optional.empty();
    }
    boolean isCurrent;
    synchronized (this) {
      channel = opening;
      uses++;
    }
    try {
      isCurrent = opening.size() == version.stamp().size() && version.isCurrent();
    } finally {
      unused(opening);
    }
    return isCurrent ? Optional.of(true) : Optional.empty();
  }

  private void unused(FileChannel used) {
    boolean last;
    synchronized (this) {
      uses--;
      last = closed && uses == 0;
    }
    if (last) {
      close(used);
    }
  }

  @Override
  public Path file() {
    return version.name();
  }

  @Override
  public void await(long position) throws IOException {
    if (failed) {
      throw new SeedBlobs.InterruptedSeedException(version.name() + " could not be read before");
    }
    if (position >= from && position < to) {
      return;
    }
    failed = true;
    Optional<Integer> count;
    try {
      count = folder.read(() -> readNow(position));
    } catch (IOException e) {
      throw e.getCause() instanceof SeedBlobs.InterruptedSeedException why ? why : e;
    }
    from = position;
    to =
        position
            + count.orElseThrow(
                () -> new SeedBlobs.InterruptedSeedException(folder.path() + " does not answer"));
    failed = false;
  }

  @Override
  public int read(ByteBuffer into, long position) throws IOException {
    await(position);
    int count = (int) Math.min(to - position, into.remaining());
    into.put(buffer, (int) (position - from), count);
    return count;
  }

  private Optional<Integer> readNow(long position) throws IOException {
    FileChannel in;
    synchronized (this) {
      if (closed || channel == null) {
        return Optional.empty();
      }
      in = channel;
      uses++;
    }
    try {
      int count = in.read(ByteBuffer.wrap(buffer), position);
      // After the read: its bytes are those that were verified if nothing has changed until now.
      if (!version.isCurrent()) {
        throw new SeedBlobs.InterruptedSeedException(
            version.name() + " was changed while it was read");
      }
      if (count < 0) {
        throw new EOFException(version.name() + " ended too early");
      }
      return Optional.of(count);
    } finally {
      unused(in);
    }
  }

  @Override
  public void close() {
    FileChannel unused;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      if (uses > 0 || channel == null) {
        return;
      }
      unused = channel;
    }
    folder.later(() -> close(unused));
  }

  private static void close(FileChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      log.debug("A seed could not be closed", e);
    }
  }
}
