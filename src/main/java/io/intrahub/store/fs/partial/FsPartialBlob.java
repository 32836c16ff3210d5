package io.intrahub.store.fs.partial;

import io.intrahub.access.AuthorisedBlob;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import io.intrahub.store.PartialBlob;
import io.intrahub.store.PublishedBlobs;
import io.intrahub.store.VerifiedFile;
import io.intrahub.store.fs.blobs.BlobPins;
import io.intrahub.store.fs.blobs.InMemoryBlob;
import io.intrahub.store.fs.blobs.Quarantine;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.DurableFolders;
import io.intrahub.store.fs.disk.SharedFile;
import io.intrahub.store.fs.disk.StoreLayout;
import io.intrahub.store.fs.space.DiskBudget;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A blob in a sparse file, with a {@link PieceMap} beside it if it is worth that. */
final class FsPartialBlob implements PartialBlob {
  private static final Logger log = LoggerFactory.getLogger(FsPartialBlob.class);

  /** What it is written to; a small blob has no map. */
  record Files(Disk.File data, Optional<PieceMap> map) {}

  private enum State {
    OPEN,
    /** A sync or a publish failed: it can only be read. */
    FAILED,
    /** There was a verdict: the names and the right to write are given back. */
    ENDED,
    CLOSED
  }

  private final PartialBlobs partials;
  private final PublishedBlobs target;
  private final Quarantine quarantine;
  private final Disk disk;
  private final DiskBudget.Reservation reservation;
  private final StoreLayout.PartialPaths paths;
  private final RepoId repo;
  private final Optional<RepoId> owner;
  private final BlobId blob;
  private final SharedFile file;
  private final Optional<PieceMap> map;
  private final BitSet found;

  /** Guarded by itself. Pieces whose bytes and mark were written. */
  private final BitSet marked;

  /** Held over sync, publish and close, which exclude each other; the stripe comes after it. */
  private final ReentrantLock durability = new ReentrantLock();

  /** Changed under {@link #durability}. */
  private volatile State state = State.OPEN;

  /** Guarded by {@link #durability}, like all up to the hash. What a power cut can't take. */
  private BitSet synced = new BitSet();

  /** Whether the names and what was in the map before are on the disk. */
  private boolean begun;

  private boolean poisoned;

  /** Keeps the blob from being evicted when it is published, for those who read on here. */
  private Optional<BlobPins.Pin> pin = Optional.empty();

  /** Owner: the one thread that hashes and publishes. */
  private final RunningHash hash;

  /** Whether the bytes may have the name of the blob, and must not be written any more. */
  private volatile boolean sealed;

  private volatile boolean published;

  FsPartialBlob(
      PartialBlobs partials,
      PublishedBlobs target,
      Quarantine quarantine,
      Disk disk,
      DiskBudget.Reservation reservation,
      StoreLayout.PartialPaths paths,
      AuthorisedBlob proof,
      Files files,
      BitSet found) {
    this.partials = partials;
    this.target = target;
    this.quarantine = quarantine;
    this.disk = disk;
    this.reservation = reservation;
    this.paths = paths;
    this.repo = proof.repo();
    this.owner = proof.owner();
    this.blob = proof.blob();
    this.file = new SharedFile(this::reopen, files.data());
    this.map = files.map();
    this.found = found;
    this.marked = (BitSet) found.clone();
    this.hash = new RunningHash(proof.blob());
  }

  private Disk.File reopen() throws IOException {
    if (published) {
      return disk.open(paths.blob());
    }
    return sealed ? disk.open(paths.data()) : disk.reopen(paths.data());
  }

  @Override
  public BitSet found() {
    return (BitSet) found.clone();
  }

  @Override
  public void reserve(long bytes) throws IOException {
    requireOpen();
    reservation.reserve(bytes);
  }

  @Override
  public void unreserve(long bytes) {
    reservation.unreserve(bytes);
  }

  @Override
  public void write(ByteBuffer from, long at) throws IOException {
    requireOpen();
    if (at < 0 || from.remaining() > blob.size() - at) {
      throw new IOException("the blob has no more than %d bytes".formatted(blob.size()));
    }
    int before = from.remaining();
    try {
      file.write(from, at);
    } finally {
      reservation.written(before - from.remaining());
    }
  }

  @Override
  public void mark(int piece) throws IOException {
    Objects.checkIndex(piece, PartialBlob.pieces(blob.size()));
    requireOpen();
    if (map.isPresent()) {
      map.get().mark(piece);
    }
    synchronized (marked) {
      marked.set(piece);
    }
  }

  private BitSet marked() {
    synchronized (marked) {
      return (BitSet) marked.clone();
    }
  }

  @Override
  public int read(ByteBuffer into, long at) throws IOException {
    InMemoryBlob.requireInside(at, blob.size());
    int limit = into.limit();
    into.limit((int) Math.min(limit, into.position() + (blob.size() - at)));
    try {
      int count = file.read(into, at);
      if (count <= 0) {
        throw new IOException("nothing is at %d of %d bytes".formatted(at, blob.size()));
      }
      return count;
    } finally {
      into.limit(limit);
    }
  }

