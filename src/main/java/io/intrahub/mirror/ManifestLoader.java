package io.intrahub.mirror;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.intrahub.access.Authorised;
import io.intrahub.access.Authority;
import io.intrahub.access.Caller;
import io.intrahub.base.BudgetExhaustedException;
import io.intrahub.base.Deadline;
import io.intrahub.base.MemoryBudget;
import io.intrahub.base.SingleFlight;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.HubTarget;
import io.intrahub.hub.RepoId;
import io.intrahub.policy.UpstreamState;
import io.intrahub.store.Manifest;
import io.intrahub.store.ManifestWriter;
import io.intrahub.store.RepoStore;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import io.intrahub.upstream.hub.ApiUpstream;
import io.intrahub.upstream.hub.HubUpstream;
import io.intrahub.upstream.hub.ListingPage;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What commits hold: learned once for all by listing the whole tree, in the name of somebody who
 * may read it, then read from the store. Safe for use by many threads.
 */
final class ManifestLoader {
  private static final Logger log = LoggerFactory.getLogger(ManifestLoader.class);

  /** Commits of which a failure is remembered. */
  private static final int MAX_FAILURES = 1_000;

  /** Listings that wait for their turn; further ones are not learned now. */
  private static final int MAX_WAITING = 1_000;

  /**
   * A client waits no longer for the turn of a listing: then it gets the turn, or its own answer.
   */
  private static final Duration TURN_PATIENCE = Duration.ofMillis(500);

  private static final Duration RETRY_AFTER = Duration.ofSeconds(30);

  private final RepoStore store;
  private final KnownCommits commits;
  private final RepoReplacements replacements;
  private final HubUpstream upstream;
  private final SingleFlight<Key, Result> flights;

  /** As many as find memory: the listings that began first must not leave the others without. */
  private final ListingPermits permits;

  /** Listings whose learning waits for its turn. */
  private final Set<Key> waiting = ConcurrentHashMap.newKeySet();

  /** Commits whose listing was not learned, for whatever reason. */
  private final Cache<Key, Boolean> recentFailures = recently();

  /** Commits whose listing the store could not keep. */
  private final Cache<Key, Boolean> recentlyNotKept = recently();

  /** Commits of which it is known for good that they hold too much to be learned. */
  private final Cache<Key, Boolean> tooLarge =
      Caffeine.newBuilder().maximumSize(MAX_FAILURES).build();

  private final MemoryBudget budget;
  private final int limit;

  /** Listings for which the client that they counted against had no memory left, with it. */
  private final Cache<OwnedKey, Boolean> crowdedLately = recently();

  private record Key(RepoId repo, CommitHash commit) {}

  private record OwnedKey(Key key, String owner) {}

  /** What came of learning. */
  sealed interface Result {
    /** The manifest is complete. */
    record Complete(Manifest manifest) implements Result {}

    /** There are more entries than are learned, or they can't be learned or kept now. */
    record TooLarge() implements Result {}

    /**
     * The client against which it counts has used up its share of the memory budget. Another may
     * learn it.
     */
    record Crowded() implements Result {}

    /**
     * Upstream refused or failed.
     *
     * @param by the authority that asked: another may be answered otherwise
     */
    record NoAnswer(UpstreamResult.NoValue<ListingPage> reason, Authority by) implements Result {
      NoAnswer(UpstreamFailure failure, Authority by) {
        this(new UpstreamResult.Failed<>(failure), by);
      }

      /** Whether it is the failure of the client that began the question. */
      boolean isFailureOfBeginner() {
        return reason.isFailureOfBeginner();
      }

      /** Whether another authority was refused, which says nothing of this one. */
      boolean isRefusalOfOther(Authority authority) {
        return reason instanceof UpstreamResult.Refused<ListingPage> && !by.equals(authority);
      }
    }
  }

  ManifestLoader(
      KnownCommits commits,
      RepoReplacements replacements,
      HubUpstream upstream,
      MemoryBudget budget,
      Executor executor,
      int limit) {
    this.store = commits.store();
    this.commits = commits;
    this.replacements = replacements;
    this.upstream = upstream;
    this.flights = new SingleFlight<>(executor);
    this.budget = budget;
    this.permits = ListingPermits.of(budget);
    this.limit = limit;
  }

  /**
   * The manifest, if it was learned. A partial one was imported or is a seed's, and the Hub has not
   * confirmed it, so it counts only while the Hub can't be asked.
   */
  Optional<Manifest> get(Authorised<RepoId> repo, CommitHash commit) {
    return stored(repo, commit)
        .filter(m -> m.complete() || !upstream.health().isAuthorityReachable());
  }

  /**
   * What is stored of the listing, complete or not, for a client to whom upstream has just given no
   * answer.
   */
  Optional<Manifest> stored(Authorised<RepoId> repo, CommitHash commit) {
    return commits.manifest(repo, commit);
  }

