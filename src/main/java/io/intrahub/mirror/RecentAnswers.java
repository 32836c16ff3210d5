package io.intrahub.mirror;

import io.intrahub.access.Authority;
import io.intrahub.access.Caller;
import io.intrahub.base.Deadline;
import io.intrahub.base.MemoryBudget;
import io.intrahub.base.SingleFlight;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.HeaderNames;
import io.intrahub.hub.LinkHeader;
import io.intrahub.hub.json.JsonFilter;
import io.intrahub.hub.json.MalformedJsonException;
import io.intrahub.metrics.Meters;
import io.intrahub.policy.Freshness;
import io.intrahub.policy.Lifetime;
import io.intrahub.policy.UpstreamState;
import io.intrahub.upstream.BrokenAnswerException;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import io.intrahub.upstream.hub.ApiAnswer;
import io.intrahub.upstream.hub.ApiBody;
import io.intrahub.upstream.hub.ApiRequest;
import io.intrahub.upstream.hub.ApiUpstream;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * Searches and other lists of {@link RecentReads}, which are kept in memory for a short time, and
 * served at a greater age while upstream gives no answer. An answer is kept for the authority in
 * whose name upstream was asked, and for nobody else. An answer about a repo is served from memory
 * only to a client that may read the repo at that time. What is too large for memory is passed on.
 *
 * <p>Safe for use by many threads.
 */
final class RecentAnswers {
  /** An answer with more bytes is passed on; so is one that would fill much of the cache. */
  private static final int MAX_BYTES = 4 << 20;

  private static final int CACHE_SHARE = 4;

  private final ApiPassThrough passThrough;
  private final ApiUpstream upstream;
  private final RevisionResolver revisions;
  private final ColdQuestionLimiter questions;
  private final MemoryBudget budget;
  private final Meters meters;
  private final MirrorSettings settings;
  private final int maxBytes;
  private final SingleFlight<AnswerMemory.Key, UpstreamResult<Fetched>> flights;
  private final AnswerMemory memory;

  /**
   * An answer that was asked for just now.
   *
   * @param isKept whether it may be given to the next client of the same authority
   * @param isStale whether another mirror gave it because it could not ask the Hub
   */
  private record Fetched(HeldAnswer held, boolean isKept, boolean isStale) {}

  RecentAnswers(
      ApiPassThrough passThrough,
      ApiUpstream upstream,
      RevisionResolver revisions,
      ColdQuestionLimiter questions,
      MemoryBudget budget,
      Meters meters,
      MirrorSettings settings,
      AnswerMemory memory,
      Executor executor) {
    this.passThrough = passThrough;
    this.upstream = upstream;
    this.revisions = revisions;
    this.questions = questions;
    this.budget = budget;
    this.meters = meters;
    this.settings = settings;
    this.maxBytes = (int) Math.min(MAX_BYTES, memory.bytes() / CACHE_SHARE);
    this.flights = new SingleFlight<>(executor);
    this.memory = memory;
  }

  /** Answers a read of {@link RecentReads} from memory or from upstream. */
  ApiReply answer(RecentReads.Read read, RecentQuestion asked) {
    AnswerMemory.Key key =
        new AnswerMemory.Key(read.question(), asked.about(), asked.caller().authority());
    Optional<HeldAnswer> held = memory.get(key);
    Optional<UpstreamResult<ResolvedRevision>> right =
        held.filter(HeldAnswer.Whole.class::isInstance)
            .flatMap(_ -> asked.mayRead())
            .map(RecentQuestion.RightToRead::resolve);
    return switch (right.orElse(null)) {
      case UpstreamResult.Value(ResolvedRevision.At at)
          when !Optional.of(at.repo().subject()).equals(key.repo()) -> {
        // It was asked for under an old name, which may be another repo's some day.
        memory.remove(key);
        yield pass(asked);
      }
      case UpstreamResult.Value(ResolvedRevision.At at) ->
          // To find out who may read it may have shown that it is another repo now.
          answer(key, memory.get(key), at.label().removed(), asked);
      case UpstreamResult.Value(ResolvedRevision.NotKept _) -> pass(asked);
      case UpstreamResult.NoValue<ResolvedRevision> none ->
          UpstreamErrors.reply(none, asked.what());
      case null -> answer(key, held, Optional.empty(), asked);
    };
  }

