package io.intrahub.mirror;

import io.intrahub.access.Authority;
import io.intrahub.access.Caller;
import io.intrahub.access.ReadScope;
import io.intrahub.base.BudgetExhaustedException;
import io.intrahub.base.Deadline;
import io.intrahub.base.MemoryBudget;
import io.intrahub.base.SingleFlight;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.HubTarget;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.hub.json.JsonFilter;
import io.intrahub.metrics.Meters;
import io.intrahub.policy.CacheDirectives;
import io.intrahub.policy.Freshness;
import io.intrahub.policy.Lifetime;
import io.intrahub.store.RepoStore;
import io.intrahub.store.StoredAnswer;
import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import io.intrahub.upstream.hub.ApiRequest;
import io.intrahub.upstream.hub.HubUpstream;
import io.intrahub.upstream.hub.RepoInfoAnswer;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * {@code GET /api/{type}s/{repo}[/revision/{revision}]}: repo info, kept per commit as upstream
 * sent it, and streamed from the store. Safe for use by many threads.
 */
public final class RepoInfoQueries {
  private final RevisionResolver revisions;
  private final RepoStore store;
  private final HubUpstream upstream;
  private final RepoInfoFetcher keeper;
  private final ListedRepoInfo listed;
  private final RepoResources resources;
  private final MemoryBudget budget;
  private final Meters meters;
  private final ColdQuestionLimiter questions;
  private final MirrorSettings settings;
  private final SingleFlight<FlightKey, UpstreamResult<RepoInfoFetcher.Answered>> flights;

  /** Small answers; larger ones are read from the store each time. */
  private final RepoInfoMemory memory;

  /** One authority's answer is never another's. */
  private record FlightKey(RepoInfoMemory.Key key, Authority as) {}

  RepoInfoQueries(
      RevisionResolver revisions,
      RepoStore store,
      HubUpstream upstream,
      RepoInfoFetcher keeper,
      ListedRepoInfo listed,
      RepoResources resources,
      MemoryBudget budget,
      Meters meters,
      ColdQuestionLimiter questions,
      MirrorSettings settings,
      long memoryBytes,
      Executor executor) {
    this.revisions = revisions;
    this.store = store;
    this.upstream = upstream;
    this.keeper = keeper;
    this.listed = listed;
    this.resources = resources;
    this.budget = budget;
    this.meters = meters;
    this.questions = questions;
    this.settings = settings;
    this.memory = new RepoInfoMemory(memoryBytes);
    this.flights = new SingleFlight<>(executor);
  }

  /**
   * Answers for one revision.
   *
   * @param revision empty: the default branch
   * @param query raw, without the question mark
   * @param self the mirror's own base address as the client sees it, without a trailing slash
   */
  public ApiReply info(
      RepoId repo, Optional<Revision> revision, String query, ClientRequest client, String self) {
    RevisionRequest request = new RevisionRequest(repo, revision.orElse(Revision.DEFAULT), client);
    String path = new HubTarget.RepoInfo(repo, revision).format();
    ApiRequest same = ApiRequest.get(query.isEmpty() ? path : path + "?" + query);
    return info(
        request,
        revision,
        query,
        () -> resources.passAsClient(request, same, repo.toString(), self));
  }

  /**
   * Answers for one revision.
   *
   * @param pass passes the request on as it is. The Hub may have something under this path that is
   *     no repo: whatever it sends is better than an error.
   */
  private ApiReply info(
      RevisionRequest request, Optional<Revision> revision, String query, Supplier<ApiReply> pass) {
    Deadline deadline = Deadline.in(settings.apiTimeout());
    RepoId repo = request.repo();
    Caller caller = request.caller();
    UpstreamResult<ResolvedRevision> resolved =
        revisions.resolve(request, ReadScope.METADATA, revisions.byRepoInfo(request), deadline);
    Optional<RepoInfoQuery> known = RepoInfoQuery.parse(query);
    return switch (resolved) {
      case UpstreamResult.Value(ResolvedRevision.At at) when known.isPresent() ->
          kept(at, known.get(), request, revision, deadline, pass);
      case UpstreamResult.Value(_) when request.directives().onlyIfCached() ->
          OnlyStored.reply(repo.toString());
      case UpstreamResult.Value(ResolvedRevision.At at) -> passOpen(at, revision, query, pass);
      case UpstreamResult.Value(ResolvedRevision.NotKept notKept) ->
          passThrough(notKept, revision, query, caller, pass);
      case UpstreamResult.Failed(var failure) when isOfNoRepo(failure) -> pass.get();
      case UpstreamResult.NoValue<ResolvedRevision> none ->
          UpstreamErrors.reply(none, repo.toString());
    };
  }

  /** Another repo has this name now. */
  void forget(RepoId repo) {
    memory.forget(repo);
  }

