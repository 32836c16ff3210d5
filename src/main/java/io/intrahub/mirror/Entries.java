package io.intrahub.mirror;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.intrahub.access.Authorised;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.metrics.Meters;
import io.intrahub.store.Manifest;
import java.io.IOException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which content a path of a commit has, from memory and from manifests. What a commit holds never
 * changes, so nothing here grows old. Safe for use by many threads.
 */
final class Entries {
  private static final Logger log = LoggerFactory.getLogger(Entries.class);
  private static final long MAX_WEIGHT = 32L * 1024 * 1024;
  private static final int OVERHEAD = 300;

  private final Manifests manifests;
  private final Meters meters;
  private final Cache<Key, Known> memory =
      Caffeine.newBuilder()
          .maximumWeight(MAX_WEIGHT)
          .weigher((Key key, Known value) -> OVERHEAD + 2 * key.path().value().length())
          .build();

  private record Key(RepoId repo, CommitHash commit, FilePath path) {}

  /** What is known of a path. */
  sealed interface Known {
    record File(BlobId blob) implements Known {}

    /** There is no file of this name: certain, so a client may remember it for ever. */
    record Absent() implements Known {}
  }

  Entries(Manifests manifests, Meters meters) {
    this.manifests = manifests;
    this.meters = meters;
  }

  /** Empty when upstream has to be asked. */
  Optional<Known> find(Authorised<RepoId> repo, CommitHash commit, FilePath path) {
    Key key = new Key(repo.subject(), commit, path);
    Known known = memory.getIfPresent(key);
    if (known != null) {
      meters.answered(Meters.Kind.ENTRY, Meters.Level.MEMORY);
      return Optional.of(known);
    }
    Optional<Known> found = manifests.get(repo, commit).flatMap(m -> in(m, path));
    found.ifPresent(f -> {
      meters.answered(Meters.Kind.ENTRY, Meters.Level.DISK);
      memory.put(key, f);
    });
    return found;
  }

  /** Takes what upstream said of a path just now. */
  void learn(RepoId repo, CommitHash commit, FilePath path, Known known) {
    memory.put(new Key(repo, commit, path), known);
  }

  private static Optional<Known> in(Manifest manifest, FilePath path) {
    try {
      Optional<BlobId> blob = manifest.find(path).flatMap(e -> e.entry().blob());
      if (blob.isPresent()) {
        return Optional.of(new Known.File(blob.get()));
      }
      return manifest.complete() ? Optional.of(new Known.Absent()) : Optional.empty();
    } catch (IOException e) {
      log.warn("The manifest of {} can't be read; upstream is asked instead", manifest.commit(), e);
      return Optional.empty();
    }
  }
}
