package io.intrahub.mirror;

import io.intrahub.base.BudgetExhaustedException;
import io.intrahub.base.MemoryBudget;
import io.intrahub.hub.json.ListedRepoInfoJson;
import io.intrahub.store.Manifest;
import java.io.IOException;
import java.util.Optional;

/**
 * Repo info that is made from the listing of a commit, for an outage in which the Hub's own is not
 * stored: a client can load the commit with it, for example one that was imported. Safe for use by
 * many threads.
 */
final class ListedRepoInfo {
  private final ManifestLoader manifests;
  private final MemoryBudget budget;

  ListedRepoInfo(ManifestLoader manifests, MemoryBudget budget) {
    this.manifests = manifests;
    this.budget = budget;
  }

  /**
   * Returns the answer, or empty if it can't be made.
   *
   * @param owner whose share of the budget it counts against
   */
  Optional<ApiReply> reply(ResolvedRevision.At at, RepoInfoQuery query, String owner) {
    // What else clients ask for is known to nobody here.
    return query.isWhole()
        ? manifests.stored(at.repo(), at.commit()).flatMap(m -> reply(at, m, owner))
        : Optional.empty();
  }

  private Optional<ApiReply> reply(ResolvedRevision.At at, Manifest manifest, String owner) {
    CacheLabel stale = at.label().asStale();
    CacheLabel label = manifest.complete() ? stale : stale.asPartial();
    try {
      return Optional.of(
          ApiReply.Ok.json(
              at.commit(),
              ApiReplies.made(
                  budget,
                  owner,
                  out ->
                      ListedRepoInfoJson.write(
                          out,
                          at.repo().subject(),
                          at.commit(),
                          label.restricted(),
                          info -> addFiles(manifest, info))),
              label));
    } catch (BudgetExhaustedException e) {
      return Optional.of(ApiReplies.overloaded());
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static void addFiles(Manifest manifest, ListedRepoInfoJson info) throws IOException {
    manifest.list(
        Optional.empty(),
        true,
        found -> {
          if (found.entry().blob().isPresent()) {
            info.file(found.entry().path());
          }
        });
  }
}
