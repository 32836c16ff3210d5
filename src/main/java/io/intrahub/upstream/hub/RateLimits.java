package io.intrahub.upstream.hub;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.intrahub.access.Authority;
import io.intrahub.access.Caller;
import io.intrahub.hub.HubError;
import io.intrahub.policy.CallPriority;
import io.intrahub.policy.CallQuota;
import io.intrahub.policy.Freshness;
import io.intrahub.upstream.UpstreamFailure;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import okhttp3.Headers;
import org.jspecify.annotations.Nullable;

/**
 * The budget of calls at each endpoint: how many more it allows, from its {@code RateLimit}
 * headers, and until when it answers 429. No call is made that is known to be refused. The Hub
 * counts by account, or by address for callers without a token, and has a quota of its own for each
 * {@link Quota}; so does this class.
 *
 * <p>A call that would exceed the quota waits for the end of the window if that is within {@link
 * RetryPolicy#RATE_LIMIT_WAIT}: it fails with a limit that {@link RetryPolicy} waits out. Limits
 * that end so soon are not kept. Safe for use by many threads.
 */
final class RateLimits {
  /** The Hub's window. What claims to last longer is asked again after this time. */
  static final Duration LONGEST = Duration.ofMinutes(5);

  /**
   * How long a call may wait because of a limit, with its last attempt, and its failure be
   * remembered.
   */
  private static final Duration LATELY = RetryPolicy.TIME.multipliedBy(2);

  private static final int MAX_ACCOUNTS = 10_000;

  /** What the Hub counts separately (HP 8). */
  enum Quota {
    /** Everything under {@code /api}. */
    API,
    /** {@code resolve} and its second hop. */
    RESOLVERS,
    /** Pages and raw files. */
    PAGES;

    /** The one that a call of this target counts against. */
    static Quota of(String target) {
      if (target.startsWith("/api/resolve-cache/")) {
        return RESOLVERS;
      }
      if (target.startsWith("/api/")) {
        return API;
      }
      return target.contains("/resolve/") ? RESOLVERS : PAGES;
    }

    /** As in the Hub's headers. */
    String word() {
      return name().toLowerCase(Locale.ROOT);
    }

    private static Optional<Quota> named(String word) {
      return Arrays.stream(values()).filter(q -> q.word().equals(word)).findFirst();
    }
  }

  private record Key(Endpoint endpoint, Authority authority, Quota quota) {}

  private record Limit(UpstreamFailure failure, Instant until) {}

  /** A call was not made. */
  static final class LimitedException extends IOException {
    private static final long serialVersionUID = 1L;

    private final transient UpstreamFailure failure;

    private LimitedException(UpstreamFailure failure) {
      super(failure.reason());
      this.failure = failure;
    }

    UpstreamFailure failure() {
      return failure;
    }
  }

  /** What is known of one quota. */
  private static final class Account {
    // All guarded by "this".
    private int inFlight;
    private final ClientShares shares = new ClientShares();

    /** Whether an answer called the quota by its own name: what others are called is not it. */
    private boolean isNamed;

    private @Nullable CallQuota quota;
    private @Nullable Limit limit;

    /** When a call was last limited, however short the limit. */
    private @Nullable Instant limitedAt;
  }

  private final Clock clock;
  private final Cache<Key, Account> accounts =
      Caffeine.newBuilder().maximumSize(MAX_ACCOUNTS).build();

  RateLimits(Clock clock) {
    this.clock = clock;
  }

  /** The limit that a call would meet now and that lasts too long to wait for it. */
  Optional<UpstreamFailure> find(
      Endpoint endpoint, Caller caller, Quota quota, CallPriority priority) {
    Account account = accounts.getIfPresent(new Key(endpoint, caller.authority(), quota));
    return account == null
        ? Optional.empty()
        : find(account, caller, priority)
            .filter(f -> f.retryAfter().orElseThrow().compareTo(RetryPolicy.RATE_LIMIT_WAIT) > 0);
  }

