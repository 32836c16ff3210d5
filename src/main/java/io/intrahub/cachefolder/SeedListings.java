package io.intrahub.cachefolder;

import io.intrahub.cachefolder.CachedFiles.CachedRef;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Observation;
import io.intrahub.store.GuardedFolder;
import io.intrahub.store.Manifest;
import io.intrahub.store.SeedBlobs;
import io.intrahub.store.SeedMetadata;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Reads what cache folders of the Hub's Python clients say of repos, as an import does. Nothing is
 * kept between two questions: a folder may appear, change or vanish at any time, and thousands of
 * repos cost no memory. Of several folders, the first that knows something counts. Safe for use by
 * many threads.
 */
public final class SeedListings implements SeedMetadata {
  private final List<GuardedFolder> folders;
  private final SeedBlobs blobs;
  private final Clock clock;

  /**
   * Reads nothing yet.
   *
   * @param folders the seeds, the first one first
   * @param blobs the content of the same folders, which says whether a file may be named to clients
   */
  public SeedListings(List<GuardedFolder> folders, SeedBlobs blobs, Clock clock) {
    this.folders = List.copyOf(folders);
    this.blobs = blobs;
    this.clock = clock;
  }

  private List<SeedReader> readers() {
    return folders.stream().map(SeedReader::of).flatMap(Optional::stream).toList();
  }

  private static boolean has(SeedReader seed, Predicate<CacheFolderReader> what) {
    return seed.look(reader -> Optional.of(what.test(reader))).orElse(false);
  }

  @Override
  public boolean has(RepoId repo) {
    return readers().stream().anyMatch(seed -> has(seed, reader -> reader.has(repo)));
  }

  @Override
  public Optional<Observation<CommitHash>> revision(RepoId repo, Revision revision) {
    List<SeedReader> readers = readers();
    return readers.stream()
        .map(seed -> seed.look(reader -> reader.ref(repo, revision)))
        .flatMap(Optional::stream)
        .filter(ref ->
            readers.stream().anyMatch(seed -> has(seed, reader -> reader.has(repo, ref.commit()))))
        .findFirst()
        .map(ref -> new Observation<>(ref.commit(), seenAt(ref)));
  }

  private Instant seenAt(CachedRef ref) {
    Instant now = clock.instant();
    return ref.writtenAt().isAfter(now) ? now : ref.writtenAt();
  }

  @Override
  public Optional<Manifest> manifest(RepoId repo, CommitHash commit) {
    List<SeedReader> having =
        readers().stream().filter(seed -> has(seed, reader -> reader.has(repo, commit))).toList();
    return having.isEmpty()
        ? Optional.empty()
        : Optional.of(new SeedManifest(having, blobs, repo, commit));
  }
}
