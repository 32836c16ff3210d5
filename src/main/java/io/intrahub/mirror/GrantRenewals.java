package io.intrahub.mirror;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.intrahub.access.AccessChecker;
import io.intrahub.access.Authority;
import io.intrahub.access.Grant;
import io.intrahub.access.OutageEvidence;
import io.intrahub.access.ReadEvidence;
import io.intrahub.access.ReadScope;
import io.intrahub.base.Deadline;
import io.intrahub.hub.CommitHash;
import io.intrahub.policy.Freshness;
import io.intrahub.policy.Observation;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import io.intrahub.upstream.hub.HubUpstream;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps grants fresh: those in use are renewed before they run out, and one that has run out is put
 * to the Hub again. It counts without the Hub's word only if the repo's own question failed: this
 * class alone says so, see {@link OutageEvidence}.
 *
 * <p>A repo's own question must depend on the repo alone. If a client could choose its target, a
 * target that is known to fail would keep a repo readable that was made private.
 *
 * <p>Safe for use by many threads.
 */
final class GrantRenewals {
  /** What is remembered of a grant takes this besides the repo's id, in bytes. */
  private static final int OVERHEAD = 500;

  /** A failure has a reason too. */
  private static final int FAILURE = 500;

  private static final Duration FIRST_PAUSE = Duration.ofSeconds(5);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(60);

  /** After an answer that is not the Hub's word, and does not say when to ask again. */
  private static final Duration ASK_AGAIN = Duration.ofSeconds(1);

  private final AccessChecker checker;
  private final HubUpstream upstream;
  private final Clock clock;
  private final Duration timeout;

  /** Questions that kept a client waiting in vain, while they are open; see {@link #question}. */
  private final ConcurrentHashMap<Grant, CompletableFuture<UpstreamResult<ProbeResult>>> timedOut =
      new ConcurrentHashMap<>();

  /**
   * Questions that failed, so that not every request waits for the same failure; see {@link
   * #question}.
   */
  private final Cache<Grant, Failing> failing;

  /** The last question that clients did not wait for, by {@link #question}. */
  private final Cache<Grant, Renewed> renewed;

  /**
   * A question that clients did not wait for.
   *
   * @param ended done when it has its answer
   */
  private record Renewed(Instant since, CompletableFuture<@Nullable Void> ended) {}

  private record Failing(UpstreamFailure failure, Instant since, Duration pause) {}

  /**
   * Makes one.
   *
   * @param timeout how long a client waits for the Hub's word
   * @param bytes of heap that what is remembered of repos may take
   */
  GrantRenewals(
      AccessChecker checker, HubUpstream upstream, Clock clock, Duration timeout, long bytes) {
    this.failing =
        Caffeine.newBuilder()
            .maximumWeight(bytes / 2)
            .weigher((Grant grant, Failing value) ->
                OVERHEAD
                    + FAILURE
                    + 2 * (grant.repo().id().length() + value.failure.reason().length()))
            .build();
    this.renewed =
        Caffeine.newBuilder()
            .maximumWeight(bytes / 2)
            .weigher((Grant grant, Renewed value) -> OVERHEAD + 2 * grant.repo().id().length())
            .build();
    this.checker = checker;
    this.upstream = upstream;
    this.clock = clock;
    this.timeout = timeout;
  }

  /** Returns whether the Hub is to be asked about a grant while clients are served under it. */
  boolean isDue(Grant grant) {
    boolean due =
        checker.decide(grant, upstream.authoritativeState())
            == Freshness.Decision.SERVE_AND_REFRESH;
    // A grant that has not run out can wait until the Hub allows more calls.
    boolean canWait =
        upstream.quotas().isLow(grant.authority()) && checker.remembered(grant).isPresent();
    return due && !canWait;
  }

  /**
   * Has a grant confirmed behind the client's back, if that is due and nobody asks already.
   *
   * @param question asks the repo's own question, or joins it
   */
  void renew(Grant grant, Supplier<CompletableFuture<UpstreamResult<ProbeResult>>> question) {
    if (isDue(grant)) {
      var _ = askUnlessJustAsked(grant, question);
    }
  }

  /**
   * Has a grant confirmed, unless somebody asks already, or did so a moment ago.
   *
   * @param question asks the repo's own question, or joins it
   */
  Optional<CompletableFuture<UpstreamResult<ProbeResult>>> askUnlessJustAsked(
      Grant grant, Supplier<CompletableFuture<UpstreamResult<ProbeResult>>> question) {
    Renewed mine = new Renewed(clock.instant(), new CompletableFuture<>());
    Renewed open =
        renewed
            .asMap()
            .compute(
                question(grant),
                (_, before) -> before == null || isOver(before, mine.since()) ? mine : before);
    if (!mine.equals(open)) {
      return Optional.empty();
    }
    return Optional.of(ask(mine, question));
  }