  private Optional<UpstreamFailure> find(Account account, Caller caller, CallPriority priority) {
    Instant now = clock.instant();
    synchronized (account) {
      Limit limit = account.limit;
      if (limit != null) {
        Duration left = Duration.between(now, limit.until());
        // More than the longest means that the clock was set back.
        if (left.isPositive() && left.compareTo(LONGEST) <= 0) {
          return Optional.of(limit.failure().withRetryAfter(left).asUnsent());
        }
      }
      CallQuota quota = account.quota;
      if (quota == null) {
        return Optional.empty();
      }
      long free = quota.free(priority, now, account.inFlight);
      Duration left = Duration.between(now, quota.at(now).ends());
      if (free <= 0) {
        return Optional.of(spent(left));
      }
      return priority != CallPriority.CLIENT || account.shares.allows(caller, free, now)
          ? Optional.empty()
          : Optional.of(
              spent(left)
                  .withReason(
                      "this client has made its share of the calls that the Hub allows this site or"
                          + " token"));
    }
  }

  /**
   * The limit of the calls in the name of an authority, also if it has ended since: a call without
   * an answer may have met it.
   */
  Optional<UpstreamFailure> lately(Endpoint endpoint, Authority authority) {
    return Arrays.stream(Quota.values())
        .flatMap(quota ->
            Optional.ofNullable(accounts.getIfPresent(new Key(endpoint, authority, quota)))
                .flatMap(this::lately)
                .stream())
        .findFirst();
  }

  private Optional<UpstreamFailure> lately(Account account) {
    synchronized (account) {
      return find(account, Caller.ANONYMOUS, CallPriority.CONFIRM)
          .or(() ->
              Optional.ofNullable(account.limitedAt)
                  .filter(at -> Freshness.isWithin(at, LATELY, clock.instant()))
                  .map(_ ->
                      new UpstreamFailure(
                          UpstreamFailure.Kind.RATE_LIMITED,
                          "it limits the rate of requests of this site or token")));
    }
  }

  /** The failure of a call that is not made before the quota is whole again. */
  static UpstreamFailure spent(Duration wait) {
    return new UpstreamFailure(
            UpstreamFailure.Kind.RATE_LIMITED,
            "it allows no more requests of this site or token",
            true,
            Optional.of(wait.compareTo(LONGEST) > 0 ? LONGEST : wait))
        .asUnsent();
  }

  /** Whether a call of this priority may be made in the name of this authority. */
  boolean allows(Endpoint endpoint, Authority authority, Quota quota, CallPriority priority) {
    Account account = accounts.getIfPresent(new Key(endpoint, authority, quota));
    if (account == null) {
      return true;
    }
    return find(account, Caller.ANONYMOUS, priority).isEmpty();
  }

  /** What is known of a quota; empty if no answer has said anything about it. */
  Optional<CallQuota> quota(Endpoint endpoint, Authority authority, Quota quota) {
    Account account = accounts.getIfPresent(new Key(endpoint, authority, quota));
    if (account == null) {
      return Optional.empty();
    }
    synchronized (account) {
      return Optional.ofNullable(account.quota).map(known -> known.at(clock.instant()));
    }
  }

  /**
   * Begins a call.
   *
   * @param target path and query at the endpoint
   * @param priority of the call
   * @return to be closed when the head of the answer is there, or none will come
   * @throws LimitedException if the call may not be made now
   */
  Call begin(Endpoint endpoint, Caller caller, String target, CallPriority priority)
      throws LimitedException {
    Key key = new Key(endpoint, caller.authority(), Quota.of(target));
    Account account = account(key);
    synchronized (account) {
      Instant now = clock.instant();
      Optional<UpstreamFailure> limit = find(account, caller, priority);
      if (limit.isPresent()) {
        account.limitedAt = now;
        throw new LimitedException(limit.get());
      }
      account.inFlight++;
      if (account.quota != null && priority == CallPriority.CLIENT) {
        account.shares.began(caller, account.quota.at(now).ends(), now);
      }
    }
    return new Call(key, account, clock.instant());
  }

