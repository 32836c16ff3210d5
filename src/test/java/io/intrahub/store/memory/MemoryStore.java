package io.intrahub.store.memory;

import io.intrahub.access.AuthorisedBlob;
import io.intrahub.base.CacheSizes;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.Digest;
import io.intrahub.hub.RepoId;
import io.intrahub.store.CachedRepoStore;
import io.intrahub.store.Maintenance;
import io.intrahub.store.PartialBlob;
import io.intrahub.store.PublishedBlobs;
import io.intrahub.store.RepoCatalog;
import io.intrahub.store.RepoStore;
import io.intrahub.store.Scratch;
import io.intrahub.store.Store;
import io.intrahub.store.StoreUsage;
import io.intrahub.store.StoredBlob;
import io.intrahub.store.VerifiedFile;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A store that lives as long as the object. It has no limit and evicts nothing: it is for tests,
 * which hold little. Safe for use by many threads.
 */
public final class MemoryStore implements Store, PublishedBlobs, Scratch, Maintenance {
  /** Which bytes: those of one repo, or of all repos. */
  record Key(Optional<RepoId> owner, Digest digest) {}

  /** A blob that is not whole: what it becomes, and the size that is claimed for it. */
  record PartialKey(Key blob, long size) {}

  private final ConcurrentHashMap<Key, MemoryPieces> blobs = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<PartialKey, MemoryPieces> partials = new ConcurrentHashMap<>();
  private final Set<MemoryPartial> writers = ConcurrentHashMap.newKeySet();
  private final Set<PartialKey> written = ConcurrentHashMap.newKeySet();
  private final MemoryRepos repos;
  private final RepoStore cached;

  /**
   * An empty store.
   *
   * @param clock tells observations from the future
   */
  public MemoryStore(Clock clock) {
    this.repos = new MemoryRepos(clock, this::copyOwn);
    // As the store of the product does.
    this.cached = new CachedRepoStore(repos, CacheSizes.ofHeap(512L << 20), clock);
  }

  private void copyOwn(RepoId from, RepoId to) {
    blobs.forEach((key, bytes) -> {
      if (key.owner().filter(from::equals).isPresent()) {
        publish(new Key(Optional.of(to), key.digest()), bytes);
      }
    });
  }

  @Override
  public PublishedBlobs published() {
    return this;
  }

  @Override
  public Scratch scratch() {
    return this;
  }

  @Override
  public Maintenance maintenance() {
    return this;
  }

  @Override
  public byte[] installationKey() {
    return new byte[32];
  }

  @Override
  public void put(Optional<RepoId> owner, BlobId blob, VerifiedFile file) throws IOException {
    throw new IOException("this store has no files");
  }

  @Override
  public void scan() {}

  @Override
  public void tidy() {}

  @Override
  public void saveLastUses() {}

  /** Grants are not kept across starts here. */
  @Override
  public void deleteGrantsOlderThan(Duration life) {}

  @Override
  public RepoStore repos() {
    return cached;
  }

  /** All of its metadata, for whoever judges what is current. */
  public RepoCatalog catalog() {
    return repos;
  }

  @Override
  public StoreUsage usage() {
    return new StoreUsage(
        blobs.size(),
        blobs.values().stream().mapToLong(MemoryPieces::size).sum(),
        true,
        written.size(),
        writers.stream().mapToLong(MemoryPartial::reserved).sum(),
        writers.stream().mapToLong(MemoryPartial::unpublished).sum(),
        partials.size(),
        partials.values().stream().mapToLong(MemoryPieces::markedBytes).sum(),
        0,
        OptionalLong.empty(),
        OptionalLong.empty(),
        0,
        0);
  }

  @Override
  public Optional<StoredBlob> open(AuthorisedBlob proof) {
    return find(proof).map(MemoryPieces::open);
  }

  @Override
  public boolean contains(AuthorisedBlob proof) {
    return find(proof).isPresent();
  }

  private Optional<MemoryPieces> find(AuthorisedBlob proof) {
    Key own = new Key(Optional.of(proof.repo()), proof.blob().digest());
    return Optional.ofNullable(blobs.get(new Key(Optional.empty(), proof.blob().digest())))
        .or(() -> Optional.ofNullable(blobs.get(own)))
        .filter(bytes -> bytes.size() == proof.blob().size());
  }

  @Override
  public PartialBlob write(AuthorisedBlob proof) throws IOException {
    BlobId blob = proof.blob();
    PartialBlob.requirePossible(blob.size());
    PartialKey key = new PartialKey(new Key(proof.owner(), blob.digest()), blob.size());
    if (!written.add(key)) {
      throw new IOException(blob.digest().hex() + " is open already");
    }
    MemoryPieces kept = partials.remove(key);
    MemoryPieces bytes = kept != null ? kept : new MemoryPieces(blob.size());
    MemoryPartial partial = new MemoryPartial(this, key, blob, bytes);
    writers.add(partial);
    return partial;
  }

  void publish(Key key, MemoryPieces bytes) {
    blobs.putIfAbsent(key, bytes);
  }

  /** The blob may be opened again. */
  void ended(PartialKey key) {
    written.remove(key);
  }

  /** As {@link #ended}; the pieces are there then. */
  void keep(PartialKey key, MemoryPieces bytes) {
    partials.put(key, bytes);
    ended(key);
  }

  void closed(MemoryPartial partial) {
    writers.remove(partial);
  }

  @Override
  public void close() {}
}