  /**
   * Asks a question that is due for another reason and confirms a grant too: until it has its
   * answer, {@link #renew} asks nothing.
   */
  <T> CompletableFuture<T> renewBy(Grant grant, Supplier<CompletableFuture<T>> question) {
    Renewed mine = new Renewed(clock.instant(), new CompletableFuture<>());
    renewed.put(question(grant), mine);
    return ask(mine, question);
  }

  private static <T> CompletableFuture<T> ask(
      Renewed mine, Supplier<CompletableFuture<T>> question) {
    CompletableFuture<T> asked;
    try {
      asked = question.get();
    } catch (RuntimeException | Error e) {
      // Else nobody would ask again.
      mine.ended().complete(null);
      throw e;
    }
    var _ = asked.whenComplete((_, _) -> mine.ended().complete(null));
    return asked;
  }

  private static boolean isOver(Renewed renewed, Instant now) {
    return renewed.ended().isDone() && isOver(renewed.since(), FIRST_PAUSE, now);
  }

  private static boolean isOver(Instant since, Duration pause, Instant now) {
    return !Freshness.isWithin(since, pause, now);
  }

  /**
   * Asks about a grant that has run out, or is not there, and waits for the Hub's word.
   *
   * @param grant of the repo under the name by which it is kept
   * @param mirrors in front of this one that the request came through
   * @param question asks the repo's own question, or joins it
   */
  GrantRenewal ask(
      Grant grant, int mirrors, Supplier<CompletableFuture<UpstreamResult<ProbeResult>>> question) {
    Grant key = question(grant);
    Optional<UpstreamFailure> known = knownFailure(key);
    if (known.isPresent()) {
      GrantRenewal without = without(grant, known.get());
      // A client that gets nothing without the Hub's word may as well find out that it is back.
      boolean probes =
          without instanceof GrantRenewal.Unknown
              && upstream.isUnavailable()
              && upstream.health().mayAsk();
      if (!probes) {
        return without;
      }
    }
    // Not what is left of the client's own time, which what it asked for before may have used up.
    Deadline mine = Deadline.in(patience(mirrors));
    Optional<UpstreamFailure> noWord = Optional.empty();
    while (!mine.left().isZero()) {
      CompletableFuture<UpstreamResult<ProbeResult>> asked = question.get();
      Optional<UpstreamResult<ProbeResult>> learned = BoundedWait.until(asked, mine.left());
      if (learned.isEmpty()) {
        return mirrors > 0 ? tooEarly(grant, noWord) : timedOut(grant, key, asked);
      }
      if (!(learned.get() instanceof UpstreamResult.Failed(var failure))) {
        failing.invalidate(key);
        return answered(grant, learned.get());
      }
      if (isCausedByMirror(failure)) {
        return new GrantRenewal.Unknown(failure);
      }
      if (failure.isOutage()) {
        return failed(grant, key, failure);
      }
      // The Hub is there, or something in its place. Its word may still come in time.
      noWord = Optional.of(failure);
      if (failure.retryAfter().filter(wait -> wait.compareTo(timeout) > 0).isPresent()) {
        return withoutWord(grant, key, noWord);
      }
      if (failure.kind() == UpstreamFailure.Kind.RATE_LIMITED && mirrors > 0) {
        // The mirror in front waits for the end of a limit itself, if it is told of it in time.
        return tooEarly(grant, noWord);
      }
      pause(failure.retryAfter().orElse(ASK_AGAIN), mine.left());
    }
    return mirrors > 0 ? tooEarly(grant, noWord) : withoutWord(grant, key, noWord);
  }

  /**
   * A client that names mirrors which are not there must not gain by the shorter wait. A mirror
   * that is there is told of a limit: it takes everything else for an outage.
   */
  private GrantRenewal.Unknown tooEarly(Grant grant, Optional<UpstreamFailure> noWord) {
    UpstreamFailure failure = noWord.orElseGet(() -> UpstreamErrors.timedOut(upstream, timeout));
    return new GrantRenewal.Unknown(limitBehind(failure, grant.authority()).orElse(failure));
  }

  /**
   * How long a request waits. A mirror in front gives up as late as this one, and would take a
   * limit that it does not hear of for an outage, in which old grants count.
   */
  private Duration patience(int mirrors) {
    return timeout.multipliedBy(4 - Math.min(mirrors, 3)).dividedBy(4);
  }

  private GrantRenewal withoutWord(Grant grant, Grant key, Optional<UpstreamFailure> noWord) {
    boolean limited = noWord.filter(f -> f.kind() == UpstreamFailure.Kind.RATE_LIMITED).isPresent();
    if (limited && grant.authority() instanceof Authority.TokenHolder) {
      // A client can use up the quota of its own token, and must not gain by that.
      return new GrantRenewal.Unknown(noWord.get());
    }
    return failed(grant, key, noWord.orElseGet(() -> UpstreamErrors.timedOut(upstream, timeout)));
  }

  /**
   * Names the question that is asked about a grant. That for repo info is the same for metadata and
   * for content, so a client in the middle of a load does not wait for it twice. Only a token
   * holder's right to the content of a gated repo has a question of its own.
   */
  private Grant question(Grant grant) {
    boolean isGated =
        grant.authority() instanceof Authority.TokenHolder
            && checker.isGated(grant.repo(), grant.authority());
    return isGated ? grant : new Grant(grant.repo(), grant.authority(), ReadScope.METADATA);
  }

