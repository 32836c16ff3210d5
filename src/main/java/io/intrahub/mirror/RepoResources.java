package io.intrahub.mirror;

import io.intrahub.access.Caller;
import io.intrahub.access.ReadScope;
import io.intrahub.base.Deadline;
import io.intrahub.hub.HubError;
import io.intrahub.hub.RepoId;
import io.intrahub.upstream.UpstreamResult;
import io.intrahub.upstream.hub.ApiRequest;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Reads of the API that the mirror has no use case of its own for. They are passed on; answers to
 * those of {@link RecentReads} are kept for a short time. Where the operator's rules decide, a call
 * about a repo is made in the name in which the client may read the repo, and not at all if it may
 * not. Safe for use by many threads.
 */
public final class RepoResources {
  private final RevisionResolver revisions;
  private final ApiPassThrough passThrough;
  private final RecentAnswers recent;
  private final KeptReads keptReads;
  private final MirrorSettings settings;

  /** Says which reads are kept. */
  interface KeptReads {
    /** Returns how a request is kept; empty if it is passed on each time. */
    Optional<RecentReads.Read> of(ApiRequest request);
  }

  RepoResources(
      RevisionResolver revisions,
      ApiPassThrough passThrough,
      RecentAnswers recent,
      KeptReads keptReads,
      MirrorSettings settings) {
    this.revisions = revisions;
    this.passThrough = passThrough;
    this.recent = recent;
    this.keptReads = keptReads;
    this.settings = settings;
  }

  /**
   * Answers a GET of the API that is about no single repo.
   *
   * @param target path and query, encoded
   * @param what for a person who reads the error: what was asked for
   * @param self the mirror's own base address as the client sees it, without a trailing slash
   */
  public ApiReply list(String target, ClientRequest client, String what, String self) {
    ApiRequest request = ApiRequest.get(target);
    return keptReads
        .of(request)
        .map(read ->
            recent.answer(
                read,
                new RecentQuestion(
                    request,
                    Optional.empty(),
                    client.caller(),
                    Optional.empty(),
                    client.directives(),
                    what,
                    self)))
        .orElseGet(() -> passThrough.pass(request, client, what, self));
  }

  /**
   * Passes a POST on that reads although it is a POST.
   *
   * @param target path, encoded
   * @param query what it asks for
   * @param self the mirror's own base address as the client sees it, without a trailing slash
   */
  public ApiReply describe(String target, PathsQuery query, ClientRequest client, String self) {
    ApiRequest request =
        ApiRequest.post(target, new ApiRequest.Body(PathsQuery.CONTENT_TYPE, query::writeTo));
    return passThrough.pass(request, client, target, self);
  }

  /**
   * Passes a GET of the API on.
   *
   * @param on the repo, and who asks; its revision does not matter
   * @param scope what a client must be allowed to read of the repo to be told the answer
   * @param target path and query, encoded
   * @param self the mirror's own base address as the client sees it, without a trailing slash
   */
  public ApiReply get(RevisionRequest on, ReadScope scope, String target, String self) {
    return pass(on, scope, ApiRequest.get(target), on.repo().toString(), self);
  }

  /**
   * Passes a GET of the API on without any token, if the operator's rules admit the client to the
   * repo.
   *
   * @param on the repo, and who asks; its revision does not matter
   * @param target path and query, encoded
   * @param self the mirror's own base address as the client sees it, without a trailing slash
   */
  public ApiReply getOpenly(RevisionRequest on, String target, String self) {
    String what = on.repo().toString();
    Predicate<RepoId> allowed = repo -> revisions.refusedByRules(on.about(repo)).isEmpty();
    return revisions
        .refusedByRules(on)
        .<ApiReply>map(none -> UpstreamErrors.reply(none, what))
        .orElseGet(() -> ask(on, ApiRequest.get(target).within(allowed), what, self));
  }

  /**
   * Passes a GET or HEAD of a file's text on, which is not touched.
   *
   * @param on the repo, and who asks; its revision does not matter
   * @param target path and query, encoded
   * @param what for a person who reads the error: what was asked for
   */
  public ApiReply file(RevisionRequest on, String method, String target, String what) {
    return pass(on, ReadScope.CONTENT, ApiRequest.file(method, target), what, "");
  }