  /** Whether the commit is known to hold more entries than are learned. */
  boolean isTooLarge(RepoId repo, CommitHash commit) {
    return tooLarge.getIfPresent(new Key(repo, commit)) != null;
  }

  private static <K> Cache<K, Boolean> recently() {
    return Caffeine.newBuilder().maximumSize(MAX_FAILURES).expireAfterWrite(RETRY_AFTER).build();
  }

  /**
   * Learns the manifest behind the clients' backs, unless it is known or upstream can't be asked. A
   * failure is not repeated before {@link #RETRY_AFTER}: every file of a load comes by here.
   *
   * @param as in whose name, and against whose client's share of the memory budget
   */
  void learnInBackground(Authorised<RepoId> repo, CommitHash commit, Caller as) {
    Key key = new Key(repo.subject(), commit);
    if (get(repo, commit).isEmpty()
        && upstream.state() == UpstreamState.REACHABLE
        && recentFailures.getIfPresent(key) == null) {
      var _ = join(repo, commit, as);
    }
  }

  /**
   * Learns the manifest and waits for it without a limit. For threads that no client waits for.
   *
   * @param as in whose name, and against whose client's share of the memory budget
   * @return {@link Result.Complete} also for a partial listing while the Hub can't be asked
   */
  Result learn(Authorised<RepoId> repo, CommitHash commit, Caller as) {
    Optional<Manifest> known = get(repo, commit);
    return known.isPresent() ? new Result.Complete(known.get()) : join(repo, commit, as).join();
  }

  /**
   * The manifest, learned now if need be; empty when that takes too long. While too many others are
   * being learned it counts as too large, so that upstream is asked for what the client needs.
   *
   * @param as in whose name
   * @param admission of the client that asks
   */
  Optional<Result> getOrLearn(
      Authorised<RepoId> repo,
      CommitHash commit,
      Caller as,
      ColdQuestionLimiter.Admission admission,
      Duration atMost) {
    Optional<Manifest> known = get(repo, commit).filter(Manifest::complete);
    if (known.isPresent()) {
      return Optional.of(new Result.Complete(known.get()));
    }
    Deadline deadline = Deadline.in(atMost);
    Optional<Result> result = joinAndWait(repo, commit, as, admission, deadline);
    boolean again =
        result.isPresent()
            && result.get() instanceof Result.NoAnswer none
            && (none.isRefusalOfOther(as.authority())
                || (none.isFailureOfBeginner() && !admission.isBegun()));
    return again ? joinAndWait(repo, commit, as, admission, deadline) : result;
  }

  private Optional<Result> joinAndWait(
      Authorised<RepoId> repo,
      CommitHash commit,
      Caller as,
      ColdQuestionLimiter.Admission admission,
      Deadline deadline) {
    Optional<CompletableFuture<Result>> flight = join(repo, commit, as, admission::begin);
    if (flight.isEmpty()) {
      return Optional.of(new Result.NoAnswer(admission.refusal(), as.authority()));
    }
    CompletableFuture<Result> learning = flight.get();
    Key key = new Key(repo.subject(), commit);
    Duration left = deadline.left();
    Duration patience = left.compareTo(TURN_PATIENCE) < 0 ? left : TURN_PATIENCE;
    Optional<Result> early = BoundedWait.until(learning, patience);
    if (early.isPresent()) {
      return early;
    }
    return waiting.contains(key) && !permits.hurry(key, as.client())
        ? Optional.of(new Result.TooLarge())
        : BoundedWait.until(learning, deadline.left());
  }

  private CompletableFuture<Result> join(Authorised<RepoId> repo, CommitHash commit, Caller as) {
    return join(repo, commit, as, () -> true).orElseThrow();
  }

  private Optional<CompletableFuture<Result>> join(
      Authorised<RepoId> repo, CommitHash commit, Caller as, BooleanSupplier admission) {
    Key key = new Key(repo.subject(), commit);
    // Else each page that a client reads of it would cost a listing of the whole.
    if (tooLarge.getIfPresent(key) != null || recentlyNotKept.getIfPresent(key) != null) {
      return Optional.of(CompletableFuture.completedFuture(new Result.TooLarge()));
    }
    if (crowdedLately.getIfPresent(new OwnedKey(key, as.client())) != null) {
      return Optional.of(CompletableFuture.completedFuture(new Result.Crowded()));
    }
    return flights.join(
        key,
        admission,
        () -> {
          Result result = learn(key, repo, as);
          if (!(result instanceof Result.Complete)) {
            if (!(result instanceof Result.Crowded)
                && !isRefusedToken(result)
                && !isFailureOfBeginner(result)) {
              recentFailures.put(key, true);
            }
            log.info(
                "The listing of {} at {} could not be fetched: {}", repo.subject(), commit, result);
          }
          return result;
        });
  }

