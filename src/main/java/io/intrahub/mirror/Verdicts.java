package io.intrahub.mirror;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.intrahub.access.AccessChecker;
import io.intrahub.access.Authorised;
import io.intrahub.access.Outage;
import io.intrahub.base.Deadline;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.upstream.HubUpstream;
import io.intrahub.upstream.UpstreamFailure;
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
 * question failed: this class alone says so, see {@link Outage}.
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
  private final Duration patience;

  /** Questions that kept a client waiting in vain, while they are open. */
  private final ConcurrentHashMap<RepoId, CompletableFuture<Learned>> late =
      new ConcurrentHashMap<>();

  /** Repos whose own question failed, so that not every request waits for the same failure. */
  private final Cache<RepoId, Failing> failing;

  /** When a verdict was last renewed, or tried to be. */
  private final Cache<RepoId, Instant> renewed;

  private record Failing(UpstreamFailure failure, Instant since, Duration pause) {}

  /** What came of asking about a repo whose verdict has run out. */
  sealed interface Word {
    /**
     * Everybody may read it, says the Hub.
     *
     * @param commit that the revision is which was asked about
     */
    record Readable(Authorised<RepoId> proof, CommitHash commit) implements Word {}

    /** The Hub said something else. */
    record Other(Learned learned) implements Word {}

    /**
     * The Hub gave no word, so the verdict counts: what is served is to be labelled as stale.
     *
     * @param why the question failed
     */
    record Missing(Authorised<RepoId> proof, UpstreamFailure why) implements Word {}

    /**
     * The Hub gave no word, and there is nothing to go by.
     *
     * @param why the question failed
     */
    record Unknown(UpstreamFailure why) implements Word {}
  }

  /**
   * Makes one.
   *
   * @param patience how long a client waits for the Hub's word
   * @param bytes of heap that what is remembered of repos may take
   */
  Verdicts(
      AccessChecker checker, HubUpstream upstream, Clock clock, Duration patience, long bytes) {
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
    this.patience = patience;
  }

  /**
   * Renews a verdict that is about to run out, behind the client's back, so that no client in a row
   * of them has to wait for it.
   *
   * @param question asks the repo's own question, or joins it
   */
  void renewAhead(RepoId repo, Supplier<CompletableFuture<Learned>> question) {
    if (checker.isAging(repo) && !upstream.isAway() && isTimeToRenew(repo)) {
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

  /** A pause that begins in the future means that the clock was set back: then it is over. */
  private static boolean isOver(@Nullable Instant since, Duration pause, Instant now) {
    return since == null || since.isAfter(now) || !since.plus(pause).isAfter(now);
  }

  /**
   * Asks about a repo whose verdict has run out, and waits for the Hub's word.
   *
   * @param repo under the name by which it is kept
   * @param question asks the repo's own question, or joins it
   */
  Word ask(RepoId repo, Supplier<CompletableFuture<Learned>> question) {
    Optional<UpstreamFailure> known = knownFailure(repo);
    if (known.isPresent()) {
      return without(repo, known.get());
    }
    // Not what is left of the client's own time, which what it asked for before may have used up.
    Deadline mine = Deadline.in(patience);
    Optional<UpstreamFailure> noWord = Optional.empty();
    while (!mine.left().isZero()) {
      CompletableFuture<Learned> asked = question.get();
      Optional<Learned> learned = Waiting.until(asked, mine.left());
      if (learned.isEmpty()) {
        return late(repo, asked);
      }
      if (!(learned.get() instanceof Learned.Nothing nothing)) {
        failing.invalidate(repo);
        return learned.get() instanceof Learned.Open open
            ? readable(open)
            : new Word.Other(learned.get());
      }
      if (isOwnDoing(nothing.failure())) {
        return new Word.Unknown(nothing.failure());
      }
      switch (nothing.failure().kind()) {
        case OFFLINE, UNREACHABLE, LATE, BROKEN, TROUBLED -> {
          return failed(repo, nothing.failure());
        }
        default -> {
          // The Hub is there, or something in its place. Its word may still come in time.
          noWord = Optional.of(nothing.failure());
          pause(nothing.failure().retryAfter().orElse(ASK_AGAIN), mine.left());
        }
      }
    }
    return failed(repo, noWord.orElseGet(() -> Failures.late(upstream, patience)));
  }

  private Word readable(Learned.Open open) {
    return checker
        .admit(open.evidence())
        .<Word>map(proof -> new Word.Readable(proof, open.commit()))
        .orElseGet(() -> new Word.Other(Learned.overtaken()));
  }

  /** The mirror's own doing, which a client may have caused, is no reason to believe more. */
  private static boolean isOwnDoing(UpstreamFailure failure) {
    return switch (failure.kind()) {
      case CROWDED, OVER_LIMIT, WRONG -> true;
      case OFFLINE, UNREACHABLE, LATE, BROKEN, TROUBLED, LIMITED, STRANGE -> false;
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
  private Word late(RepoId repo, CompletableFuture<Learned> open) {
    late.put(repo, open);
    var _ =
        open.whenComplete((learned, _) -> {
          late.remove(repo, open);
          if (!(learned instanceof Learned.Nothing nothing)) {
            failing.invalidate(repo);
          } else if (!isOwnDoing(nothing.failure())) {
            remember(repo, nothing.failure());
          }
        });
    return without(repo, Failures.late(upstream, patience));
  }

  private Word failed(RepoId repo, UpstreamFailure failure) {
    remember(repo, failure);
    return without(repo, failure);
  }

  private Word without(RepoId repo, UpstreamFailure failure) {
    return checker
        .rememberedDuringOutage(Outage.witnessed(repo))
        .<Word>map(proof -> new Word.Missing(proof, failure))
        .orElseGet(() -> new Word.Unknown(failure));
  }

  /** Why it is known without asking that the Hub gives no word now. */
  private Optional<UpstreamFailure> knownFailure(RepoId repo) {
    if (upstream.isAway()) {
      return Optional.of(upstream.whyNot());
    }
    if (late.containsKey(repo)) {
      return Optional.of(Failures.late(upstream, patience));
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
