package io.intrahub.policy;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * Decides whether something that was observed may still be served. A pure function: no clock, no
 * I/O, one table.
 */
public final class Freshness {
  private Freshness() {}

  /**
   * How long an observation is good.
   *
   * @param ttl it is fresh this long
   * @param staleWhileRevalidate after the ttl it is served this long while it is asked for again
   *     behind the client's back
   */
  public record Settings(Duration ttl, Duration staleWhileRevalidate) {
    /** A minute, and ten more. */
    public static final Settings DEFAULT =
        new Settings(Duration.ofSeconds(60), Duration.ofMinutes(10));
  }

  /** Whether upstream may be asked. */
  public enum Upstream {
    /** As far as is known it answers. */
    REACHABLE,
    /** It failed lately and is being probed: asking now would only cost the client its time. */
    DOWN,
    /** The operator switched it off. */
    OFFLINE
  }

  /** What to do. */
  public enum Decision {
    /** Serve what is there; it is fresh. */
    SERVE,
    /** Serve what is there and ask upstream afterwards. */
    SERVE_AND_REFRESH,
    /** Serve what is there and say that it is stale: upstream can't be asked. */
    SERVE_STALE,
    /** Ask upstream; if it does not answer, what is there will do. */
    REVALIDATE,
    /** Nothing is there: ask upstream. */
    FETCH,
    /** Nothing is there and upstream can't be asked. */
    REFUSE
  }

  /**
   * What to do with an observation.
   *
   * @param now the present moment
   * @param observation what was seen, if anything
   * @param upstream whether it may be asked
   * @param noCache whether the client asked for a revalidated answer ({@code Cache-Control:
   *     no-cache}, RFC 9111 section 5.2.1.4)
   */
  public static Decision decide(
      Instant now,
      Optional<? extends Observation<?>> observation,
      Settings settings,
      Upstream upstream,
      boolean noCache) {
    if (observation.isEmpty()) {
      return upstream == Upstream.REACHABLE ? Decision.FETCH : Decision.REFUSE;
    }
    Duration age = Duration.between(observation.get().learnedAt(), now);
    // An observation from the future means that the clock was set back: it counts as old, not new.
    boolean fresh = !age.isNegative() && age.compareTo(settings.ttl()) < 0;
    if (fresh && !(noCache && upstream == Upstream.REACHABLE)) {
      return Decision.SERVE;
    }
    if (upstream != Upstream.REACHABLE) {
      return Decision.SERVE_STALE;
    }
    if (noCache) {
      return Decision.REVALIDATE;
    }
    Duration limit = settings.ttl().plus(settings.staleWhileRevalidate());
    boolean nearlyFresh = !age.isNegative() && age.compareTo(limit) < 0;
    return nearlyFresh ? Decision.SERVE_AND_REFRESH : Decision.REVALIDATE;
  }
}
