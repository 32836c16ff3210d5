package io.intrahub.store.fs;

import io.intrahub.access.Authorised;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.Digest;
import io.intrahub.hub.RepoId;
import io.intrahub.store.BlobStore;
import io.intrahub.store.PartialBlob;
import io.intrahub.store.StoredBlob;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Blobs as files. See {@code docs/publish.md} for the steps and their reasons. */
final class FsBlobStore implements BlobStore {
  /**
   * Up to this size a blob's digest is checked each time it is opened: that costs a millisecond.
   */
  static final int CHECKED_ON_OPEN = 1 << 20;

  /** Up to this size the checked bytes themselves are served, and no file stays open. */
  static final int SERVED_FROM_MEMORY = 64 << 10;

  private static final Logger log = LoggerFactory.getLogger(FsBlobStore.class);

  private final Disk disk;
  private final Layout layout;
  private final Partials partials;
  private final Quarantine quarantine;
  private final BlobIndex index;
  private final Clock clock;
  private final Vitals vitals;
  private final BlobUses uses;
  private final Stripes stripes;

  FsBlobStore(
      Disk disk,
      Layout layout,
      Partials partials,
      Quarantine quarantine,
      BlobIndex index,
      Clock clock,
      Vitals vitals,
      BlobUses uses,
      Stripes stripes) {
    this.disk = disk;
    this.layout = layout;
    this.partials = partials;
    this.quarantine = quarantine;
    this.index = index;
    this.clock = clock;
    this.vitals = vitals;
    this.uses = uses;
    this.stripes = stripes;
  }

  @Override
  public boolean contains(Authorised<RepoId> repo, BlobId blob) {
    Path path = layout.place(repo.subject(), blob.digest()).blob();
    try {
      return disk.facts(path).filter(f -> f.regular() && f.size() == blob.size()).isPresent();
    } catch (IOException e) {
      log.warn("{} counts as absent: {}", path, e.toString());
      return false;
    }
  }

  @Override
  public Optional<StoredBlob> open(Authorised<RepoId> repo, BlobId blob) {
    Layout.Place place = layout.place(repo.subject(), blob.digest());
    Optional<BlobUses.Use> use = uses.begin(place.key());
    if (use.isEmpty()) {
      // It is being evicted.
      return Optional.empty();
    }
    Optional<StoredBlob> opened = Optional.empty();
    try {
      opened = open(place, blob, use.get());
    } catch (IOException e) {
      log.warn("{} counts as absent: {}", place.blob(), e.toString());
    } finally {
      if (opened.filter(FileBlob.class::isInstance).isEmpty()) {
        use.get().close();
      }
    }
    return opened;
  }

  private Optional<StoredBlob> open(Layout.Place place, BlobId blob, BlobUses.Use use)
      throws IOException {
    Optional<Disk.Facts> facts = disk.facts(place.blob());
    if (facts.isEmpty()) {
      forget(place);
      return Optional.empty();
    }
    if (!facts.get().regular()) {
      log.warn("{} counts as absent: it is not a file", place.blob());
      return Optional.empty();
    }
    return open(place, blob, facts.get(), use);
  }

  /** It was not there. If the index thinks otherwise, one of the two may just be changing. */
  private void forget(Layout.Place place) throws IOException {
    if (!index.contains(place.key())) {
      return;
    }
    ReentrantLock lock = stripes.of(place.key());
    lock.lock();
    try {
      if (disk.facts(place.blob()).isEmpty()) {
        index.remove(place.key());
      }
    } finally {
      lock.unlock();
    }
  }

  private Optional<StoredBlob> open(
      Layout.Place place, BlobId blob, Disk.Facts facts, BlobUses.Use use) throws IOException {
    Disk.File file = disk.open(place.blob());
    boolean handedOut = false;
    try {
      if (file.size() != blob.size()) {
        checkMisfit(place, blob, facts, file);
        return Optional.empty();
      }
      Optional<ByteBuffer> bytes = Optional.empty();
      if (blob.size() <= SERVED_FROM_MEMORY) {
        bytes = readSmall(place, blob, facts, file);
        if (bytes.isEmpty()) {
          return Optional.empty();
        }
      } else if (isDoubtful(place.key(), facts) && !check(place, blob.digest(), facts, file)) {
        return Optional.empty();
      }
      index.used(place.key(), blob.size(), clock.instant());
      if (bytes.isPresent()) {
        return Optional.of(new BytesBlob(bytes.get()));
      }
      SharedFile shared = new SharedFile(() -> disk.open(place.blob()), file);
      handedOut = true;
      return Optional.of(
          new FileBlob(shared, blob.size(), () -> suspect(place.key(), blob.size()), use));
    } finally {
      if (!handedOut) {
        file.close();
      }
    }
  }

