package io.intrahub.upstream.hub;

import io.intrahub.access.Caller;
import io.intrahub.upstream.HubRefusal;
import java.io.IOException;
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

  ApiClient(EndpointSelector endpoints, EndpointClient client, AnswerReader answers) {
    this.endpoints = endpoints;
    this.client = client;
    this.answers = answers;
  }

  /**
   * An answer and where it came from.
   *
   * @param said what it says
   * @param authoritative whether the authoritative endpoint gave it: only then it proves anything
   */
  record Answer(ApiAnswer said, boolean authoritative) {}

  /** See {@link HubUpstream#call}. */
  Answer call(CallPurpose question, ApiRequest request, Caller caller) {
    Visit<Answer> visit =
        endpoints.visit(question, caller, endpoint -> visit(endpoint, request, caller));
    return switch (visit) {
      case Visit.Done<Answer> done -> done.result();
      case Visit.Failed<Answer> failed -> new Answer(new ApiAnswer.Failed(failed.failure()), false);
    };
  }

  private Visit<Answer> visit(Endpoint endpoint, ApiRequest request, Caller caller)
      throws IOException {
    HttpUrl url = endpoint.url(request.target());
    for (int hop = 0; hop <= EndpointClient.MAX_HOPS; hop++) {
      Request.Builder next = new Request.Builder().url(url);
      if (request.method().equals("HEAD")) {
        next.head();
      }
      request.body().ifPresent(body -> next.post(new SentBody(body)));
      long sent = System.nanoTime();
      Response response = client.send(endpoint, next, caller);
      if (response.isSuccessful()) {
        return from(endpoint, answers.read(response, request, caller.client(), sent));
      }
      try (response) {
        Optional<HttpUrl> target = client.redirect(response).filter(endpoint::owns);
        if (target.isEmpty()) {
          return unsuccessful(endpoint, response, caller);
        }
        url = target.get();
      }
    }
    return Visit.permanent(FailureClassifier.CIRCLE);
  }

  private static Visit<Answer> from(Endpoint endpoint, Visit<ApiAnswer> visit) {
    return switch (visit) {
      case Visit.Done<ApiAnswer> done ->
          new Visit.Done<>(new Answer(done.result(), endpoint.authoritative()));
      case Visit.Failed<ApiAnswer> failed -> new Visit.Failed<>(failed.failure());
    };
  }

  private static Visit<Answer> unsuccessful(Endpoint endpoint, Response response, Caller caller) {
    Optional<HubRefusal> refusal = RefusalParser.read(response, caller.isAnonymous());
    if (refusal.isPresent() && endpoint.authoritative()) {
      return new Visit.Done<>(new Answer(new ApiAnswer.Refused(refusal.get()), true));
    }
    return new Visit.Failed<>(FailureClassifier.of(response));
  }
}
