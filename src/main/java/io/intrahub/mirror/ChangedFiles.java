package io.intrahub.mirror;

import io.intrahub.access.Authorised;
import io.intrahub.access.AuthorisedBlob;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.store.Manifest;
import io.intrahub.store.ManifestEntry;
import io.intrahub.transfer.Transfers;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Finds the files of a new commit that the store does not have although it has an earlier file of
 * the same path. Safe for use by many threads.
 */
final class ChangedFiles {
  /** Entries that are in memory at the same time. */
  static final int PAGE = 500;

  private final Transfers transfers;
  private final WarmingBudget budget;

  /** A file that is missing, and the proof of the right to read it. */
  record Missing(FilePath path, AuthorisedBlob blob) {}

  /** The listing of a commit, and those of the commits that are served now. */
  record Listings(Manifest target, List<Manifest> before) {}

  /** What a walk over the entries found, with the first of the missing files. */
  record Survey(long files, long bytes, WarmingBudget.Need need, List<Missing> first) {}

  /**
   * Has found nothing yet.
   *
   * @param budget that what is found is to be reserved from
   */
  ChangedFiles(Transfers transfers, WarmingBudget budget) {
    this.transfers = transfers;
    this.budget = budget;
  }

  /**
   * Walks over the entries of a commit, in the order of their paths.
   *
   * @param after where to begin
   * @param files how many missing files to look for; the first {@link #PAGE} of them are returned
   */
  Survey survey(Authorised<RepoId> proof, Listings listings, Optional<FilePath> after, long files)
      throws IOException {
    long[] found = {0, 0};
    WarmingBudget.Need need = budget.new Need();
    List<Missing> first = new ArrayList<>();
    IOException[] failed = {null};
    listings
        .target()
        .list(
            Optional.empty(),
            true,
            after,
            entry -> {
              try {
                missing(proof, entry, listings.before())
                    .ifPresent(blob -> {
                      found[0]++;
                      found[1] += blob.blob().size();
                      need.add(blob.blob());
                      if (first.size() < PAGE) {
                        first.add(new Missing(entry.entry().path(), blob));
                      }
                    });
              } catch (IOException e) {
                failed[0] = e;
              }
              return failed[0] == null && found[0] < files;
            });
    if (failed[0] != null) {
      throw failed[0];
    }
    return new Survey(found[0], found[1], need, first);
  }

  private Optional<AuthorisedBlob> missing(
      Authorised<RepoId> proof, ManifestEntry entry, List<Manifest> before) throws IOException {
    Optional<AuthorisedBlob> blob = EntryLookup.named(proof, entry);
    if (blob.isEmpty() || transfers.isStored(blob.get())) {
      return Optional.empty();
    }
    for (Manifest manifest : before) {
      boolean served =
          manifest
              .find(entry.entry().path())
              .flatMap(old -> EntryLookup.named(proof, old))
              .filter(transfers::isStored)
              .isPresent();
      if (served) {
        return blob;
      }
    }
    return Optional.empty();
  }
}
