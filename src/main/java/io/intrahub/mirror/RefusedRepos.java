package io.intrahub.mirror;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.intrahub.access.Authority;
import io.intrahub.access.Grant;
import io.intrahub.access.ReadScope;
import io.intrahub.hub.ErrorCode;
import io.intrahub.policy.CacheDirectives;
import io.intrahub.policy.Freshness;
import io.intrahub.policy.Lifetime;
import io.intrahub.policy.UpstreamState;
import io.intrahub.upstream.HubRefusal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What upstream lately refused to whom, so that not every request asks again: a loader that takes
 * the name of a model for a repo does so each time. Short-lived and in memory only: somebody may
 * make a repo public, or be granted it, at any moment. Safe for use by many threads.
 */
final class RefusedRepos {
  /** What a refusal takes besides its texts of any length, in bytes. */
  private static final int OVERHEAD = 700;

  private final Cache<Object, Refused> refused;
  private final Clock clock;
  private final MirrorSettings settings;

  private record Refused(Optional<HubRefusal> refusal, Instant learnedAt, Lifetime lifetime) {}

  /**
   * No refusal is known yet.
   *
   * @param bytes of heap that the refusals may take
   */
  RefusedRepos(Clock clock, MirrorSettings settings, long bytes) {
    this.refused = Caffeine.newBuilder().maximumWeight(bytes).weigher(RefusedRepos::weight).build();
    this.clock = clock;
    this.settings = settings;
  }

  /** By {@link Grant}, or by {@link Authority} for a token that upstream does not accept. */
  private static int weight(Object key, Refused value) {
    int message = value.refusal().map(r -> r.error().message().length()).orElse(0);
    int name = key instanceof Grant grant ? grant.repo().id().length() : 0;
    return OVERHEAD + 2 * (name + message);
  }

  /**
   * Takes a refusal.
   *
   * @param refusal what upstream said; empty if it shows that the authority may not read this, but
   *     did not say so in an error of its own
   */
  void put(Grant grant, Optional<HubRefusal> refusal) {
    boolean anonymous = grant.authority() instanceof Authority.Anonymous;
    boolean missing = refusal.filter(RefusedRepos::isMissing).isPresent();
    // A token holder may just have been granted the repo, and tries again by hand.
    Duration ttl = anonymous && missing ? settings.refusedTtl() : settings.gatedTtl();
    refused.put(grant, new Refused(refusal, clock.instant(), lifetime(ttl)));
  }

  /** Takes that upstream does not accept a token. */
  void putInvalid(Authority authority, HubRefusal refusal) {
    refused.put(
        authority,
        new Refused(Optional.of(refusal), clock.instant(), lifetime(settings.refusedTtl())));
  }

  /** What was refused may be read now. */
  void remove(Grant grant) {
    refused.invalidate(grant);
    refused.invalidate(metadata(grant));
  }

  /**
   * What upstream lately said to this authority: of its token, of the repo, or of as much of it.
   */
  Optional<ProbeResult.Closed> get(Grant grant) {
    return recently(grant.authority())
        .or(() -> recently(metadata(grant)))
        .or(() -> recently(grant))
        .map(r -> new ProbeResult.Closed(r.refusal()));
  }

  /**
   * What upstream last said to this authority, for when it gives no answer now. It counts for as
   * long as "no such repo" does: a client that hears of an outage instead would try again in vain.
   */
  Optional<HubRefusal> lastKnown(Grant grant) {
    return Stream.of(metadata(grant), grant)
        .map(refused::getIfPresent)
        .filter(Objects::nonNull)
        .filter(r -> counts(r, UpstreamState.DOWN))
        .flatMap(r -> r.refusal().stream())
        .findFirst();
  }

  private static Grant metadata(Grant grant) {
    return new Grant(grant.repo(), grant.authority(), ReadScope.METADATA);
  }

  private Optional<Refused> recently(Object key) {
    return Optional.ofNullable(refused.getIfPresent(key))
        .filter(r -> counts(r, UpstreamState.REACHABLE));
  }

  private boolean counts(Refused refused, UpstreamState upstream) {
    return Freshness.decide(
            clock.instant(),
            Optional.of(refused.learnedAt()),
            refused.lifetime(),
            upstream,
            CacheDirectives.NONE)
        .servesAtOnce();
  }

  /** No refusal is served while it is being renewed: somebody may have just been let in. */
  private Lifetime lifetime(Duration ttl) {
    return new Lifetime(ttl, ttl, Duration.ZERO, settings.refusedTtl());
  }

  private static boolean isMissing(HubRefusal refusal) {
    return refusal.error().code().filter(ErrorCode.REPO_NOT_FOUND.wire()::equals).isPresent();
  }
}
