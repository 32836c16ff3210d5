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
import io.intrahub.policy.Freshness;
import io.intrahub.policy.Lifetime;
import io.intrahub.policy.UpstreamState;
import io.intrahub.store.RepoStore;
import io.intrahub.store.StoredAnswer;
import io.intrahub.upstream.BrokenAnswerException;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import io.intrahub.upstream.hub.ApiAnswer;
import io.intrahub.upstream.hub.ApiBody;
import io.intrahub.upstream.hub.ApiRequest;
import io.intrahub.upstream.hub.HubUpstream;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/**
 * {@code GET /api/{type}s/{repo}/refs} and {@code .../commits/{revision}}, kept as upstream sent
 * them. A history is that of the commit which the mirror shows for the revision, and never changes.
 * The list of refs is asked for again like a revision, and names the commits that the mirror shows
 * for branches and tags, so that it agrees with every other route.
 *
 * <p>Safe for use by many threads.
 */
public final class HistoryQueries {
  /** What huggingface_hub sends; any other query is passed on. */
  private static final Pattern PRS = Pattern.compile("include_prs=(1|[Tt]rue)");

  private static final Pattern NO_PRS = Pattern.compile("|include_prs=(0|[Ff]alse)");
  private static final Pattern PAGE =
      Pattern.compile("((^|&)(p=\\d{1,5}|limit=\\d{1,4}|expand(\\[]|%5B%5D)=formatted)){0,3}");

  private final RevisionResolver revisions;
  private final RepoStore store;
  private final HubUpstream upstream;
  private final RepoResources resources;
  private final MemoryBudget budget;
  private final ColdQuestionLimiter questions;
  private final MirrorSettings settings;
  private final KeptHistories histories;
  private final EarlierHistories earlier;
  private final ShownRefs refs;
  private final SingleFlight<Key, UpstreamResult<KeptHistories.Learned>> flights;

  /** One authority's answer is never another's. */
  private record Key(RepoId repo, CommitHash commit, String name, Authority as) {}

  HistoryQueries(
      RevisionResolver revisions,
      RepoStore store,
      RepoReplacements replacements,
      ShownRefs refs,
      HubUpstream upstream,
      RepoResources resources,
      MemoryBudget budget,
      ColdQuestionLimiter questions,
      MirrorSettings settings,
      Executor executor) {
    this.revisions = revisions;
    this.store = store;
    this.refs = refs;
    this.upstream = upstream;
    this.resources = resources;
    this.budget = budget;
    this.questions = questions;
    this.settings = settings;
    this.histories = new KeptHistories(store, replacements, upstream, budget);
    this.earlier = new EarlierHistories(store, replacements, histories, settings.lists());
    this.flights = new SingleFlight<>(executor);
  }

  /**
   * Lists the refs of a repo.
   *
   * @param on the repo, and who asks; its revision is the default branch
   * @param query raw, without the question mark
   * @param self the mirror's own base address as the client sees it, without a trailing slash
   */
  public ApiReply refs(RevisionRequest on, String query, String self) {
    boolean prs = PRS.matcher(query).matches();
    String name = prs ? "refs?include_prs=1" : "refs";
    Supplier<ApiReply> pass =
        () -> pass(on, withQuery(new HubTarget.Refs(on.repo()).format(), query), self);
    if (!prs && !NO_PRS.matcher(query).matches()) {
      return pass.get();
    }
    Deadline deadline = Deadline.in(settings.apiTimeout());
    return switch (resolve(on, deadline)) {
      case UpstreamResult.Value(ResolvedRevision.At at) ->
          refs(at, on, name, withQuery("/refs", prs ? "include_prs=1" : ""), deadline, pass);
      case UpstreamResult.Value(ResolvedRevision.NotKept _) -> pass.get();
      case UpstreamResult.NoValue<ResolvedRevision> none ->
          UpstreamErrors.reply(none, on.repo().toString());
    };
  }

  private ApiReply refs(
      ResolvedRevision.At at,
      RevisionRequest on,
      String name,
      String resource,
      Deadline deadline,
      Supplier<ApiReply> pass) {
    Optional<StoredAnswer> kept = store.answer(at.repo(), KeptHistories.NO_COMMIT, name);
    Freshness.Decision decision =
        Freshness.decide(
            revisions.now(),
            kept.map(StoredAnswer::learnedAt),
            // A new branch is to be found at once, so a list that is not fresh is asked for first.
            Lifetime.of(settings.revisions().ttl(), Duration.ZERO),
            at.label().removed().isPresent()
                ? UpstreamState.OFFLINE
                : upstream.state(at.reader().authority()),
            on.directives());
    if (decision.servesAtOnce()) {
      boolean stale = decision == Freshness.Decision.SERVE_STALE;
      return showRefs(at, kept.orElseThrow(), stale, on).orElseGet(pass);
    }
    if (on.directives().onlyIfCached()) {
      return OnlyStored.reply("the refs of " + on.repo());
    }
    Duration patience = kept.isPresent() ? settings.staleTimeout() : deadline.left();
    return switch (ask(at, KeptHistories.NO_COMMIT, on, name, resource, patience)) {
      case UpstreamResult.Value(KeptHistories.Learned learned) ->
          learned.answer().flatMap(a -> showRefs(at, a, false, on)).orElseGet(pass);
      case UpstreamResult.Failed(_) when kept.isPresent() ->
          showRefs(at, kept.get(), true, on).orElseGet(pass);
      case UpstreamResult.NoValue<KeptHistories.Learned> none -> without(at, on, none, pass);
    };
  }

