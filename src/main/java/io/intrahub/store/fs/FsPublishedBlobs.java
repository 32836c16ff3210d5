package io.intrahub.store.fs;

import io.intrahub.access.AuthorisedBlob;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.Digest;
import io.intrahub.hub.RepoId;
import io.intrahub.store.PublishedBlobs;
import io.intrahub.store.StoredBlob;
import io.intrahub.store.VerifiedFile;
import io.intrahub.store.fs.blobs.BlobChecks;
import io.intrahub.store.fs.blobs.BlobIndex;
import io.intrahub.store.fs.blobs.BlobPins;
import io.intrahub.store.fs.blobs.BlobPublisher;
import io.intrahub.store.fs.blobs.DigestCheck;
import io.intrahub.store.fs.blobs.FileBlob;
import io.intrahub.store.fs.blobs.InMemoryBlob;
import io.intrahub.store.fs.disk.BlobKey;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.FileIo;
import io.intrahub.store.fs.disk.SharedFile;
import io.intrahub.store.fs.disk.StoreLayout;
import io.intrahub.store.fs.disk.StripedLocks;
import io.intrahub.store.fs.startup.CleanShutdownMarker;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Blobs as files. See {@code docs/publish.md} for the steps and their reasons. */
final class FsPublishedBlobs implements PublishedBlobs {
  /**
   * Up to this size a blob's digest is checked each time it is opened: that costs a millisecond.
   */
  static final int CHECKED_ON_OPEN = 1 << 20;

  /** Up to this size the checked bytes themselves are served, and no file stays open. */
  static final int SERVED_FROM_MEMORY = 64 << 10;

  private static final Logger log = LoggerFactory.getLogger(FsPublishedBlobs.class);

  private static final CompletableFuture<StoredBlob.Check> SURE =
      CompletableFuture.completedFuture(StoredBlob.Check.RIGHT);

  private final Disk disk;
  private final StoreLayout layout;
  private final BlobPublisher publisher;
  private final BlobChecks checks;
  private final BlobIndex index;
  private final Clock clock;
  private final CleanShutdownMarker shutdownMarker;
  private final BlobPins pins;
  private final StripedLocks locks;

  FsPublishedBlobs(
      Disk disk,
      StoreLayout layout,
      BlobPublisher publisher,
      BlobChecks checks,
      BlobIndex index,
      Clock clock,
      CleanShutdownMarker shutdownMarker,
      BlobPins pins,
      StripedLocks locks) {
    this.disk = disk;
    this.layout = layout;
    this.publisher = publisher;
    this.checks = checks;
    this.index = index;
    this.clock = clock;
    this.shutdownMarker = shutdownMarker;
    this.pins = pins;
    this.locks = locks;
  }

  @Override
  public boolean contains(AuthorisedBlob proof) {
    return places(proof).anyMatch(paths -> contains(paths, proof.blob()));
  }

  /**
   * Where a blob may lie, the likelier place first. What a repo had to itself is still its own when
   * everybody may read it.
   */
  private Stream<StoreLayout.BlobPaths> places(AuthorisedBlob proof) {
    StoreLayout.BlobPaths own = layout.paths(Optional.of(proof.repo()), proof.blob().digest());
    return proof.blob().digest() instanceof Digest.Sha256 sha256
        ? Stream.of(layout.shared(sha256), own)
        : Stream.of(own);
  }

  private boolean contains(StoreLayout.BlobPaths paths, BlobId blob) {
    try {
      return disk.attributes(paths.blob())
              .filter(f -> f.regular() && f.size() == blob.size())
              .isPresent()
          && index.trust(paths.key(), blob.size()) != BlobIndex.Trust.UNREADABLE;
    } catch (IOException e) {
      log.warn("{} can't be read and counts as absent: {}", paths.blob(), e.toString());
      return false;
    }
  }

  @Override
  public Optional<StoredBlob> open(AuthorisedBlob proof) {
    return places(proof)
        .map(paths -> open(paths, proof.blob()))
        .flatMap(Optional::stream)
        .findFirst();
  }

  private Optional<StoredBlob> open(StoreLayout.BlobPaths paths, BlobId blob) {
    Optional<BlobPins.Pin> pin = pins.pin(paths.key());
    if (pin.isEmpty()) {
      // It is being evicted.
      return Optional.empty();
    }
    Optional<StoredBlob> opened = Optional.empty();
    try {
      opened = open(paths, blob, pin.get());
    } catch (IOException e) {
      log.warn("{} can't be read and counts as absent: {}", paths.blob(), e.toString());
    } finally {
      if (opened.filter(FileBlob.class::isInstance).isEmpty()) {
        pin.get().close();
      }
    }
    return opened;
  }

