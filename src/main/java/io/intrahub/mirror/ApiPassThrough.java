package io.intrahub.mirror;

import io.intrahub.access.Caller;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.HeaderNames;
import io.intrahub.hub.LinkHeader;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import io.intrahub.upstream.hub.ApiAnswer;
import io.intrahub.upstream.hub.ApiRequest;
import io.intrahub.upstream.hub.ApiUpstream;
import java.util.Map;
import java.util.Optional;

/**
 * Calls that the mirror does not answer itself: passed on with the client's own token, not kept,
 * and streamed, so that an answer of any length needs little memory. Absolute links of the Hub are
 * made to lead to the mirror, because clients follow them with their token. Safe for use by many
 * threads.
 */
final class ApiPassThrough {
  private final ApiUpstream upstream;
  private final RevisionResolver revisions;
  private final ColdQuestionLimiter questions;

  ApiPassThrough(ApiUpstream upstream, RevisionResolver revisions, ColdQuestionLimiter questions) {
    this.upstream = upstream;
    this.revisions = revisions;
    this.questions = questions;
  }

  /**
   * Passes a call on in the client's own name.
   *
   * @param what for a person who reads the error: what was asked for
   * @param self the mirror's own base address as the client sees it, without a trailing slash
   */
  ApiReply pass(ApiRequest request, ClientRequest client, String what, String self) {
    return client.directives().onlyIfCached()
        ? OnlyStored.reply(what)
        : pass(request, client.caller(), what, self);
  }

  /**
   * Passes a call on.
   *
   * @param what for a person who reads the error: what was asked for
   * @param self the mirror's own base address as the client sees it, without a trailing slash
   */
  ApiReply pass(ApiRequest request, Caller caller, String what, String self) {
    Optional<UpstreamFailure> tooMany = questions.charge(caller);
    if (tooMany.isPresent()) {
      return UpstreamErrors.reply(tooMany.get(), what);
    }
    return switch (upstream.call(request, caller)) {
      case UpstreamResult.Value(var ok) -> {
        if (caller.hasOwnToken()) {
          questions.refund(caller);
        }
        yield reply(ok, request, caller, what, self);
      }
      case UpstreamResult.Refused<ApiAnswer> refused -> {
        // One client chose the target, and the mirror's own grant is that of all clients.
        if (caller.requester().isEmpty() && upstream.decidesAccess()) {
          revisions.refusedInPassing(request.repo(), refused.refusal(), caller);
        }
        yield UpstreamErrors.reply(refused, what);
      }
      case UpstreamResult.Failed<ApiAnswer> failed -> UpstreamErrors.reply(failed, what);
    };
  }

  /** The link to the next page of a list leads to another server than the Hub. */
  static UpstreamFailure endIsElsewhere() {
    return new UpstreamFailure(
        UpstreamFailure.Kind.UNEXPECTED_ANSWER, "the link to the rest of the list leads elsewhere");
  }

  private ApiReply reply(
      ApiAnswer ok, ApiRequest request, Caller caller, String what, String self) {
    Map<String, String> headers;
    if (request.isFile()) {
      headers =
          ok.header("content-length")
              .map(l -> Map.of(HeaderNames.CONTENT_LENGTH, l))
              .orElse(Map.of());
    } else {
      headers = ApiReplies.shownHeaders(ok);
      switch (upstream.nextPage(ok, request.target())) {
        case ApiUpstream.NextPage.None _ -> {}
        case ApiUpstream.NextPage.At next ->
            headers.put(HeaderNames.LINK, LinkHeader.ofNext(self + next.target()));
        case ApiUpstream.NextPage.Elsewhere _ -> {
          ok.body().close();
          // A list without its end must not look whole.
          return UpstreamErrors.reply(endIsElsewhere(), what);
        }
      }
    }
    return new ApiReply.Ok(
        ok.status(),
        ok.header("content-type").orElse("application/octet-stream"),
        ok.header("x-repo-commit").flatMap(CommitHash::parse),
        headers,
        ApiReplies.passedOn(ok.body(), request.links(upstream.origin(ok) + "/", self + "/")),
        CacheLabel.passedOn(ok.stale(), ok.grantAge(), caller));
  }
}