  /**
   * Begins a call that is made whether or not the endpoint allows any more.
   *
   * @param target path and query at the endpoint
   * @return to be closed when the head of the answer is there, or none will come
   */
  Call beginRegardless(Endpoint endpoint, Caller caller, String target) {
    Key key = new Key(endpoint, caller.authority(), Quota.of(target));
    Account account = account(key);
    synchronized (account) {
      account.inFlight++;
    }
    return new Call(key, account, clock.instant());
  }

  private Account account(Key key) {
    return accounts.get(key, _ -> new Account());
  }

  /** A call in flight. For one thread at a time. */
  final class Call implements AutoCloseable {
    private final Key key;
    private final Account account;
    private final Instant sent;

    private Call(Key key, Account account, Instant sent) {
      this.key = key;
      this.account = account;
      this.sent = sent;
    }

    /** Its answer came: what that says of the quota counts. */
    void answered(int status, Headers headers) {
      if (status == 429 || MirrorLabel.is(HubError.Limit.RATE, headers)) {
        synchronized (account) {
          account.limitedAt = clock.instant();
        }
      }
      String age = headers.get("Age");
      if (status == 429 || (age != null && !age.strip().equals("0"))) {
        // A 429 counts in failed(), if it says anything about others' calls. What a cache keeps
        // tells what was left to somebody else.
        return;
      }
      Instant received = clock.instant();
      Map<Quota, RateLimitHeaders.Said> least = new EnumMap<>(Quota.class);
      for (RateLimitHeaders.Said said : RateLimitHeaders.read(headers)) {
        // A call that several limits count is bound by the one that leaves the least.
        least.merge(
            Quota.named(said.name()).orElse(key.quota()),
            said,
            (one, other) -> one.left() <= other.left() ? one : other);
      }
      least.forEach((quota, said) -> heard(quota, said, received));
    }

    private void heard(Quota quota, RateLimitHeaders.Said said, Instant received) {
      Account told =
          quota == key.quota() ? account : account(new Key(key.endpoint(), key.authority(), quota));
      CallQuota.Statement statement =
          new CallQuota.Statement(
              said.limit(),
              said.left(),
              shorter(said.resets()),
              shorter(said.window()),
              sent,
              received);
      boolean isNamed = said.name().equals(quota.word());
      synchronized (told) {
        CallQuota known = told.quota;
        int others = told.inFlight - (told == account ? 1 : 0);
        if (known == null || (isNamed && !told.isNamed)) {
          told.quota = CallQuota.of(statement, others);
        } else if (isNamed == told.isNamed) {
          told.quota = known.after(statement, others);
        }
        told.isNamed |= isNamed;
      }
    }

    @Override
    public void close() {
      synchronized (account) {
        account.inFlight--;
      }
    }
  }

  private static Duration shorter(Duration claimed) {
    return claimed.compareTo(LONGEST) > 0 ? LONGEST : claimed;
  }

  /**
   * A call failed.
   *
   * @param purpose of the call: what a client's own call meets that is made without a token, or
   *     with the mirror's, must not keep other clients from theirs, because that client chose its
   *     target
   */
  void failed(
      Endpoint endpoint,
      Caller caller,
      Quota quota,
      CallPurpose.Purpose purpose,
      UpstreamFailure failure) {
    boolean shared = caller.isAnonymous() || caller.requester().isPresent();
    boolean chosen = purpose == CallPurpose.Purpose.PASS_ON && shared;
    if (chosen || failure.kind() != UpstreamFailure.Kind.RATE_LIMITED || failure.isUnsent()) {
      return;
    }
    failure
        .retryAfter()
        .filter(wait -> wait.compareTo(RetryPolicy.RATE_LIMIT_WAIT) > 0)
        .map(RateLimits::shorter)
        .ifPresent(wait -> {
          Account account = account(new Key(endpoint, caller.authority(), quota));
          synchronized (account) {
            account.limit = new Limit(failure, clock.instant().plus(wait));
          }
        });
  }

  /** The authorities with a quota that is known, for {@link UpstreamQuotas}. */
  List<Authority> known(Endpoint endpoint) {
    return accounts.asMap().keySet().stream()
        .filter(key -> key.endpoint().equals(endpoint))
        .map(Key::authority)
        .distinct()
        .toList();
  }
}
