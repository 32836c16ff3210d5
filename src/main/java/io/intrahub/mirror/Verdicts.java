package io.intrahub.mirror;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.intrahub.access.AccessChecker;
import io.intrahub.access.Authorised;
import io.intrahub.access.OutageEvidence;
import io.intrahub.base.Deadline;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.policy.Freshness;
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
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Whether everybody may read a repo: fresh verdicts are renewed before they run out, and a verdict
 * that has run out is put to the Hub again. It counts without the Hub's word only if the repo's own
 * question failed: this class alone says so, see {@link OutageEvidence}.
 *
 * <p>A repo's own question must depend on the repo alone. If a client could choose its target, a
 * target that is known to fail would keep a repo readable that was made private.
 *
 * <p>Safe for use by many threads.
 */
final class Verdicts {
  /** What is remembered of a repo takes this besides its id, in bytes. */
  private static final int OVERHEAD = 300;

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

  /** Questions that kept a client waiting in vain, while they are open. */
  private final ConcurrentHashMap<RepoId, CompletableFuture<UpstreamResult<ProbeResult>>> timedOut =
      new ConcurrentHashMap<>();

  /** Repos whose own question failed, so that not every request waits for the same failure. */
  private final Cache<RepoId, Failing> failing;

  /** When a verdict was last renewed, or tried to be. */
  private final Cache<RepoId, Instant> renewed;

  private record Failing(UpstreamFailure failure, Instant since, Duration pause) {}

  /** What came of asking about a repo whose verdict has run out. */
  sealed interface Renewal {
    /**
     * Everybody may read it, says the Hub.
     *
     * @param commit that the revision is which was asked about
     */
    record Readable(Authorised<RepoId> proof, CommitHash commit) implements Renewal {}

    /** The Hub said something else: not a failure. */
    record Other(UpstreamResult<ProbeResult> probed) implements Renewal {}

    /**
     * The Hub gave no word, so the verdict counts: what is served is to be labelled as stale.
     *
     * @param why the question failed
     */
    record Missing(Authorised<RepoId> proof, UpstreamFailure why) implements Renewal {}

    /**
     * The Hub gave no word, and there is nothing to go by.
     *
     * @param why the question failed
     */
    record Unknown(UpstreamFailure why) implements Renewal {}
  }

  /**
   * Makes one.
   *
   * @param timeout how long a client waits for the Hub's word
   * @param bytes of heap that what is remembered of repos may take
   */
  Verdicts(AccessChecker checker, HubUpstream upstream, Clock clock, Duration timeout, long bytes) {
    this.failing =
        Caffeine.newBuilder()
            .maximumWeight(bytes / 2)
            .weigher((RepoId repo, Failing value) ->
                OVERHEAD + FAILURE + 2 * (repo.id().length() + value.failure.reason().length()))
            .build();
    this.renewed =
        Caffeine.newBuilder()
            .maximumWeight(bytes / 2)
            .weigher((RepoId repo, Instant at) -> OVERHEAD + 2 * repo.id().length())
            .build();
    this.checker = checker;
    this.upstream = upstream;
    this.clock = clock;
    this.timeout = timeout;
  }

  /**
   * Renews a verdict that is about to run out, behind the client's back, so that no client in a row
   * of them has to wait for it.
   *
   * @param question asks the repo's own question, or joins it
   */
  void renewAhead(RepoId repo, Supplier<CompletableFuture<UpstreamResult<ProbeResult>>> question) {
    if (checker.isAging(repo) && !upstream.isUnavailable() && isTimeToRenew(repo)) {
      var _ = question.get();
    }
  }

  private boolean isTimeToRenew(RepoId repo) {
    Instant now = clock.instant();
    AtomicBoolean due = new AtomicBoolean();
    renewed
        .asMap()
        .compute(
            repo,
            (_, before) -> {
              due.set(isOver(before, FIRST_PAUSE, now));
              return due.get() ? now : before;
            });
    return due.get();
  }

  private static boolean isOver(@Nullable Instant since, Duration pause, Instant now) {
    return since == null || !Freshness.isWithin(since, pause, now);
  }