  private ApiReply answer(
      AnswerMemory.Key key,
      Optional<HeldAnswer> held,
      Optional<Instant> removed,
      RecentQuestion asked) {
    Freshness.Decision decision =
        Freshness.decide(
            revisions.now(),
            held.map(HeldAnswer::learnedAt),
            lifetime(key.as()),
            removed.isPresent() ? UpstreamState.OFFLINE : upstream.state(key.as()),
            asked.directives().withoutMaxStale());
    if (held.isPresent() && decision.servesAtOnce()) {
      return switch (held.get()) {
        case HeldAnswer.TooLarge _ -> pass(asked);
        case HeldAnswer.Whole known -> {
          meters.answered(Meters.Kind.ANSWER, Meters.Level.MEMORY);
          boolean stale = decision == Freshness.Decision.SERVE_STALE || removed.isPresent();
          yield fromMemory(known, stale, removed, asked);
        }
      };
    }
    // An answer that is too old counts for nothing, whatever upstream says now.
    Optional<HeldAnswer.Whole> fallback =
        held.filter(_ -> decision == Freshness.Decision.REVALIDATE)
            .filter(HeldAnswer.Whole.class::isInstance)
            .map(HeldAnswer.Whole.class::cast);
    return ask(key, fallback, asked);
  }

  private Lifetime lifetime(Authority authority) {
    MirrorSettings.Lists lists = settings.lists();
    return new Lifetime(
        lists.ttl(),
        lists.ttl(),
        Duration.ZERO,
        authority instanceof Authority.Anonymous
            ? lists.staleForAnonymous()
            : lists.staleForToken());
  }

  private ApiReply ask(
      AnswerMemory.Key key, Optional<HeldAnswer.Whole> fallback, RecentQuestion asked) {
    if (asked.directives().onlyIfCached()) {
      return OnlyStored.reply(asked.what());
    }
    meters.answered(Meters.Kind.ANSWER, Meters.Level.UPSTREAM);
    ColdQuestionLimiter.Admission admission = questions.admission(asked.caller());
    Duration patience = fallback.isPresent() ? settings.staleTimeout() : settings.apiTimeout();
    Deadline deadline = Deadline.in(patience);
    MemoryBudget.Reservation arrived = budget.reservation(asked.caller().client());
    Optional<CompletableFuture<UpstreamResult<Fetched>>> question = Optional.empty();
    try {
      Optional<UpstreamResult<Fetched>> learned;
      do {
        question = flights.join(key, admission::begin, () -> fetch(key, asked, arrived));
        if (question.isEmpty()) {
          return UpstreamErrors.reply(admission.refusal(), asked.what());
        }
        learned = BoundedWait.until(question.get(), deadline.left());
        // Another client's question may have failed because of that client.
      } while (learned.filter(UpstreamResult::isFailureOfBeginner).isPresent()
          && !admission.isBegun()
          && !deadline.left().isZero());
      UpstreamResult<Fetched> result =
          learned.orElseGet(
              () -> new UpstreamResult.Failed<>(UpstreamErrors.timedOut(upstream, patience)));
      return reply(result, key, fallback, admission, asked);
    } finally {
      // The question goes on when nobody waits for it any longer.
      question.ifPresent(flight -> {
        var _ = flight.whenComplete((_, _) -> arrived.close());
      });
    }
  }