  private Optional<ApiReply> showRefs(
      ResolvedRevision.At at, StoredAnswer answer, boolean stale, RevisionRequest on) {
    Duration age = Duration.between(answer.learnedAt(), revisions.now());
    CacheLabel label =
        new CacheLabel(
            CacheLabel.Source.HIT,
            Optional.of(settings.revisions().ttl().minus(age)),
            Optional.of(age.isNegative() ? Duration.ZERO : age),
            stale || at.label().stale(),
            at.label().restricted());
    CacheLabel told = at.label().removed().map(label::withRemoved).orElse(label);
    // A client that wants the Hub's word gets it on every route.
    boolean isHubs = on.directives().noCache() && !label.stale();
    return reply(
        at,
        told,
        Map.of(),
        () ->
            ApiReplies.made(
                budget,
                on.caller().client(),
                out -> {
                  if (isHubs) {
                    refs.copyUnchanged(answer, out);
                  } else {
                    refs.copy(at.repo(), answer, out);
                  }
                }));
  }

  /**
   * Lists the commits before a revision.
   *
   * @param query raw, without the question mark
   * @param self the mirror's own base address as the client sees it, without a trailing slash
   * @param path of the request, encoded, for the link to the next page
   */
  public ApiReply commits(RevisionRequest on, String query, String self, String path) {
    Supplier<ApiReply> pass = () -> pass(on, withQuery(path, query), self);
    if (!PAGE.matcher(query).matches()) {
      return pass.get();
    }
    Deadline deadline = Deadline.in(settings.apiTimeout());
    return switch (resolve(on, deadline)) {
      case UpstreamResult.Value(ResolvedRevision.At at) -> {
        String name = withQuery("commits", query);
        String resource = withQuery("/commits/" + at.commit().hex(), query);
        Optional<String> id = store.internalId(at.repo().subject());
        Optional<KeptHistories.Learned> known = histories.stored(at.repo(), at.commit(), name);
        if (known.isPresent()) {
          earlier.shown(at.repo(), id, on.revision(), at.commit(), name, revisions.now());
          CacheLabel label = at.label().from(CacheLabel.Source.HIT);
          yield showCommits(at, label, known.get(), self + path, on).orElseGet(pass);
        }
        if (on.directives().onlyIfCached()) {
          yield OnlyStored.reply("the commits of " + on.repo());
        }
        if (!histories.hasPlace(at.repo().subject(), at.commit(), name)) {
          yield pass.get();
        }
        Optional<EarlierHistories.Found> before =
            earlier.find(at, on.revision(), name, revisions.now());
        Duration patience = before.isPresent() ? settings.staleTimeout() : deadline.left();
        yield switch (ask(at, at.commit(), on, name, resource, patience)) {
          case UpstreamResult.Value(KeptHistories.Learned learned) -> {
            if (learned.answer().isPresent()) {
              earlier.shown(at.repo(), id, on.revision(), at.commit(), name, revisions.now());
            }
            CacheLabel label = at.label().from(CacheLabel.Source.MISS);
            yield showCommits(at, label, learned, self + path, on).orElseGet(pass);
          }
          case UpstreamResult.Failed(var failure)
              when before.isPresent() && isUnanswered(failure) ->
              showEarlier(at, before.get(), self + path, on).orElseGet(pass);
          case UpstreamResult.NoValue<KeptHistories.Learned> none -> without(at, on, none, pass);
        };
      }
      case UpstreamResult.Value(ResolvedRevision.NotKept _) -> pass.get();
      case UpstreamResult.NoValue<ResolvedRevision> none ->
          UpstreamErrors.reply(none, on.repo().toString());
    };
  }

  /** Whether the Hub gave no answer, or a portal answered in its place. */
  private static boolean isUnanswered(UpstreamFailure failure) {
    return failure.isOutage() || failure.kind() == UpstreamFailure.Kind.UNEXPECTED_ANSWER;
  }

  /** Under the commit whose history it is, and labelled with the one that has no history. */
  private Optional<ApiReply> showEarlier(
      ResolvedRevision.At at, EarlierHistories.Found found, String url, RevisionRequest on) {
    CacheLabel label = at.label().from(CacheLabel.Source.HIT).withNewer(at.commit());
    ResolvedRevision.At then =
        new ResolvedRevision.At(at.repo(), found.commit(), label, at.reader());
    return showCommits(then, label, found.page(), url, on);
  }