  private GrantRenewal answered(Grant grant, UpstreamResult<ProbeResult> answer) {
    return switch (answer) {
      case UpstreamResult.Value(ProbeResult.Open(var evidence, var commit)) ->
          readable(grant, evidence, Optional.of(commit));
      case UpstreamResult.Value(ProbeResult.Granted(var evidence)) ->
          readable(grant, evidence, Optional.empty());
      default -> new GrantRenewal.Other(answer);
    };
  }

  private GrantRenewal readable(
      Grant grant, ReadEvidence evidence, Optional<Observation<CommitHash>> commit) {
    return checker
        .admit(evidence)
        .filter(proof -> proof.scope().covers(grant.scope()))
        .<GrantRenewal>map(proof -> new GrantRenewal.Readable(proof, commit))
        .orElseGet(() -> new GrantRenewal.Other(ProbeResult.overtaken()));
  }

  /** The mirror's own doing, which a client may have caused, is no reason to believe more. */
  private static boolean isCausedByMirror(UpstreamFailure failure) {
    return switch (failure.kind()) {
      case BUSY, OVER_LIMIT, WRONG_CONTENT, CIRCULAR -> true;
      case OFFLINE,
          UNREACHABLE,
          TIMED_OUT,
          BROKEN,
          SERVER_ERROR,
          STALE_ANSWER,
          RATE_LIMITED,
          UNEXPECTED_ANSWER,
          INCOMPLETE_ANSWER,
          NO_REPO_INFO ->
          false;
    };
  }

  private static void pause(Duration wanted, Duration left) {
    Duration shorter = wanted.compareTo(ASK_AGAIN) < 0 ? ASK_AGAIN : wanted;
    try {
      TimeUnit.NANOSECONDS.sleep((shorter.compareTo(left) < 0 ? shorter : left).toNanos());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting", e);
    }
  }

  /** The question goes on, and its answer counts for the next client. */
  private GrantRenewal timedOut(
      Grant grant, Grant key, CompletableFuture<UpstreamResult<ProbeResult>> open) {
    timedOut.put(key, open);
    var _ =
        open.whenComplete((probed, _) -> {
          timedOut.remove(key, open);
          if (!(probed instanceof UpstreamResult.Failed(var failure))) {
            failing.invalidate(key);
          } else if (!isCausedByMirror(failure)) {
            remember(key, failure);
          }
        });
    return without(grant, UpstreamErrors.timedOut(upstream, timeout));
  }

  private GrantRenewal failed(Grant grant, Grant key, UpstreamFailure failure) {
    remember(key, failure);
    return without(grant, failure);
  }

  private GrantRenewal without(Grant grant, UpstreamFailure failure) {
    Optional<UpstreamFailure> limit = limitBehind(failure, grant.authority());
    if (limit.isPresent()) {
      return new GrantRenewal.Unknown(limit.get());
    }
    return checker
        .rememberedDuringOutage(
            OutageEvidence.witnessed(grant.repo()), grant.authority(), grant.scope())
        .<GrantRenewal>map(proof -> new GrantRenewal.Missing(proof, failure))
        .orElseGet(() -> new GrantRenewal.Unknown(failure));
  }

  /**
   * The limit of a token because of which a question may have had no answer in time. A client can
   * use up the quota of its own token, and must not gain by that.
   */
  private Optional<UpstreamFailure> limitBehind(UpstreamFailure failure, Authority authority) {
    boolean late =
        failure.kind() == UpstreamFailure.Kind.TIMED_OUT
            || failure.kind() == UpstreamFailure.Kind.RATE_LIMITED;
    return late && authority instanceof Authority.TokenHolder
        ? upstream.quotas().limit(authority)
        : Optional.empty();
  }

  /** Why it is known without asking that the Hub gives no word now. */
  private Optional<UpstreamFailure> knownFailure(Grant key) {
    if (upstream.isUnavailable()) {
      return Optional.of(upstream.unavailableReason());
    }
    if (timedOut.containsKey(key)) {
      return Optional.of(UpstreamErrors.timedOut(upstream, timeout));
    }
    return Optional.ofNullable(failing.getIfPresent(key))
        .filter(f -> !isOver(f.since(), f.pause(), clock.instant()))
        .map(Failing::failure);
  }

  /** The next question is asked after a pause, which is twice as long each time. */
  private void remember(Grant key, UpstreamFailure failure) {
    Instant now = clock.instant();
    failing
        .asMap()
        .compute(
            key,
            (_, before) -> {
              if (before == null) {
                return new Failing(failure, now, FIRST_PAUSE);
              }
              if (!isOver(before.since(), before.pause(), now)) {
                // Another client waited for the same question.
                return before;
              }
              Duration twice = before.pause().multipliedBy(2);
              Duration pause = twice.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : twice;
              return new Failing(failure, now, pause);
            });
  }
}