  private ApiReply kept(
      ResolvedRevision.At at,
      RepoInfoQuery query,
      RevisionRequest request,
      Optional<Revision> revision,
      Deadline deadline,
      Supplier<ApiReply> pass) {
    RepoId asked = request.repo();
    Caller caller = request.caller();
    RepoId repo = at.repo().subject();
    RepoInfoMemory.Key key = new RepoInfoMemory.Key(repo, at.commit(), query.answerName());
    Optional<SmallRepoInfo> small = memory.get(key).filter(info -> !isOutdated(at, info));
    if (small.isPresent()) {
      meters.answered(Meters.Kind.ANSWER, Meters.Level.MEMORY);
      return reply(at, small.get().body(), caller);
    }
    Optional<ApiReply> reply =
        store
            .answer(at.repo(), at.commit(), key.name())
            .filter(stored -> stored.small().map(b -> isCurrent(at, b, stored)).orElse(true))
            .flatMap(stored -> reply(at, at.label(), key, stored, caller));
    if (reply.isPresent()) {
      boolean justFetched = at.label().source() == CacheLabel.Source.MISS;
      meters.answered(Meters.Kind.ANSWER, justFetched ? Meters.Level.UPSTREAM : Meters.Level.DISK);
      return reply.get();
    }
    if (request.directives().onlyIfCached()) {
      return OnlyStored.reply(asked.toString());
    }
    meters.answered(Meters.Kind.ANSWER, Meters.Level.UPSTREAM);
    ColdQuestionLimiter.Admission admission = questions.admission(caller);
    Optional<UpstreamResult<RepoInfoFetcher.Answered>> outcome;
    do {
      Optional<CompletableFuture<UpstreamResult<RepoInfoFetcher.Answered>>> question =
          flights.join(
              new FlightKey(key, at.reader().authority()),
              admission::begin,
              () -> fetch(at, query));
      if (question.isEmpty()) {
        return UpstreamErrors.reply(admission.refusal(), repo.toString());
      }
      outcome = BoundedWait.until(question.get(), deadline.left());
      // Another client's question may have failed because of that client.
    } while (outcome.filter(UpstreamResult::isFailureOfBeginner).isPresent()
        && !admission.isBegun()
        && !deadline.left().isZero());
    if (outcome.isEmpty()) {
      return listed
          .reply(at, query, caller.client())
          .orElseGet(() ->
              UpstreamErrors.reply(
                  UpstreamErrors.timedOut(upstream, deadline.whole()), repo.toString()));
    }
    Function<Optional<HubRefusal>, ApiReply> unkept =
        refusal ->
            passThrough(
                new ResolvedRevision.NotKept(asked, refusal),
                revision,
                query.canonical(),
                caller,
                pass);
    return switch (outcome.get()) {
      case UpstreamResult.Value(var answered) when isNotPublic(answered.info(), query) -> {
        revisions.markNotPublic(repo);
        yield unkept.apply(Optional.empty());
      }
      case UpstreamResult.Value(var answered) -> {
        if (query.isWhole()) {
          admission.refund();
        }
        yield answered
            .stored()
            .flatMap(s -> reply(at, at.label().from(CacheLabel.Source.MISS), key, s, caller))
            // The store could not keep it, so this client gets an answer of its own.
            .orElseGet(
                () -> passOpen(at, Optional.of(at.commit().asRevision()), query.canonical(), pass));
      }
      case UpstreamResult.Refused(var refusal) when refusal.isOfRepo() -> {
        revisions.refused(repo, refusal, at.reader());
        yield unkept.apply(Optional.of(refusal));
      }
      // What another endpoint says is passed through, under the commit that it says itself.
      case UpstreamResult.Failed(var failure) when upstream.health().mayPassOn(failure) ->
          unkept.apply(Optional.empty());
      case UpstreamResult.Failed(var failure) when isOfNoRepo(failure) -> pass.get();
      case UpstreamResult.NoValue<RepoInfoFetcher.Answered> none ->
          none.asFailure()
              .filter(UpstreamFailure::isOutage)
              .flatMap(_ -> listed.reply(at, query, caller.client()))
              .orElseGet(() -> UpstreamErrors.reply(none, repo.toString()));
    };
  }

  private boolean isCurrent(ResolvedRevision.At at, byte[] body, StoredAnswer stored) {
    return !isOutdated(at, SmallRepoInfo.of(body, stored.learnedAt()));
  }

  /**
   * Whether an answer is from before the repo was closed or opened, and is to be asked for again.
   * One from just now stays: the Hub may be late to say the same everywhere.
   */
  private boolean isOutdated(ResolvedRevision.At at, SmallRepoInfo answer) {
    return answer.contradicts(at.repo())
        && Freshness.decide(
                revisions.now(),
                Optional.of(answer.learnedAt()),
                Lifetime.of(settings.revisions().ttl(), Duration.ZERO),
                upstream.authoritativeState(),
                CacheDirectives.NONE)
            == Freshness.Decision.REVALIDATE;
  }