  private Optional<ApiReply> showCommits(
      ResolvedRevision.At at,
      CacheLabel label,
      KeptHistories.Learned known,
      String url,
      RevisionRequest on) {
    return known
        .answer()
        .flatMap(answer ->
            reply(
                at,
                label,
                known.headers(url),
                () -> ApiReplies.stored(budget, on.caller().client(), answer)));
  }

  private interface Body {
    ReplyBody open() throws IOException;
  }

  /** Empty when the store can't be read. */
  private static Optional<ApiReply> reply(
      ResolvedRevision.At at, CacheLabel label, Map<String, String> headers, Body body) {
    try {
      return Optional.of(
          new ApiReply.Ok(
              200, ApiReply.Ok.JSON, Optional.of(at.commit()), headers, body.open(), label));
    } catch (BudgetExhaustedException e) {
      return Optional.of(ApiReplies.overloaded());
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private UpstreamResult<ResolvedRevision> resolve(RevisionRequest on, Deadline deadline) {
    return revisions.resolve(on, ReadScope.METADATA, revisions.byRepoInfo(on), deadline);
  }

  private ApiReply pass(RevisionRequest on, String target, String self) {
    return resources.get(on, ReadScope.METADATA, target, self);
  }

  private ApiReply without(
      ResolvedRevision.At at,
      RevisionRequest on,
      UpstreamResult.NoValue<KeptHistories.Learned> none,
      Supplier<ApiReply> pass) {
    boolean isPassed =
        switch (none) {
          // The client chose this call, so its refusal ends nothing that others were granted.
          case UpstreamResult.Refused<KeptHistories.Learned> _ -> on.caller().requester().isEmpty();
          case UpstreamResult.Failed<KeptHistories.Learned>(var failure) ->
              upstream.health().mayPassOn(failure);
        };
    if (isPassed) {
      return pass.get();
    }
    return UpstreamErrors.reply(none, at.repo().subject().toString());
  }

  private UpstreamResult<KeptHistories.Learned> ask(
      ResolvedRevision.At at,
      CommitHash commit,
      RevisionRequest on,
      String name,
      String resource,
      Duration patience) {
    RepoId repo = at.repo().subject();
    ColdQuestionLimiter.Admission admission = questions.admission(on.caller());
    BooleanSupplier admitted = admission::begin;
    Deadline deadline = Deadline.in(patience);
    Optional<UpstreamResult<KeptHistories.Learned>> learned;
    do {
      Optional<CompletableFuture<UpstreamResult<KeptHistories.Learned>>> question =
          flights.join(
              new Key(repo, commit, name, at.reader().authority()),
              admitted,
              () -> histories.ask(repo, commit, name, () -> fetch(at, commit, name, resource)));
      if (question.isEmpty()) {
        return new UpstreamResult.Failed<>(admission.refusal());
      }
      learned = BoundedWait.until(question.get(), deadline.left());
      // Another client's question may have failed because of that client.
    } while (learned.filter(UpstreamResult::isFailureOfBeginner).isPresent()
        && !admission.isBegun()
        && !deadline.left().isZero());
    // One that is not kept costs a call each time, so it stays charged.
    if (learned.filter(HistoryQueries::isKept).isPresent()) {
      admission.refund();
    }
    return learned.orElseGet(
        () -> new UpstreamResult.Failed<>(UpstreamErrors.timedOut(upstream, patience)));
  }

  private UpstreamResult<KeptHistories.Learned> fetch(
      ResolvedRevision.At at, CommitHash commit, String name, String resource) {
    RepoId repo = at.repo().subject();
    String target = new HubTarget.RepoInfo(repo, Optional.empty()).format() + resource;
    Instant began = revisions.now();
    Optional<String> id = store.internalId(repo);
    Caller reader = at.reader();
    // The answer is kept for all who may see the repo, so it must be one that all of them get.
    UpstreamResult<ApiAnswer> answer =
        upstream.learn(repo, ApiRequest.get(target), reader.withoutToken());
    if (!reader.isAnonymous() && isOfNobody(answer)) {
      answer = upstream.learn(repo, ApiRequest.get(target), reader);
    }
    return answer.flatMap(ok -> {
      try (ApiBody body = ok.body()) {
        return histories.keep(at, id, commit, name, target, ok, body, began);
      } catch (BrokenAnswerException e) {
        return new UpstreamResult.Failed<>(e.failure());
      }
    });
  }

  private static boolean isKept(UpstreamResult<KeptHistories.Learned> result) {
    return result instanceof UpstreamResult.Value(KeptHistories.Learned learned)
        && learned.answer().isPresent();
  }

  /** Whether a reader with a token may hear something else than those without one. */
  private static boolean isOfNobody(UpstreamResult<ApiAnswer> answer) {
    return switch (answer) {
      case UpstreamResult.Value(_) -> false;
      case UpstreamResult.Refused(_) -> true;
      case UpstreamResult.Failed(var failure) ->
          failure.kind() == UpstreamFailure.Kind.RATE_LIMITED;
    };
  }

  private static String withQuery(String path, String query) {
    return query.isEmpty() ? path : path + "?" + query;
  }
}
