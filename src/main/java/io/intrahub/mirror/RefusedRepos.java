package io.intrahub.mirror;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.intrahub.access.Authority;
import io.intrahub.access.Caller;
import io.intrahub.hub.ErrorCode;
import io.intrahub.hub.RepoId;
import io.intrahub.policy.Freshness;
import io.intrahub.upstream.HubRefusal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * Repos that upstream lately refused, to an anonymous client or to one with a token, so that not
 * every request asks again: a loader that takes the name of a model for a repo does so each time.
 * Short-lived and in memory only: somebody may make a repo public, or be granted it, at any moment.
 * Safe for use by many threads.
 */
final class RefusedRepos {
  /** What a refusal takes besides its texts of any length, in bytes. */
  private static final int OVERHEAD = 700;

  private final Cache<Key, Refused> closed;
  private final Clock clock;
  private final MirrorSettings settings;

  /** The authority is part of the key: what one client is refused, another may read. */
  private record Key(RepoId repo, Authority authority) {
    static Key ofAnonymous(RepoId repo) {
      return new Key(repo, Caller.ANONYMOUS.authority());
    }
  }

  private record Refused(Optional<HubRefusal> refusal, Instant learnedAt, Duration ttl) {}

  /**
   * No refusal is known yet.
   *
   * @param bytes of heap that the refusals may take
   */
  RefusedRepos(Clock clock, MirrorSettings settings, long bytes) {
    this.closed = Caffeine.newBuilder().maximumWeight(bytes).weigher(RefusedRepos::weight).build();
    this.clock = clock;
    this.settings = settings;
  }

  private static int weight(Key key, Refused value) {
    int message = value.refusal().map(r -> r.error().message().length()).orElse(0);
    return OVERHEAD + 2 * (key.repo().id().length() + message);
  }

  /** Nobody may read it without a token. */
  void put(RepoId repo, Optional<HubRefusal> refusal) {
    put(Key.ofAnonymous(repo), refusal);
  }

  /**
   * This client may not read it. Kept only when the Hub said that there is no such repo for them,
   * or that it is gated; any other "no" may be about the token.
   */
  void putFor(RepoId repo, Caller caller, HubRefusal refusal) {
    if (refusal.isGate() || isMissing(refusal)) {
      put(new Key(repo, caller.authority()), Optional.of(refusal));
    }
  }

  private void put(Key key, Optional<HubRefusal> refusal) {
    boolean missing = refusal.filter(RefusedRepos::isMissing).isPresent();
    Duration ttl = missing ? settings.refusedTtl() : settings.gatedTtl();
    closed.put(key, new Refused(refusal, clock.instant(), ttl));
  }

  void remove(RepoId repo) {
    closed.invalidate(Key.ofAnonymous(repo));
  }

  /** That nobody may read it without a token, if that was said lately. */
  Optional<ResolvedRevision.NotKept> get(RepoId repo) {
    return recently(Key.ofAnonymous(repo))
        .map(c -> new ResolvedRevision.NotKept(repo, c.refusal()));
  }

  /** What upstream lately said to this client. */
  Optional<HubRefusal> getFor(RepoId repo, Caller caller) {
    return recently(new Key(repo, caller.authority())).flatMap(Refused::refusal);
  }

  private Optional<Refused> recently(Key key) {
    return Optional.ofNullable(closed.getIfPresent(key))
        .filter(c -> Freshness.isWithin(c.learnedAt(), c.ttl(), clock.instant()));
  }

  private static boolean isMissing(HubRefusal refusal) {
    return refusal.error().code().filter(ErrorCode.REPO_NOT_FOUND.wire()::equals).isPresent();
  }
}
