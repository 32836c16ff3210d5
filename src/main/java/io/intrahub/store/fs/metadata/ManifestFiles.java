package io.intrahub.store.fs.metadata;

import io.intrahub.base.MemoryBudget;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.store.ManifestWriter;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.StoreLayout;
import io.intrahub.store.fs.disk.StripedLocks;
import io.intrahub.store.fs.metadata.ManifestFormat.DamagedException;
import io.intrahub.store.fs.metadata.ManifestFormat.Tail;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The manifests of all commits. Their indexes in memory are bounded, however many are in use. */
final class ManifestFiles {
  private static final Logger log = LoggerFactory.getLogger(ManifestFiles.class);

  private final Disk disk;
  private final StoreLayout layout;
  private final AtomicReplacer replacer;
  private final MetadataIndex metadata;
  private final ManifestPlacements placements;

  /** A path's stripe guards who replaces or removes its file. */
  private final StripedLocks locks = new StripedLocks();

  private final ManifestIndexes indexes;

  /**
   * No index is in memory yet.
   *
   * @param placements told of each manifest that is put in its place
   * @param bytes of heap that indexes may take, as {@link ManifestIndexes}
   */
  ManifestFiles(
      Disk disk,
      StoreLayout layout,
      AtomicReplacer replacer,
      MetadataIndex metadata,
      ManifestPlacements placements,
      long bytes) {
    this.indexes = new ManifestIndexes(bytes);
    this.disk = disk;
    this.layout = layout;
    this.replacer = replacer;
    this.metadata = metadata;
    this.placements = placements;
  }

  /** How the file tells whose it is. */
  private static String spell(RepoId repo) {
    return repo.folderName();
  }

  Optional<FsManifest> get(RepoId repo, CommitHash commit) {
    Path path = layout.manifest(repo, commit);
    Optional<FsManifest> known = known(path);
    Optional<FsManifest> manifest = known.isPresent() ? known : load(path);
    return manifest.filter(m -> m.head().repo().equals(spell(repo)) && m.commit().equals(commit));
  }

  private Optional<FsManifest> known(Path path) {
    return indexes.head(path).map(head -> manifest(path, head));
  }

  private FsManifest manifest(Path path, ManifestIndex.Head head) {
    IndexSource source =
        new IndexSource() {
          @Override
          public <R> R lookUp(Disk.File file, Tail tail, Function<ManifestIndex, R> lookup)
              throws IOException {
            return ManifestFiles.this.lookUp(path, file, tail, lookup);
          }
        };
    return new FsManifest(disk, path, m -> remove(m.path()), source, head);
  }

  /** Looks something up in the index of a file, which is that of a path or was. */
  private <R> R lookUp(Path path, Disk.File file, Tail tail, Function<ManifestIndex, R> lookup)
      throws IOException {
    Optional<R> known = indexes.lookUp(path, tail, lookup);
    if (known.isPresent()) {
      return known.get();
    }
    ReentrantLock lock = locks.of(path);
    // One thread at a time: many clients ask for the same large index after a start. A hit needs no
    // lock.
    lock.lock();
    try {
      Optional<R> readByOther = indexes.lookUp(path, tail, lookup);
      return readByOther.isPresent()
          ? readByOther.get()
          : indexes.read(path, file, tail, () -> tailOf(path).equals(Optional.of(tail)), lookup);
    } finally {
      lock.unlock();
    }
  }