  /**
   * Asks about a repo whose verdict has run out, and waits for the Hub's word.
   *
   * @param repo under the name by which it is kept
   * @param question asks the repo's own question, or joins it
   */
  Renewal ask(RepoId repo, Supplier<CompletableFuture<UpstreamResult<ProbeResult>>> question) {
    Optional<UpstreamFailure> known = knownFailure(repo);
    if (known.isPresent()) {
      return without(repo, known.get());
    }
    // Not what is left of the client's own time, which what it asked for before may have used up.
    Deadline mine = Deadline.in(timeout);
    Optional<UpstreamFailure> noWord = Optional.empty();
    while (!mine.left().isZero()) {
      CompletableFuture<UpstreamResult<ProbeResult>> asked = question.get();
      Optional<UpstreamResult<ProbeResult>> learned = BoundedWait.until(asked, mine.left());
      if (learned.isEmpty()) {
        return timedOut(repo, asked);
      }
      if (!(learned.get() instanceof UpstreamResult.Failed(var failure))) {
        failing.invalidate(repo);
        return learned.get() instanceof UpstreamResult.Value(ProbeResult.Open open)
            ? readable(open)
            : new Renewal.Other(learned.get());
      }
      if (isCausedByMirror(failure)) {
        return new Renewal.Unknown(failure);
      }
      switch (failure.kind()) {
        case OFFLINE, UNREACHABLE, TIMED_OUT, BROKEN, SERVER_ERROR -> {
          return failed(repo, failure);
        }
        default -> {
          // The Hub is there, or something in its place. Its word may still come in time.
          noWord = Optional.of(failure);
          pause(failure.retryAfter().orElse(ASK_AGAIN), mine.left());
        }
      }
    }
    return failed(repo, noWord.orElseGet(() -> UpstreamErrors.timedOut(upstream, timeout)));
  }

  private Renewal readable(ProbeResult.Open open) {
    return checker
        .admit(open.evidence())
        .<Renewal>map(proof -> new Renewal.Readable(proof, open.commit()))
        .orElseGet(() -> new Renewal.Other(ProbeResult.overtaken()));
  }

  /** The mirror's own doing, which a client may have caused, is no reason to believe more. */
  private static boolean isCausedByMirror(UpstreamFailure failure) {
    return switch (failure.kind()) {
      case BUSY, OVER_LIMIT, WRONG_CONTENT -> true;
      case OFFLINE, UNREACHABLE, TIMED_OUT, BROKEN, SERVER_ERROR, RATE_LIMITED, UNEXPECTED_ANSWER ->
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
  private Renewal timedOut(RepoId repo, CompletableFuture<UpstreamResult<ProbeResult>> open) {
    timedOut.put(repo, open);
    var _ =
        open.whenComplete((probed, _) -> {
          timedOut.remove(repo, open);
          if (!(probed instanceof UpstreamResult.Failed(var failure))) {
            failing.invalidate(repo);
          } else if (!isCausedByMirror(failure)) {
            remember(repo, failure);
          }
        });
    return without(repo, UpstreamErrors.timedOut(upstream, timeout));
  }

  private Renewal failed(RepoId repo, UpstreamFailure failure) {
    remember(repo, failure);
    return without(repo, failure);
  }

  private Renewal without(RepoId repo, UpstreamFailure failure) {
    return checker
        .rememberedDuringOutage(OutageEvidence.witnessed(repo))
        .<Renewal>map(proof -> new Renewal.Missing(proof, failure))
        .orElseGet(() -> new Renewal.Unknown(failure));
  }

  /** Why it is known without asking that the Hub gives no word now. */
  private Optional<UpstreamFailure> knownFailure(RepoId repo) {
    if (upstream.isUnavailable()) {
      return Optional.of(upstream.unavailableReason());
    }
    if (timedOut.containsKey(repo)) {
      return Optional.of(UpstreamErrors.timedOut(upstream, timeout));
    }
    return Optional.ofNullable(failing.getIfPresent(repo))
        .filter(f -> !isOver(f.since(), f.pause(), clock.instant()))
        .map(Failing::failure);
  }

  /** The next question is asked after a pause, which is twice as long each time. */
  private void remember(RepoId repo, UpstreamFailure failure) {
    Instant now = clock.instant();
    failing
        .asMap()
        .compute(
            repo,
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
