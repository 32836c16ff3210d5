package io.intrahub.upstream.hub;

import io.intrahub.access.Caller;
import io.intrahub.hub.HubTarget;
import io.intrahub.hub.HubTargetParser;
import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.UpstreamResult;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.Response;

/**
 * Makes calls of the Hub's API: follows the redirects that stay at the endpoint, except to a file,
 * and tells successes, refusals and failures apart. Safe for use by many threads.
 */
final class ApiClient {
  private final EndpointSelector endpoints;
  private final EndpointClient client;
  private final AnswerReader answers;
  private final Refusals refusals;

  /** Tells a refusal of the server from an error of somebody in between. */
  interface Refusals {
    /** Returns the refusal in this answer; empty if it is none. */
    Optional<HubRefusal> read(Response response, boolean anonymous);
  }

  ApiClient(
      EndpointSelector endpoints, EndpointClient client, AnswerReader answers, Refusals refusals) {
    this.endpoints = endpoints;
    this.client = client;
    this.answers = answers;
    this.refusals = refusals;
  }

  /**
   * An answer and where it came from.
   *
   * @param said what it says
   * @param authoritative whether it is the word of an authoritative endpoint: only then it proves
   *     anything
   * @param path of the Hub at which the call ended after redirects
   * @param grantAge of what another mirror answered from its store, as {@link MirrorLabel#grantAge}
   */
  record Answer(ApiAnswer said, boolean authoritative, String path, Optional<Duration> grantAge) {}

  /** See {@link HubUpstream#call}. */
  UpstreamResult<Answer> call(CallPurpose question, ApiRequest request, Caller caller) {
    return endpoints.visit(
        question,
        RateLimits.Quota.of(request.target()),
        caller,
        endpoint -> visit(question, endpoint, request, caller));
  }

  private UpstreamResult<Answer> visit(
      CallPurpose question, Endpoint endpoint, ApiRequest request, Caller caller)
      throws IOException {
    HttpUrl url = endpoint.url(request.target());
    for (int hop = 0; hop <= EndpointClient.MAX_HOPS; hop++) {
      Request.Builder next =
          new Request.Builder().url(url).tag(CallPurpose.Purpose.class, question.purpose());
      if (request.method().equals("HEAD")) {
        next.head();
      }
      request.body().ifPresent(body -> next.post(new SentBody(body)));
      String path = endpoint.hubPath(url);
      long sent = System.nanoTime();
      Response response = client.send(endpoint, next, caller);
      if (response.isSuccessful()) {
        boolean stale = MirrorLabel.isStale(response);
        if (stale && question.purpose().isToLearn()) {
          response.close();
          return FailureClassifier.stale();
        }
        boolean proves = endpoint.authoritative() && !stale;
        Optional<Duration> age = MirrorLabel.grantAge(response);
        return answers
            .read(response, request, caller.client(), sent)
            .map(said -> new Answer(said.from(endpoint, stale, age), proves, path, age));
      }
      try (response) {
        Optional<HttpUrl> elsewhere = client.redirect(response);
        Optional<HubTarget.ResolveFile> file =
            question.purpose() == CallPurpose.Purpose.PASS_ON && request.takesFile()
                ? elsewhere.flatMap(to -> file(endpoint, path, to))
                : Optional.empty();
        Optional<HttpUrl> target = elsewhere.filter(endpoint::owns);
        if (file.isEmpty() && target.isEmpty()) {
          return unsuccessful(endpoint, response, caller);
        }
        if (!request.mayGoTo(endpoint.hubPath(elsewhere.orElseThrow()))) {
          return FailureClassifier.permanent(FailureClassifier.RENAMED);
        }
        if (file.isPresent()) {
          boolean stale = MirrorLabel.isStale(response);
          Optional<Duration> age = MirrorLabel.grantAge(response);
          ApiAnswer said = ApiAnswer.redirectTo(file.get()).from(endpoint, stale, age);
          return new UpstreamResult.Value<>(
              new Answer(said, endpoint.authoritative() && !stale, path, age));
        }
        url = target.orElseThrow();
      }
    }
    return FailureClassifier.permanent(FailureClassifier.CIRCLE);
  }

  /**
   * The file of the Hub that a redirect leads to. Its address is not asked for: the client asks the
   * mirror for the file, as for any other. Servers that pass the Hub on often leave its own name in
   * addresses, so a file of the same repo may be under another name.
   */
  private static Optional<HubTarget.ResolveFile> file(Endpoint endpoint, String path, HttpUrl to) {
    return HubTargetParser.parse(endpoint.hubPath(to)) instanceof HubTargetParser.Target(var target)
            && target instanceof HubTarget.ResolveFile file
            && (endpoint.owns(to)
                || ApiRequest.repoOf(path).filter(file.repo()::equals).isPresent())
        ? Optional.of(file)
        : Optional.empty();
  }

  private UpstreamResult<Answer> unsuccessful(Endpoint endpoint, Response response, Caller caller) {
    Optional<HubRefusal> refusal = refusals.read(response, caller.isAnonymous());
    if (refusal.isPresent() && endpoint.authoritative()) {
      return new UpstreamResult.Refused<>(refusal.get());
    }
    return new UpstreamResult.Failed<>(FailureClassifier.of(response));
  }
}