  private static boolean isFailureOfBeginner(Result result) {
    return result instanceof Result.NoAnswer none && none.isFailureOfBeginner();
  }

  /** Others may read what one token is refused. */
  private static boolean isRefusedToken(Result result) {
    return result instanceof Result.NoAnswer(UpstreamResult.Refused<ListingPage> _, var by)
        && by instanceof Authority.TokenHolder;
  }

  /** Learns a listing when it is its turn: what is learned at the same time takes memory. */
  private Result learn(Key key, Authorised<RepoId> repo, Caller as) {
    ListingPermits.Permit permit;
    if (waiting.size() >= MAX_WAITING) {
      return new Result.TooLarge();
    }
    waiting.add(key);
    try {
      permit = permits.acquire(key, as.client());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Result.NoAnswer(
          new UpstreamFailure(UpstreamFailure.Kind.BUSY, "the mirror stops"), as.authority());
    } finally {
      waiting.remove(key);
    }
    try {
      // It may have been learned since the caller looked, by a question that has ended.
      Optional<Manifest> known = get(repo, key.commit()).filter(Manifest::complete);
      return known.isPresent()
          ? new Result.Complete(known.get())
          : list(key, repo, as, permit.client());
    } finally {
      permits.release(permit);
    }
  }

  /** Lists in the name of {@code as}, against the memory of the client whose permit is used. */
  private Result list(Key key, Authorised<RepoId> repo, Caller as, String payer) {
    try (MemoryBudget.Reservation memory = budget.reservation(payer);
        ManifestWriter writer = store.newManifest(key.repo(), key.commit(), memory)) {
      Result result = list(key, repo, as, writer);
      if (result instanceof Result.Crowded) {
        crowdedLately.put(new OwnedKey(key, payer), true);
      }
      return result;
    }
  }

  private Result list(Key key, Authorised<RepoId> repo, Caller as, ManifestWriter writer) {
    Optional<String> id = store.internalId(key.repo());
    ListingTaker taker = new ListingTaker(writer, limit);
    String target =
        new HubTarget.Tree(key.repo(), key.commit().asRevision(), Optional.empty()).format()
            + "?recursive=true&expand=false";
    // Each page but the last brings an entry, so the limit of entries is one of pages too.
    while (true) {
      switch (upstream.listing(repo.subject(), target, as, taker)) {
        case UpstreamResult.Value(ListingPage.Whole page) -> {
          int leftOut = page.entries() - taker.onPage();
          if (leftOut > 0) {
            String text = "The listing of {} at {} has {} impossible names, which are left out";
            log.warn(text, key.repo(), key.commit(), leftOut);
          }
          switch (page.next()) {
            case ApiUpstream.NextPage.None _ -> {
              return replacements
                  .write(key.repo(), id, () -> keep(key, repo, writer))
                  .orElseGet(() -> unexpected("another repo has its name now", as));
            }
            case ApiUpstream.NextPage.Elsewhere _ -> {
              return unexpected("the link to its next page leads elsewhere", as);
            }
            case ApiUpstream.NextPage.At next -> target = next.target();
          }
          if (!taker.endPage()) {
            return unexpected("its pages are empty and do not end", as);
          }
        }
        case UpstreamResult.Value(ListingPage.NotTaken _) when taker.isFull() -> {
          tooLarge.put(key, true);
          return new Result.TooLarge();
        }
        case UpstreamResult.Value(ListingPage.NotTaken notTaken) -> {
          return notKept(key, notTaken.failure());
        }
        case UpstreamResult.NoValue<ListingPage> none -> {
          return new Result.NoAnswer(none, as.authority());
        }
      }
    }
  }

  private static Result unexpected(String reason, Caller as) {
    return new Result.NoAnswer(
        new UpstreamFailure(UpstreamFailure.Kind.UNEXPECTED_ANSWER, reason), as.authority());
  }

  private Result keep(Key key, Authorised<RepoId> repo, ManifestWriter writer) {
    try {
      writer.commit(true);
    } catch (IOException e) {
      return notKept(key, e);
    }
    return get(repo, key.commit())
        .<Result>map(Result.Complete::new)
        .orElseGet(Result.TooLarge::new);
  }

  /** A store that could not write must not make the listing fail for the one who asked. */
  private Result notKept(Key key, IOException failure) {
    if (failure instanceof BudgetExhaustedException) {
      return new Result.Crowded();
    }
    recentlyNotKept.put(key, true);
    log.warn(
        "The listing of {} at {} can't be stored, so clients get it from upstream: {}",
        key.repo(),
        key.commit(),
        failure.toString());
    return new Result.TooLarge();
  }
}
