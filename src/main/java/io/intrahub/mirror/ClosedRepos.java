package io.intrahub.mirror;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.intrahub.hub.RepoId;
import io.intrahub.upstream.FirstHop;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * Repos that upstream lately refused to an anonymous asker, so that not every request asks twice.
 * Short-lived and in memory only: somebody may make a repo public, or be granted it, at any moment.
 * Safe for use by many threads.
 */
final class ClosedRepos {
  private static final int MAX_ENTRIES = 100_000;

  private final Cache<RepoId, Closed> closed =
      Caffeine.newBuilder().maximumSize(MAX_ENTRIES).build();
  private final Clock clock;
  private final MirrorSettings settings;

  private record Closed(Optional<FirstHop.Refusal> refusal, Instant until) {}

  ClosedRepos(Clock clock, MirrorSettings settings) {
    this.clock = clock;
    this.settings = settings;
  }

  void put(RepoId repo, Optional<FirstHop.Refusal> refusal) {
    boolean missing =
        refusal.flatMap(r -> r.error().code()).filter("RepoNotFound"::equals).isPresent();
    Duration ttl = missing ? settings.refusedTtl() : settings.gatedTtl();
    closed.put(repo, new Closed(refusal, clock.instant().plus(ttl)));
  }

  void remove(RepoId repo) {
    closed.invalidate(repo);
  }

  Optional<Located.NotKept> get(RepoId repo) {
    return Optional.ofNullable(closed.getIfPresent(repo))
        .filter(c -> c.until().isAfter(clock.instant()))
        .map(c -> new Located.NotKept(repo, c.refusal()));
  }
}
