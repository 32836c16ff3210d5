package io.intrahub.store.fs;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.Digest;
import io.intrahub.store.PartialBlob;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of blobs that are not whole: makes them, says whether what lies there can be believed,
 * and removes them. Safe for use by many threads, but the files of one blob are for one thread at a
 * time: who has its stripe, or has it open.
 */
final class PartialFiles {
  private static final Logger log = LoggerFactory.getLogger(PartialFiles.class);

  private final Disk disk;
  private final Folders folders;
  private final Optional<String> boot;

  /** Blobs whose pieces must not be believed, and could not be removed so far. */
  private final Set<PartialKey> poisoned = ConcurrentHashMap.newKeySet();

  PartialFiles(Disk disk, Folders folders) {
    this.disk = disk;
    this.folders = folders;
    this.boot = disk.bootId();
  }

  /** Makes the folder that the names of this blob are in. */
  void prepare(Layout.PartialPlace place) throws IOException {
    Path folder = Folders.parentOf(place.data());
    folders.ensure(place.ownFolder() ? Folders.parentOf(folder) : folder);
  }

  /** Opens the files of a blob of which pieces are there. */
  FsPartialBlob.Files reopen(Layout.PartialPlace place, Digest digest, PieceMap.Found found)
      throws IOException {
    // A publish that did not come to its end has taken the permission away.
    disk.setWritable(place.data());
    Disk.File data = disk.reopen(place.data());
    boolean opened = false;
    try {
      PieceMap map = PieceMap.open(disk, place.pieces(), digest, found, boot);
      opened = true;
      return new FsPartialBlob.Files(data, Optional.of(map));
    } finally {
      if (!opened) {
        data.close();
      }
    }
  }

  /** Makes empty files for a blob. */
  FsPartialBlob.Files begin(Layout.PartialPlace place, BlobId blob) throws IOException {
    Path folder = Folders.parentOf(place.data());
    if (place.ownFolder()) {
      disk.createFolder(folder);
    }
    Disk.File data = disk.create(place.data());
    boolean begun = false;
    try {
      Optional<PieceMap> map = Optional.empty();
      if (PartialBlob.isKept(blob.size())) {
        map = Optional.of(PieceMap.create(disk, place.pieces(), blob.digest(), blob.size(), boot));
      }
      begun = true;
      return new FsPartialBlob.Files(data, map);
    } finally {
      if (!begun) {
        data.close();
        dropQuietly(place);
      }
    }
  }

  /**
   * What is there of a blob, if it can be believed.
   *
   * @throws IOException when that can't be found out now
   */
  Optional<PieceMap.Found> look(Layout.PartialPlace place, Digest digest) throws IOException {
    Optional<Disk.Facts> map = disk.facts(place.pieces());
    if (map.isEmpty()) {
      return Optional.empty();
    }
    try {
      PieceMap.Found found = check(place, digest, map.get());
      if (found.size() != place.key().size()) {
        throw new PieceMap.Misfit("it is for a size of " + found.size() + " bytes");
      }
      return found.pieces().isEmpty() ? Optional.empty() : Optional.of(found);
    } catch (PieceMap.Misfit e) {
      log.warn("{} begins anew: {}", place.data(), e.getMessage());
      keepPublished(place);
      return Optional.empty();
    }
  }

  /**
   * A process may have died when the blob had its name and the folder was not forced. Its pieces
   * are of no use any more, but until that name is durable they are all that a power cut leaves.
   */
  private void keepPublished(Layout.PartialPlace place) throws IOException {
    if (disk.facts(place.blob()).isPresent()) {
      disk.forceFolder(Folders.parentOf(place.blob()));
    }
  }

  private PieceMap.Found check(Layout.PartialPlace place, Digest digest, Disk.Facts map)
      throws IOException {
    Optional<Disk.Facts> data = disk.facts(place.data());
    if (poisoned.contains(place.key())) {
      throw new PieceMap.Misfit("it could not be made durable before");
    }
    if (!map.regular() || data.isEmpty() || !data.get().regular() || isLinked(place)) {
      throw new PieceMap.Misfit("it is no pair of files");
    }
    Optional<Disk.Facts> published = disk.facts(place.blob());
    if (published.isPresent() && mayBeSame(published.get(), data.get())) {
      // What is published must not be written to under another name.
      throw new PieceMap.Misfit("it is published");
    }
    PieceMap.Found found = PieceMap.read(disk, place.pieces(), digest, boot);
    if (data.get().size() < found.end() || data.get().size() > found.size()) {
      throw new PieceMap.Misfit("its map does not fit a file of " + data.get().size() + " bytes");
    }
    return found;
  }

  /** Whether the folder is not one of the store's: a link leads out of it. */
  private boolean isLinked(Layout.PartialPlace place) throws IOException {
    return place.ownFolder()
        && disk.facts(Folders.parentOf(place.data())).filter(Disk.Facts::folder).isEmpty();
  }

  private static boolean mayBeSame(Disk.Facts one, Disk.Facts other) {
    Object identity = one.identity();
    return identity == null || identity.equals(other.identity());
  }

  /** Removes all that has the partial names of a blob. Under its stripe. */
  void drop(Layout.PartialPlace place) throws IOException {
    Path folder = Folders.parentOf(place.data());
    if (isLinked(place)) {
      deleteIfThere(folder);
    }
    // The map goes first, so that none ever stands beside bytes that it does not speak of.
    boolean mapped = deleteIfThere(place.pieces());
    deleteIfThere(place.data());
    if (place.ownFolder() && disk.facts(folder).isPresent()) {
      for (Path path : disk.list(folder)) {
        disk.delete(path);
      }
      disk.delete(folder);
    }
    if (mapped) {
      // Or a power cut could bring the map back, and beside it the bytes that come next.
      disk.forceFolder(place.ownFolder() ? Folders.parentOf(folder) : folder);
    }
    poisoned.remove(place.key());
  }

  private boolean deleteIfThere(Path path) throws IOException {
    if (disk.facts(path).isEmpty()) {
      return false;
    }
    disk.delete(path);
    return true;
  }

  void dropQuietly(Layout.PartialPlace place) {
    try {
      drop(place);
    } catch (IOException e) {
      log.warn("{} stays until it is opened again: {}", place.data(), e.toString());
    }
  }

  /**
   * The pieces of an open blob are not to be believed any more: not by this process, and, as far as
   * the disk does what it is told, not by a later one.
   */
  void poison(Layout.PartialPlace place, Optional<PieceMap> map) {
    if (map.isEmpty()) {
      return;
    }
    poisoned.add(place.key());
    // In more than one way, for the disk is not well.
    tryTo(map.get()::wipe, place.pieces());
    tryTo(() -> deleteIfThere(place.pieces()), place.pieces());
    tryTo(() -> disk.forceFolder(Folders.parentOf(place.pieces())), place.pieces());
  }

  private interface Step {
    void run() throws IOException;
  }

  private static void tryTo(Step step, Path path) {
    try {
      step.run();
    } catch (IOException e) {
      log.warn("{} could not be removed for good: {}", path, e.toString());
    }
  }
}