  /**
   * Whether the client may read the content of the repo, where the operator's rules decide: an
   * empty object if it may. Its label says whether the Hub confirmed that, because the client may
   * be another mirror, which must not take an answer from the store for the Hub's word.
   */
  public ApiReply authCheck(RevisionRequest on) {
    return switch (resolve(on, ReadScope.CONTENT)) {
      case UpstreamResult.Value(ResolvedRevision.At at) ->
          new ApiReply.Ok(
              200,
              ApiReply.Ok.JSON,
              Optional.empty(),
              Map.of(),
              ReplyBody.of("{}".getBytes(StandardCharsets.US_ASCII), () -> {}),
              at.label().asRestricted());
      case UpstreamResult.Value(ResolvedRevision.NotKept _) ->
          new ErrorReply(HubError.repoNotFound(true), Optional.empty());
      case UpstreamResult.NoValue<ResolvedRevision> none ->
          UpstreamErrors.reply(none, on.repo().toString());
    };
  }

  private UpstreamResult<ResolvedRevision> resolve(RevisionRequest on, ReadScope scope) {
    return revisions.resolve(
        on, scope, revisions.byRepoInfo(on), Deadline.in(settings.apiTimeout()));
  }

  /**
   * Passes a call on in the name in which the client may read the repo: the client's own, or what
   * the operator's rules allow it.
   *
   * @param what for a person who reads the error: what was asked for
   * @param self the mirror's own base address as the client sees it, without a trailing slash
   */
  ApiReply pass(RevisionRequest on, ReadScope scope, ApiRequest request, String what, String self) {
    return on.caller().requester().isEmpty()
        ? ask(on, request, what, self)
        : switch (resolve(on, scope)) {
          case UpstreamResult.Value(ResolvedRevision.At at) -> {
            ApiReply reply = passAs(at, on, request, what, self);
            yield reply instanceof ErrorReply no && at.reader().isAnonymous()
                ? passAgain(on, scope, request, what, self, no)
                : reply;
          }
          case UpstreamResult.Value(ResolvedRevision.NotKept _) ->
              passAsClient(on, request, what, self);
          case UpstreamResult.NoValue<ResolvedRevision> none ->
              UpstreamErrors.reply(none, on.repo().toString());
        };
  }

  /**
   * Passes a call on again if the first refusal of it ended everybody's right to the repo, so that
   * the mirror's own token is needed from now on.
   */
  private ApiReply passAgain(
      RevisionRequest on,
      ReadScope scope,
      ApiRequest request,
      String what,
      String self,
      ErrorReply first) {
    return switch (resolve(on, scope)) {
      case UpstreamResult.Value(ResolvedRevision.At now) ->
          now.reader().isAnonymous() ? first : passAs(now, on, request, what, self);
      case UpstreamResult.Value(ResolvedRevision.NotKept _) -> first;
      case UpstreamResult.NoValue<ResolvedRevision> none ->
          UpstreamErrors.reply(none, on.repo().toString());
    };
  }

  /** Passes a call on in the name in which its repo was found to be readable. */
  ApiReply passAs(
      ResolvedRevision.At at, RevisionRequest on, ApiRequest request, String what, String self) {
    ApiRequest limited = within(on, at.repo().subject(), request);
    return keptReads
        .of(limited)
        .map(read -> recent(on, read, limited, at.reader(), () -> value(at), what, self))
        .orElseGet(() ->
            on.directives().onlyIfCached()
                ? OnlyStored.reply(what)
                : passThrough.pass(limited, at.reader(), what, self));
  }

  private static UpstreamResult<ResolvedRevision> value(ResolvedRevision.At at) {
    return new UpstreamResult.Value<>(at);
  }

  /** Makes a call, or answers from memory if the client may read the repo. */
  private ApiReply ask(RevisionRequest on, ApiRequest request, String what, String self) {
    return keptReads
        .of(request)
        .map(read ->
            recent(on, read, request, on.caller(), () -> resolve(on, read.scope()), what, self))
        .orElseGet(() -> passThrough.pass(request, on.client(), what, self));
  }

  private ApiReply recent(
      RevisionRequest on,
      RecentReads.Read read,
      ApiRequest request,
      Caller caller,
      RecentQuestion.RightToRead mayRead,
      String what,
      String self) {
    return recent.answer(
        read,
        new RecentQuestion(
            request,
            Optional.of(on.repo()),
            caller,
            Optional.of(mayRead),
            on.directives(),
            what,
            self));
  }

  /** Passes a call on in the client's own name. */
  ApiReply passAsClient(RevisionRequest on, ApiRequest request, String what, String self) {
    return passThrough.pass(within(on, on.repo(), request), on.client(), what, self);
  }

  /** The operator's rules were applied to one repo, so the call must not end at another one. */
  private static ApiRequest within(RevisionRequest on, RepoId repo, ApiRequest request) {
    return on.caller().requester().isPresent() ? request.within(repo::equals) : request;
  }
}
