package io.intrahub.mirror;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.intrahub.access.Authority;
import io.intrahub.access.Caller;
import io.intrahub.upstream.UpstreamFailure;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Limits how often one client may have the mirror ask the Hub about something of which the mirror
 * does not know whether it exists, so that made-up names cannot use up the site's budget at the
 * Hub. A token bucket for each address and each token; a question takes one token of both, so that
 * neither many addresses with one token nor many tokens of one address get round the limit.
 *
 * <p>What exists costs nothing in the end: the token is given back when the question was about a
 * file of a known commit that was found, or when the client's own token made the Hub answer it. The
 * mirror's own questions are not limited.
 *
 * <p>Safe for use by many threads. Each bucket is guarded by its own monitor; two are never held at
 * the same time.
 */
final class ColdQuestionLimiter {
  /** Milliseconds of a minute: with one question per minute, each brings one unit. */
  private static final long TOKEN = 60_000;

  /** What a bucket takes besides the name of its client, in bytes. */
  private static final int OVERHEAD = 300;

  /** A bucket that was full and is forgotten is made anew as a full one. */
  private static final Duration FORGET_AFTER = Duration.ofMinutes(10);

  private final int perMinute;
  private final Clock clock;
  private final Cache<String, Bucket> buckets;

  /**
   * Makes the limit.
   *
   * @param perMinute questions of one client in a minute, and at once; 1 or more
   * @param bytes of heap that the buckets may take. A client whose bucket has to go begins anew
   *     with a full one, so many addresses gain no more than they have anyway
   */
  ColdQuestionLimiter(int perMinute, Clock clock, long bytes) {
    this.buckets =
        Caffeine.newBuilder()
            .maximumWeight(bytes)
            .weigher((String client, Bucket bucket) -> OVERHEAD + 2 * client.length())
            .expireAfterAccess(FORGET_AFTER)
            .build();
    this.perMinute = perMinute;
    this.clock = clock;
  }

  private final class Bucket {
    /** In units of which a minute brings {@link #TOKEN} for each question of the limit. */
    private long left = full();

    private Instant filled = clock.instant();

    /** Takes a token; if there is none, says when there will be. */
    synchronized Optional<Duration> take() {
      Instant now = clock.instant();
      // A clock that was set back fills nothing, and takes nothing away.
      long millis = Math.clamp(Duration.between(filled, now).toMillis(), 0, TOKEN);
      left = Math.min(full(), left + millis * perMinute);
      filled = now;
      if (left >= TOKEN) {
        left -= TOKEN;
        return Optional.empty();
      }
      return Optional.of(Duration.ofMillis(Math.ceilDiv(TOKEN - left, perMinute)));
    }

    synchronized void giveBack() {
      left = Math.min(full(), left + TOKEN);
    }

    private long full() {
      return perMinute * TOKEN;
    }
  }

  /**
   * Charges a client for a question, before it is asked.
   *
   * @return why it may not be asked; empty when it may
   */
  Optional<UpstreamFailure> charge(Caller caller) {
    List<Bucket> taken = new ArrayList<>();
    for (String payer : payers(caller)) {
      Bucket bucket = buckets.get(payer, p -> new Bucket());
      Optional<Duration> wait = bucket.take();
      if (wait.isPresent()) {
        taken.forEach(Bucket::giveBack);
        return Optional.of(
            new UpstreamFailure(
                UpstreamFailure.Kind.OVER_LIMIT,
                "one client may ask the Hub about "
                    + perMinute
                    + " unknown things per minute, and this client reached that limit (clients.cold-questions)",
                false,
                wait));
      }
      taken.add(bucket);
    }
    return Optional.empty();
  }

  /** Gives a client back what one question cost it. */
  void refund(Caller caller) {
    for (String payer : payers(caller)) {
      Bucket bucket = buckets.getIfPresent(payer);
      if (bucket != null) {
        bucket.giveBack();
      }
    }
  }

  private static List<String> payers(Caller caller) {
    if (caller.client().isEmpty()) {
      return List.of();
    }
    return caller.hasOwnToken() && caller.authority() instanceof Authority.TokenHolder holder
        ? List.of(caller.client(), "token " + holder.fingerprint())
        : List.of(caller.client());
  }

  /**
   * The admission of a question that many clients may share: the one that begins it pays, and who
   * joins it while it is under way does not. For one thread.
   */
  final class Admission {
    private final Caller caller;
    private boolean paid;
    private Optional<UpstreamFailure> refusal = Optional.empty();

    Admission(Caller caller) {
      this.caller = caller;
    }

    /** Whether the question may be begun; called when nobody has begun it. */
    boolean begin() {
      refusal = charge(caller);
      paid = refusal.isEmpty();
      return paid;
    }

    /** Whether this client's own question is under way, and not one that another client began. */
    boolean isBegun() {
      return paid;
    }

    /** The client's name, which is also its name in the memory budget. */
    String client() {
      return caller.client();
    }

    /** Why it was not begun. */
    UpstreamFailure refusal() {
      return refusal.orElseThrow();
    }

    /** Gives back what was paid, if anything. */
    void refund() {
      if (paid) {
        paid = false;
        ColdQuestionLimiter.this.refund(caller);
      }
    }
  }

  /** An admission of one question of a client. */
  Admission admission(Caller caller) {
    return new Admission(caller);
  }
}
