package io.intrahub.mirror;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.policy.UpstreamState;
import io.intrahub.store.RepoStore;
import io.intrahub.upstream.hub.HubUpstream;
import java.time.Duration;

/**
 * Decides whether a request for a file that nothing is known of waits for the listing of its
 * commit: that is one call, where each file and each token would need one otherwise. Safe for use
 * by many threads.
 */
final class ListingFirst {
  /** After a listing that failed or took too long, files are asked about one by one. */
  private static final Duration PAUSE = Duration.ofSeconds(30);

  private static final int MAX_COMMITS = 1_000;

  private final RepoStore store;
  private final HubUpstream upstream;
  private final Cache<Key, Boolean> inVain =
      Caffeine.newBuilder().maximumSize(MAX_COMMITS).expireAfterWrite(PAUSE).build();

  private record Key(RepoId repo, CommitHash commit) {}

  ListingFirst(RepoStore store, HubUpstream upstream) {
    this.store = store;
    this.upstream = upstream;
  }

  /**
   * Whether the request waits. Without a token it does so only if a client was told of the commit
   * by repo info, because then a load of many files probably begins; a commit that only the client
   * names may be made up.
   */
  boolean isWorth(ResolvedRevision.At at, FileRequest request) {
    if (!at.reader().isAnonymous()) {
      return true;
    }
    RepoId repo = at.repo().subject();
    return request.revision().asCommit().isPresent()
        && upstream.state() == UpstreamState.REACHABLE
        && inVain.getIfPresent(new Key(repo, at.commit())) == null
        && store.answers(repo, at.commit()) > 0;
  }

  /** The listing was not there in time. */
  void wasInVain(ResolvedRevision.At at) {
    inVain.put(new Key(at.repo().subject(), at.commit()), true);
  }
}
