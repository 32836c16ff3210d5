package io.intrahub.policy;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * Decides whether something that the Hub said may still be used: the commit of a branch, a list of
 * refs, another name of a repo, a refusal, or a grant. Pure functions: no clock and no I/O.
 *
 * <p>What was learned in the future is older than any lifetime, because it means that the clock was
 * set back since.
 */
public final class Freshness {
  private Freshness() {}

  /** How to answer, from the least effort to the most. */
  public enum Decision {
    /** Use what is known: it is fresh. */
    SERVE,
    /** Use what is known, and ask upstream in the background. */
    SERVE_AND_REFRESH,
    /** Use what is known and label it as stale, because upstream can't be asked. */
    SERVE_STALE,
    /** Ask upstream; use what is known if upstream gives no answer. */
    REVALIDATE,
    /** Nothing is known that may be used: ask upstream. */
    FETCH,
    /** Nothing is known that may be used, and upstream can't be asked. */
    REFUSE;

    /** Returns whether what is known is used without waiting for upstream. */
    public boolean servesAtOnce() {
      return this == SERVE || this == SERVE_AND_REFRESH || this == SERVE_STALE;
    }
  }

  /**
   * Decides how to answer.
   *
   * @param now the present moment
   * @param learnedAt when upstream last said it; empty: never
   * @param upstream whether upstream can be asked; the operator's {@code mode} is part of it
   * @param asked what the client said in {@code Cache-Control}; {@link CacheDirectives#NONE} if
   *     what is known answers no request by itself
   */
  public static Decision decide(
      Instant now,
      Optional<Instant> learnedAt,
      Lifetime lifetime,
      UpstreamState upstream,
      CacheDirectives asked) {
    boolean demanded = isUpstreamDemanded(now, learnedAt, lifetime, asked);
    if (asked.onlyIfCached()) {
      return demanded
          ? Decision.REFUSE
          : withoutUpstream(decide(now, learnedAt, lifetime, upstream, asked.withUpstream()));
    }
    boolean fresh = isYounger(learnedAt, lifetime.ttl(), now);
    if (fresh && !(demanded && upstream.mayRefresh())) {
      boolean isDue =
          upstream == UpstreamState.REACHABLE && !isYounger(learnedAt, lifetime.renewAfter(), now);
      return isDue ? Decision.SERVE_AND_REFRESH : Decision.SERVE;
    }
    if (!fresh && !isYounger(learnedAt, lifetime.staleIfError(), now)) {
      return upstream.isReachable() ? Decision.FETCH : Decision.REFUSE;
    }
    boolean served =
        isYounger(learnedAt, lifetime.servedFor(), now)
            || isYounger(learnedAt, lifetime.ttlWith(asked.maxStale()), now);
    return switch (upstream) {
      case REACHABLE -> served && !demanded ? Decision.SERVE_AND_REFRESH : Decision.REVALIDATE;
      case SAVING -> served && !demanded ? Decision.SERVE : Decision.REVALIDATE;
      case LIMITED -> served ? Decision.SERVE : Decision.SERVE_STALE;
      case DOWN, OFFLINE -> Decision.SERVE_STALE;
    };
  }

  /**
   * Returns whether the client does not accept what is known without upstream's word: by {@code
   * no-cache}, {@code max-age} or {@code min-fresh}.
   */
  private static boolean isUpstreamDemanded(
      Instant now, Optional<Instant> learnedAt, Lifetime lifetime, CacheDirectives asked) {
    boolean tooOld = asked.maxAge().filter(age -> !isYounger(learnedAt, age, now)).isPresent();
    boolean freshTooShortly =
        !asked.minFresh().isZero()
            && !isYounger(learnedAt, lifetime.ttl().minus(asked.minFresh()), now);
    return asked.noCache() || tooOld || freshTooShortly;
  }

  /** What is left of a decision if upstream is not to be asked, not even in the background. */
  private static Decision withoutUpstream(Decision decision) {
    return switch (decision) {
      case SERVE, SERVE_AND_REFRESH -> Decision.SERVE;
      case SERVE_STALE -> Decision.SERVE_STALE;
      case REVALIDATE, FETCH, REFUSE -> Decision.REFUSE;
    };
  }

  private static boolean isYounger(Optional<Instant> learnedAt, Duration age, Instant now) {
    return age.equals(Lifetime.FOREVER)
        ? learnedAt.isPresent()
        : learnedAt.filter(at -> isWithin(at, age, now)).isPresent();
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
