package io.intrahub.store.fs;

import io.intrahub.store.BlobStore;
import io.intrahub.store.RepoStore;
import io.intrahub.store.Store;
import io.intrahub.store.StoreException;
import io.intrahub.store.StoreUsage;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The store in a folder. One process at a time has it open. Safe for use by many threads. */
public final class FsStore implements Store {
  private static final Logger log = LoggerFactory.getLogger(FsStore.class);

  private final StoreOpener.Opened parts;
  private final BlobIndex index = new BlobIndex();
  private final Space space;
  private final Publishing publishing;
  private final Partials partials;
  private final FsBlobStore blobs;
  private final FsRepoStore repos;
  private final Survey survey;

  /** Guarded by this. */
  private boolean closed;

  /**
   * What the operator can choose.
   *
   * @param keepFree bytes of the disk that no new blob may use
   */
  public record Settings(long keepFree) {
    /** 256 MiB stay free. */
    public static final Settings DEFAULT = new Settings(256L << 20);
  }

  private FsStore(StoreOpener.Opened parts, Disk disk, Clock clock, Settings settings) {
    this.parts = parts;
    Layout layout = parts.layout();
    Folders folders = parts.folders();
    Quarantine quarantine = new Quarantine(disk, layout.quarantine(), clock);
    this.space = new Space(disk, settings.keepFree());
    Stripes stripes = new Stripes();
    this.publishing =
        new Publishing(
            disk, folders, quarantine, index, clock, parts.vitals(), parts.features(), stripes);
    this.partials = new Partials(disk, folders, space, quarantine, publishing, stripes);
    this.blobs =
        new FsBlobStore(disk, layout, partials, quarantine, index, clock, parts.vitals(), stripes);
    this.repos = new FsRepoStore(disk, layout, folders, clock);
    this.survey = new Survey(disk, layout, blobs, partials, index, quarantine, parts.vitals());
  }

  /**
   * Opens a store, or makes one of an empty folder or one that does not exist. Call {@link #survey}
   * afterwards on a thread of its own: only what must be done before the first request is done
   * here.
   *
   * <p>A full disk is no reason to refuse a store that has something to serve; then it takes
   * nothing new.
   *
   * @throws StoreException when the folder can't be used; the message says why and what to do
   */
  public static FsStore open(Path folder, Clock clock, Settings settings) throws StoreException {
    Path root = folder.toAbsolutePath().normalize();
    return open(root, clock, settings, new RealDisk(root), new SecureRandom());
  }

  static FsStore open(Path root, Clock clock, Settings settings, Disk disk, RandomGenerator random)
      throws StoreException {
    StoreOpener.Opened parts = new StoreOpener(disk, new Layout(root), clock, random).open();
    return new FsStore(parts, disk, clock, settings);
  }

  /**
   * Walks over everything: counts the blobs, keeps the pieces of blobs that are fit for it and
   * removes what else killed writers left, checks blobs that a crash may have hurt, names foreign
   * files in the log. It takes as long as the disk does, stops when the store is closed, and may be
   * called again. The store works before and meanwhile.
   */
  public void survey() {
    survey.run();
  }

  @Override
  public BlobStore blobs() {
    return blobs;
  }

  @Override
  public RepoStore repos() {
    return repos;
  }

  @Override
  public StoreUsage usage() {
    return new StoreUsage(
        index.count(),
        index.bytes(),
        survey.done(),
        partials.writers(),
        space.reserved(),
        partials.idle(),
        partials.idleBytes());
  }

  /** The store's random name, 32 hexadecimal digits, made at its first start. */
  public String id() {
    return parts.marker().id();
  }

  /** 32 random bytes, secret to this installation, made at its first start; a copy. */
  public byte[] installationKey() {
    return parts.installationKey().clone();
  }

  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    publishing.close();
    repos.close();
    survey.stop();
    try {
      if (partials.writers() == 0) {
        parts.vitals().end();
      } else {
        log.warn("Downloads still being written when the store closed: {}", partials.writers());
      }
    } catch (IOException e) {
      log.warn("The next start will check recent blobs: {}", e.toString());
    } finally {
      release();
    }
  }

  /** Lets the lock go and nothing else: what the end of a killed process does. For tests. */
  synchronized void release() {
    try {
      parts.lock().close();
    } catch (IOException e) {
      log.warn("The lock is released when the process ends: {}", e.toString());
    }
  }
}
