package io.intrahub.mirror;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.intrahub.access.Caller;
import io.intrahub.base.Deadline;
import io.intrahub.base.SingleFlight;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.metrics.Meters;
import io.intrahub.policy.Observation;
import io.intrahub.store.RepoStore;
import io.intrahub.upstream.ApiAnswer;
import io.intrahub.upstream.FirstHop;
import io.intrahub.upstream.HubUpstream;
import io.intrahub.upstream.UpstreamFailure;
import java.time.Clock;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * {@code GET /api/{type}s/{repo}[/revision/{revision}]}: repo info, kept per commit as upstream
 * sent it. Safe for use by many threads.
 */
public final class RepoInfos {
  private static final long MAX_WEIGHT = 32L * 1024 * 1024;
  private static final int OVERHEAD = 200;

  private final Revisions revisions;
  private final RepoStore store;
  private final HubUpstream upstream;
  private final Meters meters;
  private final ColdQuestions questions;
  private final MirrorSettings settings;
  private final Clock clock;
  private final SingleFlight<Key, ApiAnswer> flights;
  private final Cache<Key, byte[]> memory =
      Caffeine.newBuilder()
          .maximumWeight(MAX_WEIGHT)
          .weigher((Key key, byte[] body) -> OVERHEAD + body.length)
          .build();

  private static final int MAX_QUERY = 1024;

  /**
   * The parameters that the Hub's clients send. Any other query is passed on and its answer not
   * kept: each would be one more file, and some hold what is nobody else's business.
   */
  private static final Pattern KNOWN =
      Pattern.compile(
          "(blobs|securityStatus|full|config|cardData)=(true|false|True|False|1|0)"
              + "|expand(\\[\\d{0,3}]|%5[Bb]\\d{0,3}%5[Dd])?=[A-Za-z]{1,40}");

  private record Key(RepoId repo, CommitHash commit, String name) {}

  RepoInfos(
      Revisions revisions,
      RepoStore store,
      HubUpstream upstream,
      Meters meters,
      ColdQuestions questions,
      MirrorSettings settings,
      Clock clock,
      Executor executor) {
    this.revisions = revisions;
    this.store = store;
    this.upstream = upstream;
    this.meters = meters;
    this.questions = questions;
    this.settings = settings;
    this.clock = clock;
    this.flights = new SingleFlight<>(executor);
  }

  /** Under which name an answer to a query is kept; the order of parameters makes no difference. */
  static String answerName(String query) {
    String sorted = parameters(query).distinct().sorted().collect(Collectors.joining("&"));
    return sorted.isEmpty() ? "info" : "info?" + sorted;
  }

  private static Stream<String> parameters(String query) {
    return Arrays.stream(query.split("&", -1)).filter(p -> !p.isEmpty());
  }

  private static boolean mayBeKept(String query) {
    return query.length() <= MAX_QUERY
        && parameters(query).allMatch(p -> KNOWN.matcher(p).matches());
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
    return switch (located) {
      case Located.At at when mayBeKept(query) -> kept(at, query, repo, revision, caller, deadline);
      case Located.At _ ->
          passThrough(
              new Located.NotKept(repo, Optional.empty()),
              revision,
              query,
              Caller.anonymous(caller.client()));
      case Located.NotKept notKept -> passThrough(notKept, revision, query, caller);
      case Located.Refused refused -> Replies.refused(refused.refusal());
      case Located.Failed failed -> Replies.failed(failed.failure(), repo.toString());
    };
  }

  private ApiReply kept(
      Located.At at,
      String query,
      RepoId asked,
      Optional<Revision> revision,
      Caller caller,
      Deadline deadline) {
    RepoId repo = at.repo().subject();
    Key key = new Key(repo, at.commit(), answerName(query));
    byte[] known = memory.getIfPresent(key);
    if (known != null) {
      meters.answered(Meters.Kind.ANSWER, Meters.Level.MEMORY);
      return ApiReply.Ok.json(at.commit(), known, at.label());
    }
    Optional<Observation<byte[]>> stored = store.answer(at.repo(), at.commit(), key.name());
    if (stored.isPresent()) {
      boolean justFetched = at.label().source() == CacheLabel.Source.MISS;
      meters.answered(Meters.Kind.ANSWER, justFetched ? Meters.Level.UPSTREAM : Meters.Level.DISK);
      memory.put(key, stored.get().value());
      return ApiReply.Ok.json(at.commit(), stored.get().value(), at.label());
    }
    meters.answered(Meters.Kind.ANSWER, Meters.Level.UPSTREAM);
    ColdQuestions.Admission admission = questions.admission(caller);
    Optional<CompletableFuture<ApiAnswer>> question =
        flights.join(key, admission::begin, () -> fetch(at, key, query));
    if (question.isEmpty()) {
      return Replies.failed(admission.refusal(), repo.toString());
    }
    Optional<ApiAnswer> answer = Waiting.until(question.get(), deadline.left());
    if (answer.isEmpty()) {
      return Replies.failed(Failures.late(upstream, deadline.whole()), repo.toString());
    }
    return switch (answer.get()) {
      case ApiAnswer.Info info when isShut(info, query) -> {
        revisions.closed(repo);
        yield passThrough(new Located.NotKept(asked, Optional.empty()), revision, query, caller);
      }
      case ApiAnswer.Info info -> {
        if (query.isEmpty()) {
          admission.refund();
        }
        yield ApiReply.Ok.json(at.commit(), info.body(), at.label().from(CacheLabel.Source.MISS));
      }
      case ApiAnswer.Refused refused when refused.refusal().isOfRepo() -> {
        revisions.refused(repo, refused.refusal());
        yield passThrough(
            new Located.NotKept(asked, Optional.of(refused.refusal())), revision, query, caller);
      }
      case ApiAnswer.Refused refused -> Replies.refused(refused.refusal());
      case ApiAnswer.Failed failed -> Replies.failed(failed.failure(), repo.toString());
      case ApiAnswer.Ok _ -> throw new IllegalStateException("repo info comes as such");
    };
  }

  /** The answer for exactly this commit, so that it can't disagree with the observation. */
  private ApiAnswer fetch(Located.At at, Key key, String query) {
    RepoId repo = at.repo().subject();
    ApiAnswer answer =
        upstream.repoInfo(repo, Optional.of(at.commit().asRevision()), query, Caller.ANONYMOUS);
    if (answer instanceof ApiAnswer.Info info && info.authoritative() && !isShut(info, query)) {
      store.putAnswer(
          repo, at.commit(), key.name(), new Observation<>(info.body(), clock.instant()));
      memory.put(key, info.body());
    }
    return answer;
  }

  /** Whether a whole answer says that not everybody may read the repo any more. */
  private static boolean isShut(ApiAnswer.Info info, String query) {
    return info.authoritative() && info.evidence().isEmpty() && !query.contains("expand");
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
            info.body(),
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
