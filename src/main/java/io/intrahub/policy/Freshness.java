package io.intrahub.policy;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * Decides whether an observation may still be served. Pure functions: no clock and no I/O. An
 * observation from the future counts as old, because it means that the clock was set back since.
 */
public final class Freshness {
  private Freshness() {}

  /**
   * How long an observation may be served without waiting for upstream.
   *
   * @param ttl how long it is fresh
   * @param staleWhileRevalidate how long after that it is served while the mirror asks upstream in
   *     the background
   */
  public record Settings(Duration ttl, Duration staleWhileRevalidate) {
    /** One minute, then ten minutes. */
    public static final Settings DEFAULT =
        new Settings(Duration.ofSeconds(60), Duration.ofMinutes(10));

    /** How long an observation is served, fresh or not, before a client waits for upstream. */
    public Duration servedFor() {
      return ttl.plus(staleWhileRevalidate);
    }
  }

  /** How to answer from an observation. */
  public enum Decision {
    /** Serve it: it is fresh. */
    SERVE,
    /** Serve it and ask upstream in the background. */
    SERVE_AND_REFRESH,
    /** Serve it and label it as stale, because upstream can't be asked. */
    SERVE_STALE,
    /** Ask upstream; serve the observation if upstream does not answer. */
    REVALIDATE,
    /** There is no observation: ask upstream. */
    FETCH,
    /** There is no observation, and upstream can't be asked. */
    REFUSE
  }

  /**
   * Decides how to answer from an observation.
   *
   * @param now the present moment
   * @param observation what was observed, if anything
   * @param upstream whether upstream can be asked
   * @param noCache whether the client asked for a revalidated answer ({@code Cache-Control:
   *     no-cache}, RFC 9111 section 5.2.1.4)
   */
  public static Decision decide(
      Instant now,
      Optional<? extends Observation<?>> observation,
      Settings settings,
      UpstreamState upstream,
      boolean noCache) {
    if (observation.isEmpty()) {
      return upstream.isReachable() ? Decision.FETCH : Decision.REFUSE;
    }
    Instant learnedAt = observation.get().learnedAt();
    if (isWithin(learnedAt, settings.ttl(), now) && !(noCache && upstream.mayRefresh())) {
      return Decision.SERVE;
    }
    boolean served = isWithin(learnedAt, settings.servedFor(), now);
    return switch (upstream) {
      case REACHABLE -> served && !noCache ? Decision.SERVE_AND_REFRESH : Decision.REVALIDATE;
      case SAVING -> served && !noCache ? Decision.SERVE : Decision.REVALIDATE;
      case LIMITED -> served ? Decision.SERVE : Decision.SERVE_STALE;
      case DOWN, OFFLINE -> Decision.SERVE_STALE;
    };
  }

  /**
   * Returns whether an observation made at {@code learnedAt} is still usable at {@code now}. Its
   * time to live ends exactly {@code ttl} after it was made.
   */
  public static boolean isWithin(Instant learnedAt, Duration ttl, Instant now) {
    Duration age = Duration.between(learnedAt, now);
    return !age.isNegative() && age.compareTo(ttl) < 0;
  }

  /**
   * Returns whether something that expires by itself at {@code expires} may still be handed out at
   * {@code now}.
   *
   * @param margin the time that it must have left, so that whoever gets it can use it
   */
  public static boolean hasLeft(Instant expires, Duration margin, Instant now) {
    return Duration.between(now, expires).compareTo(margin) > 0;
  }
}