  private ApiReply reply(
      UpstreamResult<Fetched> result,
      AnswerMemory.Key key,
      Optional<HeldAnswer.Whole> fallback,
      ColdQuestionLimiter.Admission admission,
      RecentQuestion asked) {
    return switch (result) {
      case UpstreamResult.Value(Fetched(HeldAnswer.TooLarge _, var _, var _)) -> {
        admission.refund();
        yield pass(asked);
      }
      case UpstreamResult.Value(Fetched(HeldAnswer.Whole answer, var isKept, var isStale)) -> {
        if (isKept && admission.isBegun()) {
          // The right to read it is learned now, so that the next answer needs no call for it.
          asked.mayRead().ifPresent(RecentQuestion.RightToRead::resolve);
        }
        if (asked.caller().hasOwnToken()) {
          admission.refund();
        }
        CacheLabel label = CacheLabel.passedOn(isStale, Optional.empty(), asked.caller());
        yield show(answer, isKept ? label.from(CacheLabel.Source.MISS) : label, asked);
      }
      case UpstreamResult.Failed(var failure)
          when fallback.isPresent() && isReplaced(failure, key.as()) ->
          fromMemory(fallback.get(), true, Optional.empty(), asked);
      case UpstreamResult.Failed(var failure) when isOfRedirect(failure, asked) -> pass(asked);
      case UpstreamResult.NoValue<Fetched> none -> UpstreamErrors.reply(none, asked.what());
    };
  }

  /**
   * Whether the last known answer is given in place of this failure. A client can cause a limit of
   * its own token, and must not gain by that.
   */
  private static boolean isReplaced(UpstreamFailure failure, Authority authority) {
    return switch (failure.kind()) {
      case OFFLINE, UNREACHABLE, TIMED_OUT, BROKEN, SERVER_ERROR, STALE_ANSWER -> true;
      case RATE_LIMITED, UNEXPECTED_ANSWER, INCOMPLETE_ANSWER, NO_REPO_INFO ->
          authority instanceof Authority.Anonymous;
      case CIRCULAR, BUSY, OVER_LIMIT, WRONG_CONTENT -> false;
    };
  }

  /** Whether the call may have ended because it was redirected to a repo of another name. */
  private static boolean isOfRedirect(UpstreamFailure failure, RecentQuestion asked) {
    return asked.request().within().isPresent()
        && failure.kind() == UpstreamFailure.Kind.UNEXPECTED_ANSWER;
  }

  private ApiReply pass(RecentQuestion asked) {
    return asked.directives().onlyIfCached()
        ? OnlyStored.reply(asked.what())
        : passThrough.pass(asked.request(), asked.caller(), asked.what(), asked.self());
  }

  /**
   * Asks upstream.
   *
   * @param arrived has the bytes of the answer afterwards
   */
  private UpstreamResult<Fetched> fetch(
      AnswerMemory.Key key, RecentQuestion asked, MemoryBudget.Reservation arrived) {
    try (AnswerMemory.Question question = memory.begin(key)) {
      return fetch(key, question, asked, arrived);
    }
  }

  private UpstreamResult<Fetched> fetch(
      AnswerMemory.Key key,
      AnswerMemory.Question question,
      RecentQuestion asked,
      MemoryBudget.Reservation arrived) {
    Instant began = revisions.now();
    Caller caller = asked.caller();
    // Rules may admit the next client to this repo and not to the one that a redirect leads to.
    ApiRequest request =
        asked.request().within().isPresent() ? asked.request().within(_ -> false) : asked.request();
    UpstreamResult<ApiAnswer> said = upstream.call(request, caller);
    if (said instanceof UpstreamResult.Refused(var refusal)) {
      memory.remove(key);
      if (caller.requester().isEmpty() && upstream.decidesAccess()) {
        revisions.refusedInPassing(request.repo(), refusal, caller);
      } else if (refusal.isOfToken() && upstream.decidesAccess()) {
        memory.forget(key.as());
      }
    }
    return said.flatMap(ok -> {
      try (ApiBody body = ok.body()) {
        return read(ok, body, request, began, arrived)
            .map(held -> {
              arrived.shrink(arrived.bytes() - held.weight());
              boolean isKept = ok.authoritative() && isKept(ok) && question.keep(held);
              // Another repo may have the name now: each client that waits asks about that one.
              HeldAnswer told = question.isForgotten() ? new HeldAnswer.TooLarge(began) : held;
              return new Fetched(told, isKept, ok.stale());
            });
      } catch (BrokenAnswerException e) {
        return new UpstreamResult.Failed<>(e.failure());
      }
    });
  }

