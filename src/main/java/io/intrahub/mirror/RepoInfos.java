package io.intrahub.mirror;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.intrahub.access.Caller;
import io.intrahub.base.BudgetExhaustedException;
import io.intrahub.base.Deadline;
import io.intrahub.base.MemoryBudget;
import io.intrahub.base.SingleFlight;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.hub.json.JsonFilter;
import io.intrahub.metrics.Meters;
import io.intrahub.store.RepoStore;
import io.intrahub.store.StoredAnswer;
import io.intrahub.upstream.ApiAnswer;
import io.intrahub.upstream.FirstHop;
import io.intrahub.upstream.HubUpstream;
import io.intrahub.upstream.UpstreamFailure;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * {@code GET /api/{type}s/{repo}[/revision/{revision}]}: repo info, kept per commit as upstream
 * sent it, and streamed from the store. Safe for use by many threads.
 */
public final class RepoInfos {
  /** Heap for one answer beside its bytes: the key with its texts, and the cache's own. */
  private static final int OVERHEAD = 600;

  private final Revisions revisions;
  private final RepoStore store;
  private final HubUpstream upstream;
  private final InfoKeeper keeper;
  private final MemoryBudget budget;
  private final Meters meters;
  private final ColdQuestions questions;
  private final MirrorSettings settings;
  private final SingleFlight<Key, InfoKeeper.Outcome> flights;

  /** Small answers; larger ones are read from the store each time. */
  private final Cache<Key, byte[]> memory;

  private record Key(RepoId repo, CommitHash commit, String name) {}

  RepoInfos(
      Revisions revisions,
      RepoStore store,
      HubUpstream upstream,
      InfoKeeper keeper,
      MemoryBudget budget,
      Meters meters,
      ColdQuestions questions,
      MirrorSettings settings,
      long memoryBytes,
      Executor executor) {
    this.revisions = revisions;
    this.store = store;
    this.upstream = upstream;
    this.keeper = keeper;
    this.budget = budget;
    this.meters = meters;
    this.questions = questions;
    this.settings = settings;
    this.memory =
        Caffeine.newBuilder()
            .maximumWeight(memoryBytes)
            .weigher((Key key, byte[] body) -> OVERHEAD + 2 * key.name().length() + body.length)
            .build();
    this.flights = new SingleFlight<>(executor);
  }

  /**
   * Answers for one revision.
   *
   * @param revision empty: the default branch
   * @param query raw, without the question mark
   */
  public ApiReply info(
      RepoId repo, Optional<Revision> revision, String query, Caller caller, boolean noCache) {
    Deadline deadline = Deadline.in(settings.apiTimeout());
    Revision asked = revision.orElse(Revision.DEFAULT);
    Located located =
        revisions.locate(repo, asked, revisions.byRepoInfo(asked, caller), deadline, noCache);
    Optional<InfoQuery> known = InfoQuery.parse(query);
    return switch (located) {
      case Located.At at when known.isPresent() ->
          kept(at, known.get(), repo, revision, caller, deadline);
      case Located.At _ -> passOpen(repo, revision, query, caller);
      case Located.NotKept notKept -> passThrough(notKept, revision, query, caller);
      case Located.Refused refused -> Replies.refused(refused.refusal());
      case Located.Failed failed -> Replies.failed(failed.failure(), repo.toString());
    };
  }

  private ApiReply kept(
      Located.At at,
      InfoQuery query,
      RepoId asked,
      Optional<Revision> revision,
      Caller caller,
      Deadline deadline) {
    RepoId repo = at.repo().subject();
    Key key = new Key(repo, at.commit(), query.answerName());
    byte[] small = memory.getIfPresent(key);
    if (small != null) {
      meters.answered(Meters.Kind.ANSWER, Meters.Level.MEMORY);
      return reply(at, small, caller);
    }
    Optional<ApiReply> reply =
        store
            .answer(at.repo(), at.commit(), key.name())
            .flatMap(stored -> reply(at, at.label(), key, stored, caller));
    if (reply.isPresent()) {
      boolean justFetched = at.label().source() == CacheLabel.Source.MISS;
      meters.answered(Meters.Kind.ANSWER, justFetched ? Meters.Level.UPSTREAM : Meters.Level.DISK);
      return reply.get();
    }
    meters.answered(Meters.Kind.ANSWER, Meters.Level.UPSTREAM);
    ColdQuestions.Admission admission = questions.admission(caller);
    Optional<InfoKeeper.Outcome> outcome;
    do {
      Optional<CompletableFuture<InfoKeeper.Outcome>> question =
          flights.join(key, admission::begin, () -> fetch(at, query, caller.client()));
      if (question.isEmpty()) {
        return Replies.failed(admission.refusal(), repo.toString());
      }
      outcome = Waiting.until(question.get(), deadline.left());
      // Another client's question may have failed because its own share of memory is used up.
    } while (outcome.filter(InfoKeeper.Outcome::isCrowded).isPresent()
        && !admission.isBegun()
        && !deadline.left().isZero());
    if (outcome.isEmpty()) {
      return Replies.failed(Failures.late(upstream, deadline.whole()), repo.toString());
    }
    return switch (outcome.get()) {
      case InfoKeeper.Outcome.Answered answered when isShut(answered.info(), query) -> {
        revisions.closed(repo);
        yield passThrough(
            new Located.NotKept(asked, Optional.empty()), revision, query.canonical(), caller);
      }
      case InfoKeeper.Outcome.Answered answered -> {
        if (query.equals(InfoQuery.WHOLE)) {
          admission.refund();
        }
        yield answered
            .stored()
            .flatMap(s -> reply(at, at.label().from(CacheLabel.Source.MISS), key, s, caller))
            // The store could not keep it, so this client gets an answer of its own.
            .orElseGet(() ->
                passOpen(repo, Optional.of(at.commit().asRevision()), query.canonical(), caller));
      }
      case InfoKeeper.Outcome.Refused refused when refused.refusal().isOfRepo() -> {
        revisions.refused(repo, refused.refusal());
        yield passThrough(
            new Located.NotKept(asked, Optional.of(refused.refusal())),
            revision,
            query.canonical(),
            caller);
      }
      case InfoKeeper.Outcome.Refused refused -> Replies.refused(refused.refusal());
      // What another endpoint says is passed through, under the commit that it says itself.
      case InfoKeeper.Outcome.Failed _ when upstream.hasFallback() ->
          passThrough(
              new Located.NotKept(asked, Optional.empty()), revision, query.canonical(), caller);
      case InfoKeeper.Outcome.Failed failed -> Replies.failed(failed.failure(), repo.toString());
    };
  }

