package io.intrahub.mirror;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import java.util.Optional;

/** Small repo infos that {@link RepoInfoQueries} keeps in memory. Safe for use by many threads. */
final class RepoInfoMemory {
  /** Heap for one answer beside its bytes and its name: the other texts, and the cache's own. */
  private static final int OVERHEAD = 800;

  private final Cache<Key, SmallRepoInfo> answers;

  /**
   * What an answer is about.
   *
   * @param name of the answer in the store
   */
  record Key(RepoId repo, CommitHash commit, String name) {}

  /**
   * No answer is known yet.
   *
   * @param bytes of heap that the answers may take
   */
  RepoInfoMemory(long bytes) {
    this.answers =
        Caffeine.newBuilder()
            .maximumWeight(bytes)
            .weigher((Key key, SmallRepoInfo answer) ->
                OVERHEAD + 2 * key.name().length() + answer.body().length)
            .build();
  }

  Optional<SmallRepoInfo> get(Key key) {
    return Optional.ofNullable(answers.getIfPresent(key));
  }

  void put(Key key, SmallRepoInfo answer) {
    answers.put(key, answer);
  }

  /** Another repo has this name now. */
  void forget(RepoId repo) {
    answers.asMap().keySet().removeIf(key -> key.repo().equals(repo));
  }
}
