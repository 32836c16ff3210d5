package io.intrahub.store.fs;

import static io.intrahub.store.fs.ManifestFormat.utf8;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.intrahub.base.MemoryBudget;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.store.ManifestEntry;
import io.intrahub.store.ManifestWriter;
import io.intrahub.store.fs.ManifestFormat.DamagedException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The manifests of all commits, and a bounded memory of their indexes. */
final class Manifests {
  private static final Logger log = LoggerFactory.getLogger(Manifests.class);
  private static final long MEMORY_BYTES = 16L << 20;

  private final Disk disk;
  private final Layout layout;
  private final Replacer replacer;
  private final MetadataIndex metadata;

  /** A path's stripe guards who replaces or removes its file. */
  private final Stripes stripes = new Stripes();

  private final Cache<Path, FsManifest> open =
      Caffeine.newBuilder()
          .maximumWeight(MEMORY_BYTES)
          .weigher((Path path, FsManifest m) -> m.index().weight())
          .build();

  Manifests(Disk disk, Layout layout, Replacer replacer, MetadataIndex metadata) {
    this.disk = disk;
    this.layout = layout;
    this.replacer = replacer;
    this.metadata = metadata;
  }

  /** How the file tells whose it is. */
  private static String spell(RepoId repo) {
    return repo.folderName();
  }

  Optional<FsManifest> get(RepoId repo, CommitHash commit) {
    Path path = layout.manifest(repo, commit);
    FsManifest known = open.getIfPresent(path);
    Optional<FsManifest> manifest = known != null ? Optional.of(known) : load(path);
    return manifest.filter(m -> m.index().repo().equals(spell(repo)) && m.commit().equals(commit));
  }

  private Optional<FsManifest> load(Path path) {
    ReentrantLock lock = stripes.of(path);
    // A hit must not wait for a writer's slow disk. Only what was read under the lock is kept: it
    // can't be older than the file.
    boolean locked = lock.tryLock();
    try {
      if (disk.facts(path).filter(Disk.Facts::regular).isEmpty()) {
        return Optional.empty();
      }
      FsManifest manifest = FsManifest.open(disk, path, m -> remove(m.path()));
      if (locked) {
        open.put(path, manifest);
      }
      return Optional.of(manifest);
    } catch (DamagedException e) {
      remove(path);
      return Optional.empty();
    } catch (NoSuchFileException e) {
      // Removed between two looks.
      return Optional.empty();
    } catch (IOException e) {
      log.warn("{} counts as absent: {}", path, e.toString());
      return Optional.empty();
    } finally {
      if (locked) {
        lock.unlock();
      }
    }
  }

  private void delete(Path path) throws IOException {
    long length = metadata.lengthOf(path);
    disk.delete(path);
    metadata.changed(path, length);
  }

  /** As {@link Records#evict}. */
  long evict(RepoId repo, CommitHash commit) throws IOException {
    Path path = layout.manifest(repo, commit);
    ReentrantLock lock = stripes.of(path);
    lock.lock();
    try {
      open.invalidate(path);
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
    ReentrantLock lock = stripes.of(path);
    lock.lock();
    try {
      open.invalidate(path);
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

  /** Reads all of it, which is rare and at worst some tens of megabytes. */
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
    return new FsManifestWriter((entries, complete) -> put(repo, commit, entries, complete));
  }

  private void put(RepoId repo, CommitHash commit, List<ManifestEntry> entries, boolean complete) {
    Path path = layout.manifest(repo, commit);
    ReentrantLock lock = stripes.of(path);
    lock.lock();
    try {
      Optional<FsManifest> old = complete ? Optional.empty() : get(repo, commit);
      if (old.isPresent() && old.get().complete()) {
        return;
      }
      TreeMap<byte[], ManifestEntry> sorted = new TreeMap<>(Arrays::compareUnsigned);
      if (old.isPresent()) {
        addAll(old.get(), sorted);
      }
      entries.forEach(e -> sorted.put(utf8(e.entry().path().value()), e));
      replacer.replace(
          path, file -> ManifestFile.write(file, spell(repo), commit, complete, sorted.values()));
    } catch (IOException e) {
      log.warn("{} could not be written: {}", path, e.toString());
    } finally {
      open.invalidate(path);
      lock.unlock();
    }
  }

  private static void addAll(FsManifest old, Map<byte[], ManifestEntry> to) throws IOException {
    try {
      old.list(Optional.empty(), true, e -> to.put(utf8(e.entry().path().value()), e));
    } catch (DamagedException e) {
      log.warn("{} is replaced by a new one, as it is damaged", old.path());
      to.clear();
    }
  }
}
