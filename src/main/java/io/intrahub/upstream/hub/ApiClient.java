package io.intrahub.upstream.hub;

import io.intrahub.access.Caller;
import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.UpstreamResult;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.Response;

/**
 * Makes calls of the Hub's API: follows the redirects that stay at the endpoint, and tells
 * successes, refusals and failures apart. Safe for use by many threads.
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
        Optional<HttpUrl> target = client.redirect(response).filter(endpoint::owns);
        if (target.isEmpty()) {
          return unsuccessful(endpoint, response, caller);
        }
        url = target.get();
        if (!request.mayGoTo(endpoint.hubPath(url))) {
          return FailureClassifier.permanent(FailureClassifier.RENAMED);
        }
      }
    }
    return FailureClassifier.permanent(FailureClassifier.CIRCLE);
  }

  private UpstreamResult<Answer> unsuccessful(Endpoint endpoint, Response response, Caller caller) {
    Optional<HubRefusal> refusal = refusals.read(response, caller.isAnonymous());
    if (refusal.isPresent() && endpoint.authoritative()) {
      return new UpstreamResult.Refused<>(refusal.get());
    }
    return new UpstreamResult.Failed<>(FailureClassifier.of(response));
  }
}
