package io.intrahub.store.fs;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.Digest;
import io.intrahub.hub.RepoId;
import io.intrahub.store.Eviction;
import io.intrahub.store.PartialBlob;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The blobs that are not whole yet: who has one open, which lie idle, and whether what lies there
 * is any good. Idle ones go when the store is full. Safe for use by many threads.
 *
 * <p>What has a blob's partial names changes only under its stripe, and by whoever has it open.
 */
final class Partials implements Evictable {
  private static final Logger log = LoggerFactory.getLogger(Partials.class);

  private final Disk disk;
  private final Layout layout;
  private final Folders folders;
  private final Space space;
  private final Quarantine quarantine;
  private final Publishing publishing;
  private final BlobUses uses;
  private final Clock clock;
  private final Stripes stripes;
  private final Optional<String> boot;

  /** Blobs that are open. An element is added and removed by whoever has it open. */
  private final Set<BlobKey> writers = ConcurrentHashMap.newKeySet();

  private final IdlePartials idle = new IdlePartials();

  /** Blobs whose pieces must not be believed, and could not be removed so far. */
  private final Set<BlobKey> poisoned = ConcurrentHashMap.newKeySet();

  Partials(
      Disk disk,
      Layout layout,
      Folders folders,
      Space space,
      Quarantine quarantine,
      Publishing publishing,
      BlobUses uses,
      Clock clock,
      Stripes stripes) {
    this.disk = disk;
    this.layout = layout;
    this.folders = folders;
    this.space = space;
    this.quarantine = quarantine;
    this.publishing = publishing;
    this.uses = uses;
    this.clock = clock;
    this.stripes = stripes;
    this.boot = disk.bootId();
  }

  int writers() {
    return writers.size();
  }

  /**
   * Whether this blob is open. While it is published that is true until the index has it: evicted
   * before, it would be counted for ever.
   */
  boolean isWritten(BlobKey key) {
    return writers.contains(key);
  }

  /** Number of blobs that have pieces and are not open. */
  int idle() {
    return idle.count();
  }

  /** What these pieces take, in bytes. */
  @Override
  public long bytes() {
    return idle.bytes();
  }

  @Override
  public void candidates(Instant now, List<Eviction.Candidate<Item>> to) {
    idle.candidates(this, this::isWritten, to);
  }

  @Override
  public long evict(BlobKey key) throws IOException {
    Optional<Layout.Place> place = layout.place(key);
    if (place.isEmpty()) {
      return 0;
    }
    ReentrantLock lock = stripes.of(key);
    lock.lock();
    try {
      if (closed() || isWritten(key)) {
        return 0;
      }
      long bytes = disk.facts(place.get().data()).isPresent() ? idle.bytes(key) : 0;
      drop(place.get());
      return bytes;
    } finally {
      lock.unlock();
    }
  }

  boolean closed() {
    return publishing.closed();
  }

  /** As {@link io.intrahub.store.BlobStore#write}. */
  PartialBlob write(Layout.Place place, RepoId repo, BlobId blob) throws IOException {
    if (closed()) {
      throw new IOException("the store is closed");
    }
    PartialBlob.requirePossible(blob.size());
    space.requireFits(blob.size());
    if (!writers.add(place.key())) {
      throw new IOException(place.blob().getFileName() + " is open already");
    }
    boolean opened = false;
    try {
      PartialBlob partial = open(place, repo, blob);
      opened = true;
      return partial;
    } finally {
      if (!opened) {
        writers.remove(place.key());
      }
    }
  }

  private PartialBlob open(Layout.Place place, RepoId repo, BlobId blob) throws IOException {
    Path folder = Folders.parentOf(place.data());
    folders.ensure(place.ownFolder() ? Folders.parentOf(folder) : folder);
    ReentrantLock lock = stripes.of(place.key());
    lock.lock();
    try {
      Optional<PieceMap.Found> found =
          PartialBlob.isKept(blob.size())
              ? look(place, blob.digest(), OptionalLong.of(blob.size()))
              : Optional.empty();
      FsPartialBlob.Files files =
          found.isPresent()
              ? reopen(place, blob.digest(), found.get())
              : begin(place, blob, folder);
      BitSet pieces = found.map(PieceMap.Found::pieces).orElseGet(BitSet::new);
      long bytes = found.map(PieceMap.Found::bytes).orElse(0L);
      Space.Reservation reservation =
          space.begin(blob.size(), bytes, () -> idle.remove(place.key()));
      return new FsPartialBlob(
          this, publishing, quarantine, disk, reservation, place, repo, blob, files, pieces);
    } finally {
      lock.unlock();
    }
  }

