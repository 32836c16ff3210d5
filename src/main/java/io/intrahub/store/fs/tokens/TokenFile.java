package io.intrahub.store.fs.tokens;

import io.intrahub.access.local.TokenTable;
import io.intrahub.store.StoreException;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.FileIo;
import io.intrahub.store.fs.disk.JdkDisk;
import io.intrahub.store.fs.disk.StoreLayout;
import io.intrahub.store.fs.startup.StoreMarker;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.UserPrincipal;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Reads and changes the local tokens in the folder of a store, whether a mirror runs on it or not.
 * The file is replaced in one step, so a mirror that reads it needs no lock; processes that change
 * it exclude each other with a lock of the operating system.
 *
 * <p>Safe for use by many threads. A process must have at most one object per folder: POSIX drops a
 * lock when the process closes any channel to the file.
 */
public final class TokenFile {
  /** Larger than thousands of tokens. */
  private static final int MAX_BYTES = 4 << 20;

  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final Duration PAUSE = Duration.ofMillis(20);

  private final Disk disk;
  private final StoreLayout layout;

  /** Held during a change, outside the lock of the operating system. Guards nothing in memory. */
  private final ReentrantLock changes = new ReentrantLock();

  private TokenFile(Disk disk, StoreLayout layout) {
    this.disk = disk;
    this.layout = layout;
  }

  /** Makes a new table of the present one. */
  public interface Change<E extends Exception> {
    /**
     * Returns the new table.
     *
     * @throws E if there is nothing to change; the file stays as it is
     */
    TokenTable apply(TokenTable present) throws E;
  }

  /**
   * Finds the tokens of a store.
   *
   * @throws StoreException if the folder is not a store, or can't be read
   */
  public static TokenFile of(Path folder) throws StoreException {
    StoreLayout layout = new StoreLayout(folder);
    Disk disk = new JdkDisk(folder);
    try {
      if (StoreMarker.read(disk, layout).isEmpty()) {
        throw new StoreException(
            folder,
            "is not a store yet: start the mirror once with intrahub serve, or name the folder of"
                + " its store with --data or --config");
      }
    } catch (IOException e) {
      throw explain(layout, e);
    }
    return new TokenFile(disk, layout);
  }

  /**
   * Returns the present tokens.
   *
   * @throws StoreException if the file can't be read or is damaged
   */
  public TokenTable read() throws StoreException {
    try {
      return read(disk, layout);
    } catch (DamagedTokensException e) {
      throw damaged(e);
    } catch (IOException e) {
      throw explain(layout, e);
    }
  }

  /**
   * Changes the tokens. When this returns, the change survives a power cut, and a mirror that runs
   * on the folder applies it within about a second.
   *
   * @throws StoreException if the file can't be read or written, is damaged, or is locked by
   *     another process for ten seconds
   * @throws E what the change throws
   */
  public <E extends Exception> void change(Change<E> change)
      throws StoreException, InterruptedException, E {
    changes.lockInterruptibly();
    try {
      createFolder();
      try (FileChannel channel = openLock();
          FileLock _ = lock(channel)) {
        TokenTable before = read(disk, layout);
        write(change.apply(before));
      }
    } catch (DamagedTokensException e) {
      throw damaged(e);
    } catch (IOException e) {
      throw explain(layout, e);
    } finally {
      changes.unlock();
    }
  }

  /** Reads the file; an absent one has no tokens. */
  static TokenTable read(Disk disk, StoreLayout layout) throws IOException, DamagedTokensException {
    if (disk.attributes(layout.localTokens()).isEmpty()) {
      return TokenTable.EMPTY;
    }
    byte[] json;
    try (Disk.File file = disk.open(layout.localTokens())) {
      long size = file.size();
      if (size > MAX_BYTES) {
        throw new DamagedTokensException("it is larger than 4 MiB");
      }
      json = FileIo.readFully(file, 0, (int) size).array();
    }
    return TokensJson.read(json);
  }

  /** Makes the folder, which a store of an older version may lack. */
  private void createFolder() throws IOException {
    if (disk.attributes(layout.access()).isEmpty()) {
      disk.createFolder(layout.access());
      disk.forceFolder(layout.root());
    }
  }

  private FileChannel openLock() throws IOException {
    Path path = layout.localTokensLock();
    if (disk.attributes(path).isEmpty()) {
      try (Disk.File _ = disk.create(path)) {
        own(path);
      } catch (java.nio.file.FileAlreadyExistsException e) {
        // Another process was first.
      }
    }
    return FileChannel.open(path, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
  }

  private FileLock lock(FileChannel channel)
      throws IOException, StoreException, InterruptedException {
    long attempts = PATIENCE.dividedBy(PAUSE);
    for (long attempt = 0; attempt < attempts; attempt++) {
      FileLock lock = channel.tryLock();
      if (lock != null) {
        return lock;
      }
      Thread.sleep(PAUSE);
    }
    throw new StoreException(
        layout.root(), "has tokens that another process is changing: try again when it has ended");
  }

  private void write(TokenTable table) throws IOException {
    Path next = layout.newLocalTokens();
    // A process that was killed may have left it.
    if (disk.attributes(next).isPresent()) {
      disk.delete(next);
    }
    FileIo.create(disk, next, TokensJson.write(table));
    own(next);
    disk.rename(next, layout.localTokens());
    disk.forceFolder(layout.access());
  }

  /** Gives a file to the owner of the folder: the mirror must be able to read what root writes. */
  private void own(Path file) throws IOException {
    UserPrincipal owner = Files.getOwner(layout.access());
    if (!Files.getOwner(file).equals(owner)) {
      try {
        Files.setOwner(file, owner);
      } catch (IOException e) {
        disk.delete(file);
        throw new IOException("run this command as user " + owner.getName(), e);
      }
    }
  }

  private StoreException damaged(DamagedTokensException e) {
    return new StoreException(
        layout.root(),
        "has damaged local tokens ("
            + layout.localTokens()
            + ": "
            + e.getMessage()
            + "), so none is accepted: restore that file, or delete it and create all tokens again",
        e);
  }

  private static StoreException explain(StoreLayout layout, IOException e) {
    String reason =
        e instanceof AccessDeniedException
            ? "no permission for " + e.getMessage() + "; run this command as the mirror's user"
            : String.valueOf(e.getMessage());
    return new StoreException(layout.root(), "can't be used for local tokens (" + reason + ")", e);
  }
}
