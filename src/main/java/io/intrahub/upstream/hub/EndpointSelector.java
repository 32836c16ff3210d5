package io.intrahub.upstream.hub;

import io.intrahub.access.Caller;
import io.intrahub.hub.RepoId;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Chooses the endpoints that a call goes to, and tells their circuit breakers how it went. Knows
 * nothing of HTTP. Safe for use by many threads.
 */
final class EndpointSelector {
  private final List<Endpoint> endpoints;
  private final boolean offline;
  private final RetryPolicy retries;

  /**
   * Makes one.
   *
   * @param endpoints in the order of preference, at least one
   * @param offline no endpoint is ever asked
   */
  EndpointSelector(List<Endpoint> endpoints, boolean offline, RetryPolicy retries) {
    this.endpoints = endpoints;
    this.offline = offline;
    this.retries = retries;
  }

  /** One visit to one endpoint. After a failure the next endpoint may be visited. */
  interface Visitor<T> {
    UpstreamResult<T> visit(Endpoint endpoint) throws IOException;
  }

  /** As the other one, as an operation of its own, in the operator's order. */
  <T> UpstreamResult<T> visit(CallPurpose question, Caller caller, Visitor<T> visitor) {
    return visit(retries.begin(), question, caller, Optional.empty(), visitor);
  }

  /**
   * Visits the endpoints that may answer until one gives a value or a refusal, in the operator's
   * order but for one.
   *
   * @param caller with a token: only the authoritative endpoint is visited
   * @param operation that the visits are part of
   * @param last is visited when all others failed
   * @return a failure that is not worth another attempt: there were as many as may be
   */
  <T> UpstreamResult<T> visit(
      RetryPolicy.Operation operation,
      CallPurpose question,
      Caller caller,
      Optional<Endpoint> last,
      Visitor<T> visitor) {
    if (offline) {
      return new UpstreamResult.Failed<>(FailureClassifier.OFFLINE);
    }
    UpstreamFailure failure = unavailable();
    List<Endpoint> order = new ArrayList<>(endpoints);
    last.ifPresent(l -> order.sort(Comparator.comparing(l::equals)));
    for (Endpoint endpoint : order) {
      boolean mayHear = caller.isAnonymous() || endpoint.authoritative();
      if (!mayHear || !question.mayAsk(endpoint) || !endpoint.breaker().tryAcquire(question)) {
        continue;
      }
      UpstreamResult<T> result =
          retries.run(operation, () -> visitOnce(endpoint, visitor), UpstreamResult::asFailure);
      question.repo().ifPresent(repo -> count(endpoint.breaker(), repo, result.asFailure()));
      if (result.asFailure().isEmpty()) {
        return result;
      }
      failure = result.asFailure().get();
    }
    return new UpstreamResult.Failed<>(failure.asFinal());
  }

  /** What there is to say when no endpoint is asked, because none of them answered lately. */
  UpstreamFailure unavailable() {
    CircuitBreaker breaker = endpoints.getFirst().breaker();
    return new UpstreamFailure(
        UpstreamFailure.Kind.UNREACHABLE,
        breaker.reason(),
        false,
        Optional.empty(),
        breaker.needsOperator());
  }

  private static <T> UpstreamResult<T> visitOnce(Endpoint endpoint, Visitor<T> visitor) {
    try {
      return visitor.visit(endpoint);
    } catch (IOException e) {
      return new UpstreamResult.Failed<>(FailureClassifier.of(e));
    }
  }

  /** One failure for a call with all its attempts: a Hub that fails now and then is not down. */
  private static void count(
      CircuitBreaker breaker, RepoId repo, Optional<UpstreamFailure> failure) {
    if (Thread.currentThread().isInterrupted()) {
      // The call was stopped here, because its client left: that says nothing of the endpoint.
      return;
    }
    failure.ifPresentOrElse(
        f -> {
          switch (f.kind()) {
            case UNREACHABLE -> breaker.unreachable(f.reason(), f.needsOperator());
            case TIMED_OUT -> breaker.silent(repo, f.reason());
            case BROKEN, SERVER_ERROR -> breaker.troubled(repo, f.reason());
            case BUSY -> {
              // The mirror lacked memory or file descriptors: that says nothing of the endpoint.
            }
            case OFFLINE,
                RATE_LIMITED,
                UNEXPECTED_ANSWER,
                INCOMPLETE_ANSWER,
                OVER_LIMIT,
                WRONG_CONTENT ->
                breaker.answered();
          }
        },
        breaker::answered);
  }
}
