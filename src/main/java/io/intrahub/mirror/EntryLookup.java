package io.intrahub.mirror;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.intrahub.access.AccessChecker;
import io.intrahub.access.Authorised;
import io.intrahub.access.AuthorisedBlob;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.metrics.Meters;
import io.intrahub.store.Manifest;
import io.intrahub.store.ManifestEntry;
import io.intrahub.upstream.FirstHop;
import java.io.IOException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which content a path of a commit has, from memory and from manifests. What a commit holds never
 * changes, so nothing here grows old. Safe for use by many threads.
 *
 * <p>This is the one place where a proof for a repo becomes a proof for a blob of it. The memory
 * holds no proofs: each request gets one from the proof for the repo that it brings.
 */
final class EntryLookup {
  private static final Logger log = LoggerFactory.getLogger(EntryLookup.class);

  /** What an entry takes besides its two texts of any length, in bytes: mostly digests. */
  private static final int OVERHEAD = 600;

  private final ManifestLoader manifests;
  private final Meters meters;
  private final Cache<Key, Remembered> memory;

  private record Key(RepoId repo, CommitHash commit, FilePath path) {}

  /**
   * Which blob the path has, empty when there is no such file, and whether a complete manifest said
   * so. A single answer of upstream's resolve may have been tampered with on the way; it counts
   * only until the commit's manifest is there.
   */
  private record Remembered(Optional<BlobId> blob, boolean byManifest) {}

  /** What is known of a path. */
  sealed interface Known {
    /** The repo names this blob, so whoever may read the repo may read it. */
    record File(AuthorisedBlob blob) implements Known {}

    /** There is no file of this name: certain, so a client may remember it for ever. */
    record Absent() implements Known {}
  }

  /**
   * Nothing is remembered yet.
   *
   * @param bytes of heap that the memory may take
   */
  EntryLookup(ManifestLoader manifests, Meters meters, long bytes) {
    this.manifests = manifests;
    this.meters = meters;
    this.memory =
        Caffeine.newBuilder()
            .maximumWeight(bytes)
            .weigher((Key key, Remembered value) -> weight(key))
            .build();
  }

  private static int weight(Key key) {
    return OVERHEAD + 2 * (key.path().value().length() + key.repo().id().length());
  }

  /** Empty when upstream has to be asked. */
  Optional<Known> find(Authorised<RepoId> repo, CommitHash commit, FilePath path) {
    Key key = new Key(repo.subject(), commit, path);
    Remembered remembered = memory.getIfPresent(key);
    if (remembered != null && remembered.byManifest()) {
      meters.answered(Meters.Kind.ENTRY, Meters.Level.MEMORY);
      return Optional.of(known(repo, remembered.blob()));
    }
    // What was imported counts only where the Hub said nothing.
    Optional<Manifest> manifest =
        manifests.get(repo, commit).filter(m -> m.complete() || remembered == null);
    Optional<Optional<BlobId>> found = manifest.flatMap(m -> in(m, path));
    if (found.isPresent()) {
      meters.answered(
          Meters.Kind.ENTRY, remembered == null ? Meters.Level.DISK : Meters.Level.MEMORY);
      // What was imported counts while the Hub can't be asked, and is not remembered beyond that.
      if (manifest.get().complete()) {
        memory.put(key, new Remembered(found.get(), true));
      }
      return Optional.of(known(repo, found.get()));
    }
    if (remembered != null) {
      meters.answered(Meters.Kind.ENTRY, Meters.Level.MEMORY);
      return Optional.of(known(repo, remembered.blob()));
    }
    return Optional.empty();
  }

  private static Known known(Authorised<RepoId> repo, Optional<BlobId> blob) {
    return blob.<Known>map(b -> new Known.File(AccessChecker.blob(repo, b)))
        .orElseGet(Known.Absent::new);
  }

  /** Returns the proof for the blob that an entry of the repo's own manifest names, if any. */
  static Optional<AuthorisedBlob> named(Authorised<RepoId> repo, ManifestEntry entry) {
    return entry.entry().blob().map(blob -> AccessChecker.blob(repo, blob));
  }

  /**
   * Remembers what upstream just said about a file, under the repo and the commit that it named.
   */
  void learn(FilePath path, FirstHop hop) {
    remember(hop.repo(), hop.commit(), path, Optional.of(hop.blob()));
  }

  /** Remembers what upstream just said about a file of this repo, and returns the proof for it. */
  AuthorisedBlob learn(Authorised<RepoId> repo, CommitHash commit, FilePath path, FirstHop hop) {
    remember(repo.subject(), commit, path, Optional.of(hop.blob()));
    return AccessChecker.blob(repo, hop.blob());
  }

  /** Remembers what upstream just listed of a path. */
  void learn(RepoId repo, CommitHash commit, FilePath path, BlobId blob) {
    remember(repo, commit, path, Optional.of(blob));
  }

  /** Remembers that upstream just said that there is no such file. */
  void learnAbsent(RepoId repo, CommitHash commit, FilePath path) {
    remember(repo, commit, path, Optional.empty());
  }

  private void remember(RepoId repo, CommitHash commit, FilePath path, Optional<BlobId> blob) {
    memory.put(new Key(repo, commit, path), new Remembered(blob, false));
  }

  /** What came was not what was said of the path: upstream is to be asked again. */
  void markSuspect(RepoId repo, CommitHash commit, FilePath path) {
    memory.invalidate(new Key(repo, commit, path));
  }

  /** Another repo has this name now. */
  void forget(RepoId repo) {
    memory.asMap().keySet().removeIf(key -> key.repo().equals(repo));
  }

  /** Empty when the manifest does not say; an empty blob says that there is no such file. */
  private static Optional<Optional<BlobId>> in(Manifest manifest, FilePath path) {
    try {
      Optional<BlobId> blob = manifest.find(path).flatMap(e -> e.entry().blob());
      if (blob.isPresent()) {
        return Optional.of(blob);
      }
      return manifest.complete() ? Optional.of(Optional.empty()) : Optional.empty();
    } catch (IOException e) {
      log.warn("The manifest of {} can't be read, so upstream is asked", manifest.commit(), e);
      return Optional.empty();
    }
  }
}