  @Override
  public void sync() throws IOException {
    durability.lock();
    boolean interrupted = Thread.interrupted();
    try {
      requireOpen();
      syncMarked();
    } finally {
      restore(interrupted);
      durability.unlock();
    }
  }

  /**
   * The JDK closes a channel before it forces it when the thread is interrupted, which would look
   * like a disk that failed. So the flag is taken off before, and put on again here.
   */
  private static void restore(boolean interrupted) {
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** The bytes and the names that lead to them before the map that speaks of them. */
  private void syncMarked() throws IOException {
    BitSet now = marked();
    if (map.isEmpty() || now.equals(synced)) {
      return;
    }
    if (sealed) {
      disk.setWritable(paths.data());
    }
    try (Disk.File data = disk.reopen(paths.data());
        Disk.File pieces = disk.reopen(paths.pieces())) {
      force(data::force);
      if (!begun) {
        force(() -> forceNames(DurableFolders.parentOf(paths.data())));
        // The newer slot may have been written by a process that died before it could force it.
        // Then the older one is what a power cut leaves, and the next number would overwrite that.
        force(pieces::force);
        begun = true;
      }
      map.get().store(now);
      force(pieces::force);
    }
    synced = now;
  }

  private void forceNames(Path folder) throws IOException {
    disk.forceFolder(folder);
    if (paths.ownFolder()) {
      disk.forceFolder(DurableFolders.parentOf(folder));
    }
  }

  private interface Force {
    void run() throws IOException;
  }

  /** A force that fails ends it: the system reports lost pages once and calls them clean then. */
  private void force(Force force) throws IOException {
    boolean forced = false;
    try {
      force.run();
      forced = true;
    } catch (IOException | RuntimeException e) {
      log.warn("{} could not be synced to the disk and is dropped: {}", paths.data(), e.toString());
      throw e;
    } finally {
      if (!forced) {
        poison();
      }
    }
  }

  private void poison() {
    state = State.FAILED;
    poisoned = true;
    partials.poison(paths, map);
  }

  @Override
  public long hashed() {
    return hash.position();
  }

  @Override
  public void hash(long to) throws IOException {
    Objects.checkFromToIndex(0, to, blob.size());
    requireOpen();
    hash.advance(this::read, to);
  }

  @Override
  public Verdict publish() throws IOException {
    durability.lock();
    boolean interrupted = Thread.interrupted();
    try {
      requireOpen();
      boolean right = hash.matches();
      state = State.FAILED;
      if (!right) {
        quarantineFiles();
        end();
        return Verdict.WRONG;
      }
      name();
      published = true;
      pin = Optional.of(partials.pin(paths));
      end();
      return Verdict.PUBLISHED;
    } finally {
      restore(interrupted);
      durability.unlock();
    }
  }

  private void name() throws IOException {
    // Opened before its mode changes.
    try (Disk.File data = disk.reopen(paths.data())) {
      target.put(owner, blob, new Verified(data));
    }
  }

  /** These bytes, once they are verified. */
  private final class Verified implements VerifiedFile {
    private final Disk.File data;

    Verified(Disk.File data) {
      this.data = data;
    }

    @Override
    public Path path() {
      return paths.data();
    }

    @Override
    public void force() throws IOException {
      sealed = true;
      FsPartialBlob.this.force(() -> {
        data.force();
        // A network file system tells what went wrong as late as here.
        data.close();
      });
    }

    @Override
    public void transferSpace(Runnable count) {
      reservation.transferTo(count);
    }
  }

  private void quarantineFiles() {
    String why =
        "%s of %s should have %d bytes and the digest %s; %d bytes arrived with another digest"
            .formatted(
                paths.blob().getFileName(), repo, blob.size(), blob.digest().hex(), blob.size());
    partials.poison(paths, map);
    quarantine.take(paths.data(), why);
  }

  private void end() {
    state = State.ENDED;
    partials.ended(paths);
  }

  private void requireOpen() throws IOException {
    if (state != State.OPEN || partials.closed()) {
      throw new IOException("the blob is published, failed or closed, or the store is closed");
    }
  }

  @Override
  public void close() {
    durability.lock();
    boolean interrupted = Thread.interrupted();
    try {
      if (state != State.CLOSED) {
        boolean names = state != State.ENDED;
        boolean kept = names && saveForLater();
        state = State.CLOSED;
        file.close();
        map.ifPresent(PieceMap::close);
        if (kept) {
          partials.keep(paths, PieceMap.bytesOf(marked(), blob.size()), reservation);
        } else if (names) {
          partials.ended(paths);
        }
        reservation.close();
        pin.ifPresent(BlobPins.Pin::close);
      }
    } finally {
      restore(interrupted);
      durability.unlock();
    }
  }

  /** Whether its pieces are there when it is opened again. */
  private boolean saveForLater() {
    if (map.isEmpty() || marked().isEmpty() || partials.closed()) {
      return false;
    }
    try {
      if (!poisoned) {
        syncMarked();
      }
    } catch (IOException e) {
      log.warn("{} may not survive a power cut: {}", paths.data(), e.toString());
    } catch (RuntimeException e) {
      // Room and the right to write must be given back all the same, or they are lost until the
      // mirror is started again.
      log.error("{} may not survive a power cut because of a bug in intrahub", paths.data(), e);
    }
    return !poisoned;
  }
}