  private boolean isDoubtful(BlobKey key, Disk.Facts facts) {
    BlobIndex.Trust trust = index.trust(key, facts.size());
    return facts.size() <= CHECKED_ON_OPEN
        || trust == BlobIndex.Trust.SUSPECT
        || (trust == BlobIndex.Trust.UNKNOWN && vitals.isDoubtful(facts.modified()));
  }

  private Optional<ByteBuffer> readSmall(
      Layout.Place place, BlobId blob, Disk.Facts facts, Disk.File file) throws IOException {
    ByteBuffer bytes;
    try {
      bytes = FileIo.readFully(file, 0, (int) blob.size());
    } catch (IOException e) {
      unreadable(place, facts, e);
      throw e;
    }
    if (!Contents.match(bytes, blob.digest())) {
      damaged(place, facts, "its digest is wrong");
      return Optional.empty();
    }
    return Optional.of(bytes);
  }

  /**
   * Reads the whole file and moves it away when its content is not what its name says. Two threads
   * may do so for one blob at a time: the work is wasted, the result the same.
   *
   * @return whether the digest is right
   * @throws IOException when the file can't be read
   */
  boolean check(Layout.Place place, Digest digest, Disk.Facts facts, Disk.File file)
      throws IOException {
    boolean right;
    try {
      right = Contents.match(file, facts.size(), digest);
    } catch (IOException e) {
      unreadable(place, facts, e);
      throw e;
    }
    if (right) {
      index.judged(place.key(), facts.size(), BlobIndex.Trust.VERIFIED, facts.modified());
    } else {
      damaged(place, facts, "its digest is wrong");
    }
    return right;
  }

  /**
   * A read failed. The file stays: the error may pass, and the Hub may be out of reach. It is
   * served only after a full check, and gives way to a new copy.
   */
  private void unreadable(Layout.Place place, Disk.Facts facts, IOException why) {
    // An interrupted thread closes its channel; that says nothing about the file.
    if (!(why instanceof ClosedChannelException)) {
      suspect(place.key(), facts.size());
    }
  }

  /**
   * The file has another size than was asked for. Either the file is damaged, or the asker's size
   * is wrong: a repo at the Hub can claim any size for a digest, and such a claim must not throw
   * out a good blob that others use.
   */
  private void checkMisfit(Layout.Place place, BlobId asked, Disk.Facts facts, Disk.File file)
      throws IOException {
    boolean good =
        index.trust(place.key(), facts.size()) == BlobIndex.Trust.VERIFIED
            || check(place, asked.digest(), facts, file);
    if (good) {
      log.warn(
          "{} was asked for with a size of {} bytes, but it has {} and its digest is right",
          place.blob(),
          asked.size(),
          facts.size());
    }
  }

  private void suspect(BlobKey key, long size) {
    index.put(key, size, BlobIndex.Trust.SUSPECT, clock.instant());
  }

  /** Moves a damaged blob away, unless another has taken its name meanwhile. */
  void damaged(Layout.Place place, Disk.Facts seen, String why) {
    ReentrantLock lock = stripes.of(place.key());
    lock.lock();
    try {
      Optional<Disk.Facts> now = disk.facts(place.blob());
      if (now.isEmpty() || !now.get().equals(seen)) {
        return;
      }
      if (quarantine.take(place.blob(), why)) {
        index.remove(place.key());
      }
    } catch (IOException e) {
      log.warn("{} is damaged ({}) and stays where it is: {}", place.blob(), why, e.toString());
    } finally {
      lock.unlock();
    }
  }

  @Override
  public PartialBlob write(Authorised<RepoId> repo, BlobId blob) throws IOException {
    RepoId subject = repo.subject();
    return partials.write(layout.partial(subject, blob), subject, blob);
  }
}
