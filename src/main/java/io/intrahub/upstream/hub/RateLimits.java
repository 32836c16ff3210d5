package io.intrahub.upstream.hub;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.intrahub.access.Authority;
import io.intrahub.access.Caller;
import io.intrahub.hub.HubError;
import io.intrahub.policy.CallPriority;
import io.intrahub.policy.CallQuota;
import io.intrahub.upstream.UpstreamFailure;
import java.io.IOException;
import java.io.InterruptedIOException;
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

    /**
     * Whether grants of this authority are confirmed by calls that count against it: repo info and
     * {@code auth-check}, and with a token the first hop of a file ({@link
     * HubUpstream#confirmByFile}).
     */
    private boolean isForGrants(Authority authority) {
      return this == API || (this == RESOLVERS && !(authority instanceof Authority.Anonymous));
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

  private final Clock clock;
  private final Cache<Key, CallAccount> accounts =
      Caffeine.newBuilder().maximumSize(MAX_ACCOUNTS).build();

  RateLimits(Clock clock) {
    this.clock = clock;
  }

  /**
   * The limit that a call would meet and that lasts too long to wait for it. Calls in flight do not
   * count, because their answers may leave some: {@link #begin} waits for these.
   */
  Optional<UpstreamFailure> find(
      Endpoint endpoint, Caller caller, Quota quota, CallPriority priority) {
    CallAccount account = accounts.getIfPresent(new Key(endpoint, caller.authority(), quota));
    return account == null
        ? Optional.empty()
        : account
            .limitAtBest(caller, priority)
            .filter(f -> f.retryAfter().orElseThrow().compareTo(RetryPolicy.RATE_LIMIT_WAIT) > 0);
  }

  /**
   * The limit of the calls in the name of an authority, also if it has ended since: a call without
   * an answer may have met it.
   */
  Optional<UpstreamFailure> lately(Endpoint endpoint, Authority authority) {
    return Arrays.stream(Quota.values())
        .flatMap(quota ->
            Optional.ofNullable(accounts.getIfPresent(new Key(endpoint, authority, quota)))
                .flatMap(CallAccount::lately)
                .stream())
        .findFirst();
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
    CallAccount account = accounts.getIfPresent(new Key(endpoint, authority, quota));
    return account == null || account.limit(Caller.ANONYMOUS, priority).isEmpty();
  }

  /** What is known of a quota; empty if no answer has said anything about it. */
  Optional<CallQuota> quota(Endpoint endpoint, Authority authority, Quota quota) {
    return Optional.ofNullable(accounts.getIfPresent(new Key(endpoint, authority, quota)))
        .flatMap(CallAccount::quota);
  }

  /**
   * Begins a call. If the calls in flight may be the last ones, waits for their answers.
   *
   * @param target path and query at the endpoint
   * @param priority of the call
   * @return to be closed when the head of the answer is there, or none will come
   * @throws LimitedException if the call may not be made now
   * @throws InterruptedIOException if the thread is interrupted while it waits
   */
  Call begin(Endpoint endpoint, Caller caller, String target, CallPriority priority)
      throws LimitedException, InterruptedIOException {
    Key key = new Key(endpoint, caller.authority(), Quota.of(target));
    CallAccount account = account(key);
    Optional<UpstreamFailure> limit = account.begin(caller, priority);
    if (limit.isPresent()) {
      throw new LimitedException(limit.get());
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
    CallAccount account = account(key);
    account.beginRegardless();
    return new Call(key, account, clock.instant());
  }

  private CallAccount account(Key key) {
    return accounts.get(key, _ -> new CallAccount(clock, key.quota().isForGrants(key.authority())));
  }

  /** A call in flight. For one thread at a time. */
  final class Call implements AutoCloseable {
    private final Key key;
    private final CallAccount account;
    private final Instant sent;

    private Call(Key key, CallAccount account, Instant sent) {
      this.key = key;
      this.account = account;
      this.sent = sent;
    }

    /** Its answer came: what that says of the quota counts. */
    void answered(int status, Headers headers) {
      if (status == 429 || MirrorLabel.is(HubError.Limit.RATE, headers)) {
        account.limited();
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
      CallAccount told =
          quota == key.quota() ? account : account(new Key(key.endpoint(), key.authority(), quota));
      CallQuota.Statement statement =
          new CallQuota.Statement(
              said.limit(),
              said.left(),
              shorter(said.resets()),
              shorter(said.window()),
              sent,
              received);
      told.heard(statement, said.name().equals(quota.word()), told == account);
    }

    @Override
    public void close() {
      account.end();
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
        .ifPresent(
            wait -> account(new Key(endpoint, caller.authority(), quota)).limited(failure, wait));
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