  private static boolean isKept(ApiAnswer ok) {
    return ok.status() == 200 || ok.status() == 302;
  }

  private UpstreamResult<HeldAnswer> read(
      ApiAnswer ok,
      ApiBody body,
      ApiRequest request,
      Instant began,
      MemoryBudget.Reservation arrived)
      throws BrokenAnswerException {
    Optional<String> next = Optional.empty();
    switch (upstream.nextPage(ok, request.target())) {
      case ApiUpstream.NextPage.None _ -> {}
      case ApiUpstream.NextPage.At page -> next = Optional.of(page.target());
      case ApiUpstream.NextPage.Elsewhere _ -> {
        // A list without its end must not look whole.
        return new UpstreamResult.Failed<>(ApiPassThrough.endIsElsewhere());
      }
    }
    try {
      Optional<byte[]> whole =
          new PrefixBuffer(arrived, maxBytes)
              .tryWhole(out -> body.copyTo(out, JsonFilter.Links.KEPT));
      if (whole.isPresent()) {
        return new UpstreamResult.Value<>(
            new HeldAnswer.Whole(
                ok.status(),
                ok.header("content-type").orElse("application/octet-stream"),
                ok.header("x-repo-commit").flatMap(CommitHash::parse),
                next,
                ApiReplies.shownHeaders(ok),
                upstream.origin(ok),
                whole.get(),
                began));
      }
    } catch (BrokenAnswerException e) {
      throw e;
    } catch (IOException e) {
      // There is no memory for all of it now. A part at a time needs less.
    }
    return new UpstreamResult.Value<>(new HeldAnswer.TooLarge(began));
  }

  private ApiReply fromMemory(
      HeldAnswer.Whole answer, boolean stale, Optional<Instant> removed, RecentQuestion asked) {
    Duration age = Duration.between(answer.learnedAt(), revisions.now());
    CacheLabel label =
        new CacheLabel(
            CacheLabel.Source.HIT,
            Optional.of(settings.lists().ttl().minus(age)),
            Optional.of(age.isNegative() ? Duration.ZERO : age),
            stale,
            true);
    return show(answer, removed.map(label::withRemoved).orElse(label), asked);
  }

  private ApiReply show(HeldAnswer.Whole answer, CacheLabel label, RecentQuestion asked) {
    Map<String, String> headers = new HashMap<>(answer.headers());
    answer
        .nextPage()
        .ifPresent(next -> headers.put(HeaderNames.LINK, LinkHeader.ofNext(asked.self() + next)));
    MemoryBudget.Reservation reservation = budget.reservation(asked.caller().client());
    boolean isTaken = false;
    try {
      byte[] body = answer.body();
      if (answer.isJson()) {
        // The text is written anew, so that its links lead to the mirror as this client names it.
        reservation.grow(2L * body.length);
        body =
            JsonFilter.withoutXet(
                body, new JsonFilter.Links(answer.origin() + "/", asked.self() + "/"));
      } else {
        reservation.grow(body.length);
      }
      isTaken = true;
      return new ApiReply.Ok(
          answer.status(),
          answer.contentType(),
          answer.commit(),
          Map.copyOf(headers),
          ReplyBody.of(body, reservation::close),
          label);
    } catch (IOException e) {
      return ApiReplies.overloaded();
    } catch (MalformedJsonException e) {
      throw new IllegalStateException("an answer that was checked is no JSON", e);
    } finally {
      if (!isTaken) {
        reservation.close();
      }
    }
  }
}
