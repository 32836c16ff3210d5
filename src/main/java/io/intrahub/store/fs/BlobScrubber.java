package io.intrahub.store.fs;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.RepoId;
import io.intrahub.store.Manifest;
import io.intrahub.store.fs.blobs.BlobChecks;
import io.intrahub.store.fs.blobs.BlobPins;
import io.intrahub.store.fs.disk.BlobKey;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.StoreLayout;
import io.intrahub.store.fs.metadata.FsRepoCatalog;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads published blobs and compares them with their digests, one after the other, for the
 * operator. Damaged ones move to quarantine, so that they are fetched again. Clients are served
 * meanwhile: a blob that is being read here is pinned, and its last use does not change.
 *
 * <p>Safe for use by many threads.
 */
public final class BlobScrubber {
  private static final Logger log = LoggerFactory.getLogger(BlobScrubber.class);

  private final Disk disk;
  private final StoreLayout layout;
  private final BlobChecks checks;
  private final BlobPins pins;
  private final FsRepoCatalog catalog;

  BlobScrubber(Disk disk, StoreLayout layout, BlobChecks checks, BlobPins pins) {
    this.disk = disk;
    this.layout = layout;
    this.checks = checks;
    this.pins = pins;
    this.catalog = new FsRepoCatalog(disk, layout);
  }

  /** What is wrong with a blob. */
  public enum Fault {
    /** Its content is not what its name says. It is in quarantine. */
    DAMAGED,
    /** The same, but it could not be moved to quarantine; the log says why. */
    NOT_MOVED,
    /** It can't be read to its end. It stays, and counts as absent until it can be read. */
    UNREADABLE
  }

  /**
   * Follows the work. For the thread that does it, which holds no lock and, when it tells of a
   * whole blob, no pin; an unchecked exception ends the work.
   */
  public interface Listener {
    /**
     * Some bytes were read. May wait, so that reading is not faster than it should be.
     *
     * @throws IOException to end the work
     */
    void read(int bytes) throws IOException;

    /**
     * A blob was read whole and is right.
     *
     * @throws IOException to end the work
     */
    void right(long size) throws IOException;

    /**
     * A blob is not right.
     *
     * @throws IOException to end the work
     */
    void wrong(BlobKey blob, long size, Fault fault) throws IOException;
  }

  /**
   * Checks all published blobs.
   *
   * @throws IOException if they can't be listed, the listener ends it, the thread was interrupted,
   *     or the store was closed
   */
  public void all(Listener listener) throws IOException {
    for (Path fan : disk.list(layout.shared())) {
      for (Path file : list(fan)) {
        if (StoreLayout.isHex(nameOf(file), 64)) {
          check(layout.shared(new Digest.Sha256(nameOf(file))), listener);
        }
      }
    }
    for (Path folder : disk.list(layout.repos())) {
      Optional<RepoId> repo = StoreLayout.repoOf(nameOf(folder));
      if (repo.isPresent()) {
        own(repo.get(), listener, new HashSet<>());
      }
    }
  }

  /**
   * Checks the published blobs that these repos name, each once.
   *
   * @throws IOException as {@link #all}; a manifest that can't be read is logged
   */
  public void of(Collection<RepoId> repos, Listener listener) throws IOException {
    Set<BlobKey> done = new HashSet<>();
    for (RepoId repo : repos) {
      own(repo, listener, done);
      for (CommitHash commit : RemovalPlanner.commits(disk, layout, repo)) {
        Optional<Manifest> manifest;
        try {
          manifest = catalog.manifest(repo, commit);
        } catch (IOException e) {
          if (checks.isStop(e)) {
            throw e;
          }
          log.warn("{} at {}: the list of files can't be read: {}", repo, commit, e.toString());
          continue;
        }
        if (manifest.isPresent()) {
          named(manifest.get(), listener, done);
        }
      }
    }
  }

  /** Whether something is stored of a repo. */
  public boolean isStored(RepoId repo) throws IOException {
    return disk.attributes(layout.repos().resolve(repo.folderName())).isPresent();
  }

  private void own(RepoId repo, Listener listener, Set<BlobKey> done) throws IOException {
    for (Path file : disk.list(layout.repoBlobs(repo))) {
      Optional<Digest> digest = RemovalPlanner.digest(nameOf(file));
      if (digest.isPresent()) {
        StoreLayout.BlobPaths paths = layout.paths(Optional.of(repo), digest.get());
        done.add(paths.key());
        check(paths, listener);
      }
    }
  }

  /** Checks those that repos share. */
  private void named(Manifest manifest, Listener listener, Set<BlobKey> done) throws IOException {
    try {
      manifest.list(
          Optional.empty(),
          true,
          listed -> {
            Optional<Digest> digest = listed.entry().blob().map(BlobId::digest);
            if (digest.isPresent() && digest.get() instanceof Digest.Sha256 sha256) {
              shared(layout.shared(sha256), listener, done);
            }
          });
    } catch (NoSuchFileException _) {
      // Evicted meanwhile.
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private void shared(StoreLayout.BlobPaths paths, Listener listener, Set<BlobKey> done) {
    try {
      if (!done.contains(paths.key()) && disk.attributes(paths.blob()).isPresent()) {
        done.add(paths.key());
        check(paths, listener);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<Path> list(Path folder) throws IOException {
    boolean isFolder = disk.attributes(folder).filter(Disk.Attributes::folder).isPresent();
    return isFolder ? disk.list(folder) : List.of();
  }

  private static String nameOf(Path path) {
    return String.valueOf(path.getFileName());
  }

  /** What was found of a blob that was there. */
  private record Found(long size, Optional<Fault> fault) {}

  private void check(StoreLayout.BlobPaths paths, Listener listener) throws IOException {
    if (Thread.currentThread().isInterrupted()) {
      throw new InterruptedIOException("it was interrupted");
    }
    Optional<BlobPins.Pin> pin = pins.pin(paths.key());
    if (pin.isEmpty()) {
      // It is being evicted.
      return;
    }
    Optional<Found> found;
    try {
      found = checkPinned(paths, listener);
    } finally {
      pin.get().close();
    }
    if (found.isPresent()) {
      long size = found.get().size();
      Optional<Fault> fault = found.get().fault();
      if (fault.isPresent()) {
        listener.wrong(paths.key(), size, fault.get());
      } else {
        listener.right(size);
      }
    }
  }

  private Optional<Found> checkPinned(StoreLayout.BlobPaths paths, Listener listener)
      throws IOException {
    Optional<Disk.Attributes> there =
        disk.attributes(paths.blob()).filter(Disk.Attributes::regular);
    if (there.isEmpty()) {
      return Optional.empty();
    }
    Optional<Fault> fault = Optional.empty();
    try (Disk.File file = disk.open(paths.blob())) {
      BlobChecks.Subject subject = new BlobChecks.Subject(paths, there.get());
      if (!checks.check(subject, new WatchedFile(file, listener))) {
        boolean moved = disk.attributes(paths.blob()).filter(there.get()::equals).isEmpty();
        fault = Optional.of(moved ? Fault.DAMAGED : Fault.NOT_MOVED);
      }
    } catch (NoSuchFileException _) {
      // Evicted, or replaced by another one, between two looks.
      return Optional.empty();
    } catch (IOException e) {
      if (checks.isStop(e)) {
        throw e;
      }
      log.warn("{} can't be read: {}", paths.blob(), e.toString());
      fault = Optional.of(Fault.UNREADABLE);
    }
    return Optional.of(new Found(there.get().size(), fault));
  }
}