  /** The tail of the file that a path has now. */
  private Optional<Tail> tailOf(Path path) throws IOException {
    try (Disk.File file = disk.open(path)) {
      return Optional.of(Tail.read(file));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  private Optional<FsManifest> load(Path path) {
    // Mostly there is none yet: the listing is still being fetched. Hundreds of clients of one repo
    // must not wait for each other to find out.
    if (isMissing(path)) {
      return Optional.empty();
    }
    ReentrantLock lock = locks.of(path);
    lock.lock();
    try {
      Optional<FsManifest> known = known(path);
      if (known.isPresent()) {
        return known;
      }
      if (disk.attributes(path).filter(Disk.Attributes::regular).isEmpty()) {
        return Optional.empty();
      }
      try (Disk.File file = disk.open(path)) {
        ManifestIndex.Head head = lookUp(path, file, Tail.read(file), ManifestIndex::head);
        return Optional.of(manifest(path, head));
      }
    } catch (DamagedException e) {
      remove(path);
      return Optional.empty();
    } catch (NoSuchFileException e) {
      // Removed between two looks.
      return Optional.empty();
    } catch (IOException e) {
      log.warn("{} can't be read and counts as absent: {}", path, e.toString());
      return Optional.empty();
    } finally {
      lock.unlock();
    }
  }

  private boolean isMissing(Path path) {
    try {
      return disk.attributes(path).isEmpty();
    } catch (IOException e) {
      // Whoever has the lock finds out, and says so.
      return false;
    }
  }

  private void delete(Path path) throws IOException {
    long length = metadata.lengthOf(path);
    disk.delete(path);
    metadata.changed(path, length);
  }

  /** As {@link RecordFiles#evict}. */
  long evict(RepoId repo, CommitHash commit) throws IOException {
    Path path = layout.manifest(repo, commit);
    ReentrantLock lock = locks.of(path);
    lock.lock();
    try {
      indexes.forget(path);
      long length = metadata.lengthOf(path);
      if (length > 0) {
        delete(path);
      }
      return length;
    } finally {
      lock.unlock();
    }
  }

  /** Forgets a manifest; removes its file if that is damaged and not a new, good one. */
  private void remove(Path path) {
    ReentrantLock lock = locks.of(path);
    lock.lock();
    try {
      indexes.forget(path);
      if (isDamaged(path)) {
        log.warn("{} is damaged and is removed", path);
        delete(path);
      }
    } catch (IOException e) {
      log.warn("{} is damaged and could not be removed: {}", path, e.toString());
    } finally {
      lock.unlock();
    }
  }

  /** Reads all of it, block by block, which is rare. */
  private boolean isDamaged(Path path) throws IOException {
    try {
      FsManifest.open(disk, path, m -> {}).list(Optional.empty(), true, entry -> {});
      return false;
    } catch (DamagedException e) {
      return true;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  ManifestWriter writer(RepoId repo, CommitHash commit, MemoryBudget.Reservation memory) {
    return new FsManifestWriter(this, repo, commit, new EntrySorter(replacer, memory));
  }

  /**
   * Writes a manifest and puts it in its place. The lock is not held while it is written: a large
   * one takes seconds.
   *
   * @throws IOException when it can't be kept; the one before is still there
   */
  void keep(RepoId repo, CommitHash commit, EntrySorter entries, boolean complete)
      throws IOException {
    Path path = layout.manifest(repo, commit);
    boolean addToOld = !complete;
    while (true) {
      Optional<FsManifest> old = addToOld ? get(repo, commit) : Optional.empty();
      if (old.filter(FsManifest::complete).isPresent()) {
        return;
      }
      try (AtomicReplacer.Temporary file = replacer.create()) {
        write(file.file(), repo, commit, complete, entries, old);
        if (place(file, path, repo, commit, old, addToOld, complete)) {
          return;
        }
      } catch (DamagedException | NoSuchFileException e) {
        if (old.isEmpty()) {
          throw e;
        }
        log.warn("{} is damaged or missing and is replaced by a new one", path);
        addToOld = false;
      }
    }
  }

  /**
   * Copies a manifest to another name of its repo, unless that name has a complete one.
   *
   * @throws IOException when it can't be kept there
   */
  void copy(RepoId from, RepoId to, CommitHash commit) throws IOException {
    Optional<FsManifest> known = get(from, commit);
    if (known.isEmpty() || get(to, commit).filter(FsManifest::complete).isPresent()) {
      return;
    }
    boolean complete = known.get().complete();
    try (AtomicReplacer.Temporary file = replacer.create();
        EntryCursor entries = known.get().entries()) {
      ManifestFile.write(file.file(), spell(to), commit, complete, entries, bytes -> {});
      boolean _ =
          place(file, layout.manifest(to, commit), to, commit, Optional.empty(), false, complete);
    } catch (DamagedException | NoSuchFileException e) {
      log.warn("The listing of {} at {} can't be read and is not copied: {}", from, commit, e);
    }
  }

  private static void write(
      Disk.File file,
      RepoId repo,
      CommitHash commit,
      boolean complete,
      EntrySorter entries,
      Optional<FsManifest> old)
      throws IOException {
    if (old.isEmpty()) {
      try (EntryCursor sorted = entries.sorted(List.of())) {
        ManifestFile.write(file, spell(repo), commit, complete, sorted, entries::reserveIndex);
      }
      return;
    }
    try (EntryCursor older = old.get().entries();
        EntryCursor sorted = entries.sorted(List.of(older))) {
      ManifestFile.write(file, spell(repo), commit, complete, sorted, entries::reserveIndex);
    }
  }

  /**
   * Puts a manifest in its place, unless there is another one than that it was added to.
   *
   * @return false when it has to be written anew
   */
  private boolean place(
      AtomicReplacer.Temporary file,
      Path path,
      RepoId repo,
      CommitHash commit,
      Optional<FsManifest> old,
      boolean addedToOld,
      boolean complete)
      throws IOException {
    ReentrantLock lock = locks.of(path);
    lock.lock();
    try {
      if (!complete) {
        Optional<FsManifest> now = get(repo, commit);
        if (now.filter(FsManifest::complete).isPresent()) {
          return true;
        }
        if (addedToOld && !tail(now).equals(tail(old))) {
          return false;
        }
      }
      try {
        file.moveTo(path, rename -> placements.place(repo, commit, rename));
      } finally {
        indexes.forget(path);
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  private static Optional<Tail> tail(Optional<FsManifest> manifest) {
    return manifest.map(m -> m.head().tail());
  }
}