  private FsPartialBlob.Files reopen(Layout.Place place, Digest digest, PieceMap.Found found)
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

  private FsPartialBlob.Files begin(Layout.Place place, BlobId blob, Path folder)
      throws IOException {
    // What an earlier one of this blob could not remove, or what is no good.
    drop(place);
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
   * @param size that the blob must have, if it is known
   */
  private Optional<PieceMap.Found> look(Layout.Place place, Digest digest, OptionalLong size)
      throws IOException {
    Optional<Disk.Facts> map = disk.facts(place.pieces());
    if (map.isEmpty()) {
      return Optional.empty();
    }
    try {
      PieceMap.Found found = check(place, digest, map.get());
      if (size.isPresent() && found.size() != size.getAsLong()) {
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
  private void keepPublished(Layout.Place place) throws IOException {
    if (disk.facts(place.blob()).isPresent()) {
      disk.forceFolder(Folders.parentOf(place.blob()));
    }
  }

  private PieceMap.Found check(Layout.Place place, Digest digest, Disk.Facts map)
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
  private boolean isLinked(Layout.Place place) throws IOException {
    return place.ownFolder()
        && disk.facts(Folders.parentOf(place.data())).filter(Disk.Facts::folder).isEmpty();
  }

  private static boolean mayBeSame(Disk.Facts one, Disk.Facts other) {
    Object identity = one.identity();
    return identity == null || identity.equals(other.identity());
  }

  /** For the walk: counts what can be gone on with and removes the rest, unless it is open. */
  void survey(Layout.Place place, Digest digest) {
    ReentrantLock lock = stripes.of(place.key());
    lock.lock();
    try {
      if (closed() || writers.contains(place.key())) {
        return;
      }
      Optional<PieceMap.Found> found = look(place, digest, OptionalLong.empty());
      if (found.isPresent()) {
        Instant modified =
            disk.facts(place.data()).map(Disk.Facts::modified).orElseGet(clock::instant);
        idle.put(place.key(), found.get().bytes(), modified);
      } else {
        drop(place);
      }
    } catch (IOException e) {
      log.warn("{} is not looked at before it is opened: {}", place.data(), e.toString());
    } finally {
      lock.unlock();
    }
  }

  /** Removes all that has the partial names of a blob. Under its stripe. */
  private void drop(Layout.Place place) throws IOException {
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
    idle.remove(place.key());
  }

  private boolean deleteIfThere(Path path) throws IOException {
    if (disk.facts(path).isEmpty()) {
      return false;
    }
    disk.delete(path);
    return true;
  }

  private void dropQuietly(Layout.Place place) {
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
  void poison(Layout.Place place, Optional<PieceMap> map) {
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

  /** A use of an open blob that is just published, for those who read it on. */
  BlobUses.Use use(Layout.Place place) {
    ReentrantLock lock = stripes.of(place.key());
    lock.lock();
    try {
      return uses.begin(place.key()).orElseThrow();
    } finally {
      lock.unlock();
    }
  }

  /** An open blob was published or set aside: its partial names are free. */
  void ended(Layout.Place place) {
    ReentrantLock lock = stripes.of(place.key());
    lock.lock();
    try {
      if (!closed()) {
        dropQuietly(place);
      }
    } finally {
      lock.unlock();
      writers.remove(place.key());
    }
  }

  /**
   * As {@link #ended}; the pieces stay.
   *
   * @param bytes what they take
   */
  void keep(Layout.Place place, long bytes, Space.Reservation reservation) {
    reservation.handOver(() -> idle.put(place.key(), bytes, clock.instant()));
    writers.remove(place.key());
  }
}
