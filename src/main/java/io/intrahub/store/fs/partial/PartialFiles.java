package io.intrahub.store.fs.partial;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.Digest;
import io.intrahub.store.PartialBlob;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.DurableFolders;
import io.intrahub.store.fs.disk.PartialKey;
import io.intrahub.store.fs.disk.StoreLayout;
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
  private final DurableFolders folders;
  private final Optional<String> boot;

  /** Blobs whose pieces must not be believed, and could not be removed so far. */
  private final Set<PartialKey> poisoned = ConcurrentHashMap.newKeySet();

  PartialFiles(Disk disk, DurableFolders folders) {
    this.disk = disk;
    this.folders = folders;
    this.boot = disk.bootId();
  }

  /** Makes the folder that the names of this blob are in. */
  void prepare(StoreLayout.PartialPaths paths) throws IOException {
    Path folder = DurableFolders.parentOf(paths.data());
    folders.ensure(paths.ownFolder() ? DurableFolders.parentOf(folder) : folder);
  }

  /** Opens the files of a blob of which pieces are there. */
  FsPartialBlob.Files reopen(StoreLayout.PartialPaths paths, Digest digest, PieceMap.Found found)
      throws IOException {
    // A publish that did not come to its end has taken the permission away.
    disk.setWritable(paths.data());
    Disk.File data = disk.reopen(paths.data());
    boolean opened = false;
    try {
      PieceMap map = PieceMap.open(disk, paths.pieces(), digest, found, boot);
      opened = true;
      return new FsPartialBlob.Files(data, Optional.of(map));
    } finally {
      if (!opened) {
        data.close();
      }
    }
  }

  /** Makes empty files for a blob. */
  FsPartialBlob.Files begin(StoreLayout.PartialPaths paths, BlobId blob) throws IOException {
    Path folder = DurableFolders.parentOf(paths.data());
    if (paths.ownFolder()) {
      disk.createFolder(folder);
    }
    Disk.File data = disk.create(paths.data());
    boolean begun = false;
    try {
      Optional<PieceMap> map = Optional.empty();
      if (PartialBlob.isKept(blob.size())) {
        map = Optional.of(PieceMap.create(disk, paths.pieces(), blob.digest(), blob.size(), boot));
      }
      begun = true;
      return new FsPartialBlob.Files(data, map);
    } finally {
      if (!begun) {
        data.close();
        dropQuietly(paths);
      }
    }
  }

  /**
   * What is there of a blob, if it can be believed.
   *
   * @throws IOException when that can't be found out now
   */
  Optional<PieceMap.Found> look(StoreLayout.PartialPaths paths, Digest digest) throws IOException {
    Optional<Disk.Attributes> map = disk.attributes(paths.pieces());
    if (map.isEmpty()) {
      return Optional.empty();
    }
    try {
      PieceMap.Found found = check(paths, digest, map.get());
      if (found.size() != paths.key().size()) {
        throw new PieceMap.MismatchException("it is for a size of " + found.size() + " bytes");
      }
      return found.pieces().isEmpty() ? Optional.empty() : Optional.of(found);
    } catch (PieceMap.MismatchException e) {
      log.warn("{} starts anew: {}", paths.data(), e.getMessage());
      keepPublished(paths);
      return Optional.empty();
    }
  }

  /**
   * A process may have died when the blob had its name and the folder was not forced. Its pieces
   * are of no use any more, but until that name is durable they are all that a power cut leaves.
   */
  private void keepPublished(StoreLayout.PartialPaths paths) throws IOException {
    if (disk.attributes(paths.blob()).isPresent()) {
      disk.forceFolder(DurableFolders.parentOf(paths.blob()));
    }
  }

  private PieceMap.Found check(StoreLayout.PartialPaths paths, Digest digest, Disk.Attributes map)
      throws IOException {
    Optional<Disk.Attributes> data = disk.attributes(paths.data());
    if (poisoned.contains(paths.key())) {
      throw new PieceMap.MismatchException("it could not be made durable before");
    }
    if (!map.regular() || data.isEmpty() || !data.get().regular() || isLinked(paths)) {
      throw new PieceMap.MismatchException("it is no pair of files");
    }
    Optional<Disk.Attributes> published = disk.attributes(paths.blob());
    if (published.isPresent() && mayBeSame(published.get(), data.get())) {
      // What is published must not be written to under another name.
      throw new PieceMap.MismatchException("it is published");
    }
    PieceMap.Found found = PieceMap.read(disk, paths.pieces(), digest, boot);
    if (data.get().size() < found.end() || data.get().size() > found.size()) {
      throw new PieceMap.MismatchException(
          "its map does not fit a file of " + data.get().size() + " bytes");
    }
    return found;
  }

  /** Whether the folder is not one of the store's: a link leads out of it. */
  private boolean isLinked(StoreLayout.PartialPaths paths) throws IOException {
    return paths.ownFolder()
        && disk.attributes(DurableFolders.parentOf(paths.data()))
            .filter(Disk.Attributes::folder)
            .isEmpty();
  }

  private static boolean mayBeSame(Disk.Attributes one, Disk.Attributes other) {
    Object identity = one.identity();
    return identity == null || identity.equals(other.identity());
  }

  /** Removes all that has the partial names of a blob. Under its stripe. */
  void drop(StoreLayout.PartialPaths paths) throws IOException {
    Path folder = DurableFolders.parentOf(paths.data());
    if (isLinked(paths)) {
      deleteIfThere(folder);
    }
    // The map goes first, so that none ever stands beside bytes that it does not speak of.
    boolean mapped = deleteIfThere(paths.pieces());
    deleteIfThere(paths.data());
    if (paths.ownFolder() && disk.attributes(folder).isPresent()) {
      for (Path path : disk.list(folder)) {
        disk.delete(path);
      }
      disk.delete(folder);
    }
    if (mapped) {
      // Or a power cut could bring the map back, and beside it the bytes that come next.
      disk.forceFolder(paths.ownFolder() ? DurableFolders.parentOf(folder) : folder);
    }
    poisoned.remove(paths.key());
  }

  private boolean deleteIfThere(Path path) throws IOException {
    if (disk.attributes(path).isEmpty()) {
      return false;
    }
    disk.delete(path);
    return true;
  }

  void dropQuietly(StoreLayout.PartialPaths paths) {
    try {
      drop(paths);
    } catch (IOException e) {
      log.warn(
          "{} could not be removed and stays until it is opened again: {}",
          paths.data(),
          e.toString());
    }
  }

  /**
   * The pieces of an open blob are not to be believed any more: not by this process, and, as far as
   * the disk does what it is told, not by a later one.
   */
  void poison(StoreLayout.PartialPaths paths, Optional<PieceMap> map) {
    if (map.isEmpty()) {
      return;
    }
    poisoned.add(paths.key());
    // In more than one way, for the disk is not well.
    tryTo(map.get()::wipe, paths.pieces());
    tryTo(() -> deleteIfThere(paths.pieces()), paths.pieces());
    tryTo(() -> disk.forceFolder(DurableFolders.parentOf(paths.pieces())), paths.pieces());
  }

  private interface Step {
    void run() throws IOException;
  }

  private static void tryTo(Step step, Path path) {
    try {
      step.run();
    } catch (IOException e) {
      log.warn("{} could not be removed durably: {}", path, e.toString());
    }
  }
}