  /** The answer for exactly this commit, so that it can't disagree with the observation. */
  private InfoKeeper.Outcome fetch(Located.At at, InfoQuery query, String owner) {
    RepoId repo = at.repo().subject();
    Optional<Revision> exact = Optional.of(at.commit().asRevision());
    return keeper.ask(
        () -> upstream.learnInfo(repo, exact, query.canonical(), owner),
        query,
        info -> isShut(info, query) ? Optional.empty() : commit(info, query, at.commit()),
        owner);
  }

  /** A whole answer says itself which commit it is of; one of properties may leave that out. */
  private static Optional<CommitHash> commit(
      ApiAnswer.Info info, InfoQuery query, CommitHash asked) {
    return query.isPartial() ? Optional.of(asked) : info.facts().commit();
  }

  private ApiReply reply(Located.At at, byte[] small, Caller caller) {
    try {
      ReplyBody body = Replies.inMemory(budget, caller.client(), small);
      return ApiReply.Ok.json(at.commit(), body, at.label());
    } catch (BudgetExhaustedException e) {
      return Replies.overloaded();
    } catch (InterruptedIOException e) {
      throw new IllegalStateException("interrupted while waiting for memory", e);
    }
  }

  /** Empty when the stored answer can't be read: then upstream is asked again. */
  private Optional<ApiReply> reply(
      Located.At at, CacheLabel label, Key key, StoredAnswer answer, Caller caller) {
    answer.small().ifPresent(bytes -> memory.put(key, bytes));
    try {
      ReplyBody body = Replies.stored(budget, caller.client(), answer);
      return Optional.of(ApiReply.Ok.json(at.commit(), body, label));
    } catch (BudgetExhaustedException e) {
      return Optional.of(Replies.overloaded());
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** Whether a whole answer says that not everybody may read the repo any more. */
  private static boolean isShut(ApiAnswer.Info info, InfoQuery query) {
    return info.evidence().isEmpty() && !query.isPartial();
  }

  /** Passes a question about a repo on that everybody may read: no token is needed for it. */
  private ApiReply passOpen(RepoId repo, Optional<Revision> revision, String query, Caller caller) {
    return passThrough(
        new Located.NotKept(repo, Optional.empty()),
        revision,
        query,
        Caller.anonymous(caller.client()));
  }

  private ApiReply passThrough(
      Located.NotKept notKept, Optional<Revision> revision, String query, Caller caller) {
    boolean replay = caller.isAnonymous() && notKept.refusal().filter(r -> !r.isGate()).isPresent();
    if (replay) {
      return Replies.refused(notKept.refusal().get());
    }
    // Of a gated repo somebody who may not read its files may see this.
    Optional<FirstHop.Refusal> before =
        revisions.refusalOf(notKept.repo(), caller).filter(r -> !r.isGate());
    if (before.isPresent()) {
      return Replies.refused(before.get());
    }
    Optional<UpstreamFailure> tooMany = questions.charge(caller);
    if (tooMany.isPresent()) {
      return Replies.failed(tooMany.get(), notKept.repo().toString());
    }
    return switch (upstream.repoInfo(notKept.repo(), revision, query, caller)) {
      case ApiAnswer.Info info -> {
        if (!caller.isAnonymous()) {
          questions.refund(caller);
        }
        yield new ApiReply.Ok(
            200,
            ApiReply.Ok.JSON,
            info.facts().commit(),
            Map.of(),
            Replies.passedOn(info.body(), JsonFilter.Links.KEPT),
            CacheLabel.BYPASSED);
      }
      case ApiAnswer.Refused refused -> {
        revisions.refusedTo(notKept.repo(), caller, refused.refusal());
        yield Replies.refused(refused.refusal());
      }
      case ApiAnswer.Failed failed -> Replies.failed(failed.failure(), notKept.repo().toString());
      case ApiAnswer.Ok _ -> throw new IllegalStateException("repo info comes as such");
    };
  }
}
