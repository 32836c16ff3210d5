package io.intrahub.mirror;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.intrahub.access.Authority;
import io.intrahub.access.Caller;
import io.intrahub.hub.ErrorCode;
import io.intrahub.hub.RepoId;
import io.intrahub.upstream.FirstHop;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * Repos that upstream lately refused, to an anonymous asker or to one with a token, so that not
 * every request asks again: a loader that takes the name of a model for a repo does so each time.
 * Short-lived and in memory only: somebody may make a repo public, or be granted it, at any moment.
 * Safe for use by many threads.
 */
final class ClosedRepos {
  /** What a refusal takes besides its texts of any length, in bytes. */
  private static final int OVERHEAD = 700;

  private final Cache<Key, Closed> closed;
  private final Clock clock;
  private final MirrorSettings settings;

  /** The authority is part of the key: what one asker is refused, another may read. */
  private record Key(RepoId repo, Authority authority) {
    static Key ofAnonymous(RepoId repo) {
      return new Key(repo, Caller.ANONYMOUS.authority());
    }
  }

  private record Closed(Optional<FirstHop.Refusal> refusal, Instant until) {}

  /**
   * No refusal is known yet.
   *
   * @param bytes of heap that the refusals may take
   */
  ClosedRepos(Clock clock, MirrorSettings settings, long bytes) {
    this.closed = Caffeine.newBuilder().maximumWeight(bytes).weigher(ClosedRepos::weight).build();
    this.clock = clock;
    this.settings = settings;
  }

  private static int weight(Key key, Closed value) {
    int message = value.refusal().map(r -> r.error().message().length()).orElse(0);
    return OVERHEAD + 2 * (key.repo().id().length() + message);
  }

  /** Nobody may read it without a token. */
  void put(RepoId repo, Optional<FirstHop.Refusal> refusal) {
    put(Key.ofAnonymous(repo), refusal);
  }

  /**
   * This asker may not read it. Kept only when the Hub said that there is no such repo for them, or
   * that it is gated; any other "no" may be about the token.
   */
  void putFor(RepoId repo, Caller caller, FirstHop.Refusal refusal) {
    if (refusal.isGate() || isMissing(refusal)) {
      put(new Key(repo, caller.authority()), Optional.of(refusal));
    }
  }

  private void put(Key key, Optional<FirstHop.Refusal> refusal) {
    boolean missing = refusal.filter(ClosedRepos::isMissing).isPresent();
    Duration ttl = missing ? settings.refusedTtl() : settings.gatedTtl();
    closed.put(key, new Closed(refusal, clock.instant().plus(ttl)));
  }

  void remove(RepoId repo) {
    closed.invalidate(Key.ofAnonymous(repo));
  }

  /** That nobody may read it without a token, if that was said lately. */
  Optional<Located.NotKept> get(RepoId repo) {
    return lately(Key.ofAnonymous(repo)).map(c -> new Located.NotKept(repo, c.refusal()));
  }

  /** What upstream lately said to this asker. */
  Optional<FirstHop.Refusal> getFor(RepoId repo, Caller caller) {
    return lately(new Key(repo, caller.authority())).flatMap(Closed::refusal);
  }

  private Optional<Closed> lately(Key key) {
    return Optional.ofNullable(closed.getIfPresent(key))
        .filter(c -> c.until().isAfter(clock.instant()));
  }

  private static boolean isMissing(FirstHop.Refusal refusal) {
    return refusal.error().code().filter(ErrorCode.REPO_NOT_FOUND.wire()::equals).isPresent();
  }
}