  /** The answer for exactly this commit, so that it can't disagree with the observation. */
  private UpstreamResult<RepoInfoFetcher.Answered> fetch(
      ResolvedRevision.At at, RepoInfoQuery query) {
    RepoId repo = at.repo().subject();
    Optional<Revision> exact = Optional.of(at.commit().asRevision());
    return keeper.ask(
        () -> upstream.learnInfo(repo, exact, query.canonical(), at.reader()),
        query,
        info -> isNotPublic(info, query) ? Optional.empty() : commit(info, query, at.commit()),
        at.reader());
  }

  /** A whole answer says itself which commit it is of; one of properties may leave that out. */
  private static Optional<CommitHash> commit(
      RepoInfoAnswer info, RepoInfoQuery query, CommitHash asked) {
    return query.isPartial() ? Optional.of(asked) : info.facts().commit();
  }

  private ApiReply reply(ResolvedRevision.At at, byte[] small, Caller caller) {
    try {
      ReplyBody body = ApiReplies.inMemory(budget, caller.client(), small);
      return ApiReply.Ok.json(at.commit(), body, at.label());
    } catch (BudgetExhaustedException e) {
      return ApiReplies.overloaded();
    } catch (InterruptedIOException e) {
      throw new IllegalStateException("interrupted while waiting for memory", e);
    }
  }

  /** Empty when the stored answer can't be read: then upstream is asked again. */
  private Optional<ApiReply> reply(
      ResolvedRevision.At at,
      CacheLabel label,
      RepoInfoMemory.Key key,
      StoredAnswer answer,
      Caller caller) {
    answer.small().ifPresent(bytes -> memory.put(key, SmallRepoInfo.of(bytes, answer.learnedAt())));
    try {
      ReplyBody body = ApiReplies.stored(budget, caller.client(), answer);
      return Optional.of(ApiReply.Ok.json(at.commit(), body, label));
    } catch (BudgetExhaustedException e) {
      return Optional.of(ApiReplies.overloaded());
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** Whether a whole answer says that not everybody may read the repo any more. */
  private static boolean isNotPublic(RepoInfoAnswer info, RepoInfoQuery query) {
    return info.evidence().isEmpty() && !query.isPartial();
  }

  /** Passes a question on about a repo that may be read, in the name in which it is read. */
  private ApiReply passOpen(
      ResolvedRevision.At at,
      Optional<Revision> revision,
      String query,
      Supplier<ApiReply> otherwise) {
    return passThrough(
        new ResolvedRevision.NotKept(at.repo().subject(), Optional.empty()),
        revision,
        query,
        at.reader(),
        otherwise);
  }

  private static boolean isOfNoRepo(UpstreamFailure failure) {
    return failure.kind() == UpstreamFailure.Kind.NO_REPO_INFO;
  }

  private ApiReply passThrough(
      ResolvedRevision.NotKept notKept,
      Optional<Revision> revision,
      String query,
      Caller caller,
      Supplier<ApiReply> otherwise) {
    boolean replay = caller.isAnonymous() && notKept.refusal().filter(r -> !r.isGate()).isPresent();
    if (replay) {
      return UpstreamErrors.reply(notKept.refusal().get());
    }
    Optional<HubRefusal> before = revisions.refusalOf(notKept.repo(), caller, ReadScope.METADATA);
    if (before.isPresent()) {
      return UpstreamErrors.reply(before.get());
    }
    Optional<UpstreamFailure> tooMany = questions.charge(caller);
    if (tooMany.isPresent()) {
      return UpstreamErrors.reply(tooMany.get(), notKept.repo().toString());
    }
    return switch (upstream.repoInfo(notKept.repo(), revision, query, caller)) {
      case UpstreamResult.Value(var info) -> {
        if (caller.hasOwnToken()) {
          questions.refund(caller);
        }
        yield new ApiReply.Ok(
            200,
            ApiReply.Ok.JSON,
            info.facts().commit(),
            Map.of(),
            ApiReplies.passedOn(info.body(), JsonFilter.Links.KEPT),
            CacheLabel.passedOn(info.stale(), info.grantAge(), caller));
      }
      case UpstreamResult.Refused(var refusal) -> {
        if (refusal.isOfRepo()) {
          revisions.refused(notKept.repo(), refusal, caller);
        }
        yield UpstreamErrors.reply(refusal);
      }
      case UpstreamResult.Failed(var failure) ->
          isOfNoRepo(failure)
              ? otherwise.get()
              : UpstreamErrors.reply(failure, notKept.repo().toString());
    };
  }
}
