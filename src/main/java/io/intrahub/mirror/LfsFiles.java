package io.intrahub.mirror;

import io.intrahub.access.Authorised;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.store.Manifest;
import io.intrahub.store.ManifestEntry;
import io.intrahub.transfer.Transfers;
import io.intrahub.upstream.CommitFiles;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The LFS files of a commit that the store lacks, from one path on, as its manifest lists them:
 * clients ask for files in about that order. Knows nothing while there is no manifest. Safe for use
 * by many threads.
 *
 * @param repo with the right to read its content
 * @param from the file that a client reads; it is left out
 */
record LfsFiles(
    ManifestLoader manifests,
    Transfers transfers,
    Authorised<RepoId> repo,
    CommitHash commit,
    FilePath from)
    implements CommitFiles {
  private static final Logger log = LoggerFactory.getLogger(LfsFiles.class);

  /** Entries that are looked at, at most: a client waits for it. */
  private static final int MAX_ENTRIES = 2_000;

  @Override
  public List<Named> wanted(int limit) {
    List<Named> found = new ArrayList<>();
    Optional<Manifest> manifest = manifests.get(repo, commit);
    if (manifest.isPresent()) {
      try {
        Search search = new Search(found, limit);
        manifest.get().list(Optional.empty(), true, Optional.of(from), search::take);
        manifest.get().list(Optional.empty(), true, Optional.empty(), search::takeBefore);
      } catch (IOException e) {
        log.warn("The manifest of {} can't be read", commit, e);
      }
    }
    return found;
  }

  @Override
  public boolean isExhaustive() {
    return manifests
        .get(repo, commit)
        .filter(manifest -> manifest.complete() && manifest.size() <= MAX_ENTRIES)
        .isPresent();
  }

  /** For one thread. */
  private final class Search {
    private final List<Named> found;
    private final int limit;
    private int seen;

    Search(List<Named> found, int limit) {
      this.found = found;
      this.limit = limit;
    }

    boolean takeBefore(ManifestEntry entry) {
      return Manifest.ORDER.compare(entry.entry().path(), from) < 0 && take(entry);
    }

    boolean take(ManifestEntry entry) {
      if (found.size() == limit || seen == MAX_ENTRIES) {
        return false;
      }
      seen++;
      EntryLookup.named(repo, entry)
          .filter(blob -> blob.blob().digest() instanceof Digest.Sha256)
          .filter(blob -> blob.blob().size() > 0 && !transfers.isStored(blob))
          .ifPresent(blob -> found.add(new Named(entry.entry().path(), blob.blob())));
      return true;
    }
  }
}
