package io.intrahub.store.fs;

import io.intrahub.access.Authorised;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import io.intrahub.store.BlobStore;
import io.intrahub.store.PartialBlob;
import io.intrahub.store.StoredBlob;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
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

  private static final CompletableFuture<StoredBlob.Check> SURE =
      CompletableFuture.completedFuture(StoredBlob.Check.RIGHT);

  private final Disk disk;
  private final Layout layout;
  private final Partials partials;
  private final BlobChecks checks;
  private final BlobIndex index;
  private final Clock clock;
  private final Vitals vitals;
  private final BlobUses uses;
  private final Stripes stripes;

  FsBlobStore(
      Disk disk,
      Layout layout,
      Partials partials,
      BlobChecks checks,
      BlobIndex index,
      Clock clock,
      Vitals vitals,
      BlobUses uses,
      Stripes stripes) {
    this.disk = disk;
    this.layout = layout;
    this.partials = partials;
    this.checks = checks;
    this.index = index;
    this.clock = clock;
    this.vitals = vitals;
    this.uses = uses;
    this.stripes = stripes;
  }

  @Override
  public boolean contains(Authorised<RepoId> repo, BlobId blob) {
    Layout.Place place = layout.place(repo.subject(), blob.digest());
    try {
      return disk.facts(place.blob())
              .filter(f -> f.regular() && f.size() == blob.size())
              .isPresent()
          && index.trust(place.key(), blob.size()) != BlobIndex.Trust.UNREADABLE;
    } catch (IOException e) {
      log.warn("{} counts as absent: {}", place.blob(), e.toString());
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
    BlobChecks.Subject subject = new BlobChecks.Subject(place, facts);
    Disk.File file = disk.open(place.blob());
    boolean handedOut = false;
    try {
      if (file.size() != blob.size()) {
        checkMisfit(subject, blob, file);
        return Optional.empty();
      }
      if (blob.size() <= SERVED_FROM_MEMORY) {
        Optional<ByteBuffer> bytes = readSmall(subject, blob, file);
        bytes.ifPresent(b -> index.used(place.key(), blob.size(), clock.instant()));
        return bytes.map(BytesBlob::new);
      }
      Optional<CompletableFuture<StoredBlob.Check>> check = check(subject, file);
      if (check.isEmpty()) {
        return Optional.empty();
      }
      index.used(place.key(), blob.size(), clock.instant());
      SharedFile shared = new SharedFile(() -> disk.open(place.blob()), file);
      handedOut = true;
      return Optional.of(
          new FileBlob(
              shared,
              blob.size(),
              () -> suspect(place.key(), blob.size()),
              use,
              check.get().isDone() ? check.get() : check.get().copy()));
    } finally {
      if (!handedOut) {
        file.close();
      }
    }
  }

  /** What becomes of the check of a blob that is opened; empty when the blob counts as absent. */
  private Optional<CompletableFuture<StoredBlob.Check>> check(
      BlobChecks.Subject subject, Disk.File file) throws IOException {
    if (!isDoubtful(subject.place().key(), subject.facts())) {
      return Optional.of(SURE);
    }
    if (subject.facts().size() <= CHECKED_ON_OPEN) {
      return checks.check(subject, file) ? Optional.of(SURE) : Optional.empty();
    }
    boolean unreadable =
        index.trust(subject.place().key(), subject.facts().size()) == BlobIndex.Trust.UNREADABLE;
    CompletableFuture<StoredBlob.Check> check = checks.begin(subject, true);
    if (check.isDone()) {
      return check.join() == StoredBlob.Check.RIGHT ? Optional.of(check) : Optional.empty();
    }
    return unreadable ? Optional.empty() : Optional.of(check);
  }

  private boolean isDoubtful(BlobKey key, Disk.Facts facts) {
    BlobIndex.Trust trust = index.trust(key, facts.size());
    return facts.size() <= CHECKED_ON_OPEN
        || trust.givesWay()
        || (trust == BlobIndex.Trust.UNKNOWN && vitals.isDoubtful(facts.modified()));
  }

  private Optional<ByteBuffer> readSmall(BlobChecks.Subject subject, BlobId blob, Disk.File file)
      throws IOException {
    ByteBuffer bytes;
    try {
      bytes = FileIo.readFully(file, 0, (int) blob.size());
    } catch (IOException e) {
      checks.unreadable(subject, e);
      throw e;
    }
    if (!Contents.match(bytes, blob.digest())) {
      checks.damaged(subject.place(), subject.facts(), "its digest is wrong");
      return Optional.empty();
    }
    return Optional.of(bytes);
  }

  /**
   * The file has another size than was asked for. Either the file is damaged, or the asker's size
   * is wrong: a repo at the Hub can claim any size for a digest, and such a claim must not throw
   * out a good blob that others use. Nobody waits for a large one to be read.
   */
  private void checkMisfit(BlobChecks.Subject subject, BlobId asked, Disk.File file)
      throws IOException {
    Disk.Facts facts = subject.facts();
    if (index.trust(subject.place().key(), facts.size()) == BlobIndex.Trust.VERIFIED) {
      warnOfMisfit(subject, asked);
    } else if (facts.size() > CHECKED_ON_OPEN) {
      var _ =
          checks
              .begin(subject, false)
              .thenAccept(found -> {
                if (found == StoredBlob.Check.RIGHT) {
                  warnOfMisfit(subject, asked);
                }
              });
    } else if (checks.check(subject, file)) {
      warnOfMisfit(subject, asked);
    }
  }

  private static void warnOfMisfit(BlobChecks.Subject subject, BlobId asked) {
    log.warn(
        "{} was asked for with a size of {} bytes, but it has {} and its digest is right",
        subject.place().blob(),
        asked.size(),
        subject.facts().size());
  }

  private void suspect(BlobKey key, long size) {
    index.put(key, size, BlobIndex.Trust.SUSPECT, clock.instant());
  }

  @Override
  public PartialBlob write(Authorised<RepoId> repo, BlobId blob) throws IOException {
    RepoId subject = repo.subject();
    return partials.write(layout.partial(subject, blob), subject, blob);
  }
}