  private Optional<StoredBlob> open(StoreLayout.BlobPaths paths, BlobId blob, BlobPins.Pin pin)
      throws IOException {
    Optional<Disk.Attributes> facts = disk.attributes(paths.blob());
    if (facts.isEmpty()) {
      forget(paths);
      return Optional.empty();
    }
    if (!facts.get().regular()) {
      log.warn("{} counts as absent: it is not a file", paths.blob());
      return Optional.empty();
    }
    return open(paths, blob, facts.get(), pin);
  }

  /** It was not there. If the index thinks otherwise, one of the two may just be changing. */
  private void forget(StoreLayout.BlobPaths paths) throws IOException {
    if (!index.contains(paths.key())) {
      return;
    }
    ReentrantLock lock = locks.of(paths.key());
    lock.lock();
    try {
      if (disk.attributes(paths.blob()).isEmpty()) {
        index.remove(paths.key());
      }
    } finally {
      lock.unlock();
    }
  }

  private Optional<StoredBlob> open(
      StoreLayout.BlobPaths paths, BlobId blob, Disk.Attributes attributes, BlobPins.Pin pin)
      throws IOException {
    BlobChecks.Subject subject = new BlobChecks.Subject(paths, attributes);
    Disk.File file = disk.open(paths.blob());
    boolean handedOut = false;
    try {
      if (file.size() != blob.size()) {
        checkMisfit(subject, blob, file);
        return Optional.empty();
      }
      if (blob.size() <= SERVED_FROM_MEMORY) {
        Optional<ByteBuffer> bytes = readSmall(subject, blob, file);
        bytes.ifPresent(b -> index.used(paths.key(), blob.size(), clock.instant()));
        return bytes.map(InMemoryBlob::new);
      }
      Optional<CompletableFuture<StoredBlob.Check>> check = check(subject, file);
      if (check.isEmpty()) {
        return Optional.empty();
      }
      index.used(paths.key(), blob.size(), clock.instant());
      SharedFile shared = new SharedFile(() -> disk.open(paths.blob()), file);
      handedOut = true;
      return Optional.of(
          new FileBlob(
              shared,
              blob.size(),
              () -> suspect(paths.key(), blob.size()),
              pin,
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
    if (!isSuspect(subject.paths().key(), subject.attributes())) {
      return Optional.of(SURE);
    }
    if (subject.attributes().size() <= CHECKED_ON_OPEN) {
      return checks.check(subject, file) ? Optional.of(SURE) : Optional.empty();
    }
    boolean unreadable =
        index.trust(subject.paths().key(), subject.attributes().size())
            == BlobIndex.Trust.UNREADABLE;
    CompletableFuture<StoredBlob.Check> check = checks.begin(subject, true);
    if (check.isDone()) {
      return check.join() == StoredBlob.Check.RIGHT ? Optional.of(check) : Optional.empty();
    }
    return unreadable ? Optional.empty() : Optional.of(check);
  }

  private boolean isSuspect(BlobKey key, Disk.Attributes attributes) {
    BlobIndex.Trust trust = index.trust(key, attributes.size());
    return attributes.size() <= CHECKED_ON_OPEN
        || trust.isReplaceable()
        || (trust == BlobIndex.Trust.UNKNOWN && shutdownMarker.isSuspect(attributes.modified()));
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
    if (!DigestCheck.matches(bytes, blob.digest())) {
      checks.damaged(subject.paths(), subject.attributes(), "its digest is wrong");
      return Optional.empty();
    }
    return Optional.of(bytes);
  }

  /**
   * The file has another size than was asked for. Either the file is damaged, or the client's size
   * is wrong: a repo at the Hub can claim any size for a digest, and such a claim must not throw
   * out a good blob that others use. Nobody waits for a large one to be read.
   */
  private void checkMisfit(BlobChecks.Subject subject, BlobId asked, Disk.File file)
      throws IOException {
    Disk.Attributes attributes = subject.attributes();
    if (index.trust(subject.paths().key(), attributes.size()) == BlobIndex.Trust.VERIFIED) {
      warnOfMisfit(subject, asked);
    } else if (attributes.size() > CHECKED_ON_OPEN) {
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
        "{} was requested with a size of {} bytes, but it has {} and the right digest",
        subject.paths().blob(),
        asked.size(),
        subject.attributes().size());
  }

  private void suspect(BlobKey key, long size) {
    index.put(key, size, BlobIndex.Trust.SUSPECT, clock.instant());
  }

  @Override
  public void put(Optional<RepoId> owner, BlobId blob, VerifiedFile file) throws IOException {
    publisher.publish(layout.paths(owner, blob.digest()), blob, file);
  }
}
