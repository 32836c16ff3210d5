package io.intrahub.store.fs.startup;

import io.intrahub.base.LocalHostName;
import io.intrahub.store.StoreException;
import io.intrahub.store.fs.disk.StoreLayout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a second process out. The lock is the operating system's, so it ends with the process that
 * holds it, however that dies; the text in the file only says who it is.
 *
 * <p>POSIX drops such a lock when the process closes <em>any</em> channel to the file. So nothing
 * else in the process may open it, not even to change its times.
 */
public final class StoreLock implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(StoreLock.class);
  private static final int MAX_TEXT = 1024;

  /** Owner: this object. Never used by a thread that may be interrupted: that would close it. */
  private final FileChannel channel;

  private StoreLock(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Whether a process has the store open. One that has it open itself must not ask.
   *
   * @param data the folder of a store, which may be missing
   */
  public static boolean isHeld(Path data) throws IOException {
    Path file = new StoreLayout(data).lock();
    if (!Files.exists(file)) {
      return false;
    }
    try (FileChannel channel =
            FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
        FileLock lock = channel.tryLock()) {
      return lock == null;
    } catch (OverlappingFileLockException _) {
      return true;
    }
  }

  /**
   * Takes the lock.
   *
   * @throws StoreException when another process has it; the message says which
   */
  public static StoreLock take(StoreLayout layout, Instant now) throws StoreException, IOException {
    FileChannel channel =
        FileChannel.open(
            layout.lock(),
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE);
    try {
      FileLock lock = channel.tryLock();
      if (lock == null) {
        throw new StoreException(
            layout.root(),
            "is in use by another intrahub ("
                + holder(channel)
                + "): stop that one, or choose another folder with --data");
      }
      sign(channel, now);
      return new StoreLock(channel);
    } catch (OverlappingFileLockException e) {
      // This takes the lock from the first store too (see above). A process that opens one store
      // twice is wrong anyway.
      channel.close();
      throw new StoreException(layout.root(), "is already open in this process", e);
    } catch (StoreException | IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private static void sign(FileChannel channel, Instant now) {
    String text =
        "process %d on host %s, since %s\n"
            .formatted(ProcessHandle.current().pid(), LocalHostName.find().orElse("unknown"), now);
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    try {
      channel.write(ByteBuffer.wrap(bytes), 0);
      channel.truncate(bytes.length);
    } catch (IOException e) {
      // A full disk is no reason to refuse hits; only a second process would miss the text.
      log.warn("The process id can't be written to the lock file: {}", e.toString());
    }
  }

  private static String holder(FileChannel channel) throws IOException {
    ByteBuffer text = ByteBuffer.allocate(MAX_TEXT);
    channel.read(text, 0);
    return new String(text.array(), 0, text.position(), StandardCharsets.UTF_8).strip();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
