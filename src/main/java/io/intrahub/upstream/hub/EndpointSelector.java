package io.intrahub.upstream.hub;

import io.intrahub.access.Caller;
import io.intrahub.base.Deadline;
import io.intrahub.hub.RepoId;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Chooses the endpoints that a call goes to, and tells their circuit breakers how it went. Knows
 * nothing of HTTP. Safe for use by many threads.
 */
final class EndpointSelector {
  /** How long a call waits for a probe: no less than clients wait for its answer. */
  private static final Duration PROBE_WAIT = Duration.ofSeconds(60);

  private final List<Endpoint> endpoints;
  private final boolean offline;
  private final RetryPolicy retries;
  private final RateLimits limits;
  private final LastAnswers lastAnswers;

  /**
   * Makes one.
   *
   * @param endpoints in the order of preference, at least one
   * @param offline no endpoint is ever asked
   * @param lastAnswers of the authoritative endpoints
   */
  EndpointSelector(
      List<Endpoint> endpoints,
      boolean offline,
      RetryPolicy retries,
      RateLimits limits,
      LastAnswers lastAnswers) {
    this.endpoints = endpoints;
    this.offline = offline;
    this.retries = retries;
    this.limits = limits;
    this.lastAnswers = lastAnswers;
  }

  /** One visit to one endpoint. After a failure the next endpoint may be visited. */
  interface Visitor<T> {
    UpstreamResult<T> visit(Endpoint endpoint) throws IOException;
  }

  /** As the other one, as an operation of its own, in the operator's order. */
  <T> UpstreamResult<T> visit(
      CallPurpose question, RateLimits.Quota quota, Caller caller, Visitor<T> visitor) {
    RetryPolicy.Operation operation = retries.begin();
    // The mirror in front waits for the end of a limit itself. If it is not told of one, it takes
    // the missing answer for an outage, in which old grants count.
    boolean isWaitedFor =
        !caller.via().isEmpty() && question.purpose() != CallPurpose.Purpose.LEARN;
    return visit(
        isWaitedFor ? operation.withoutWaitingForLimits() : operation,
        question,
        quota,
        caller,
        Optional.empty(),
        visitor);
  }

  /**
   * Visits the endpoints that may answer until one gives a value or a refusal, in the operator's
   * order but for one.
   *
   * @param quota that the call counts against: an endpoint that limits it is not visited
   * @param caller with a token: only endpoints that receive tokens are visited
   * @param operation that the visits are part of
   * @param last is visited when all others failed
   * @return a failure that is not worth another attempt: there were as many as may be. It is the
   *     last one, but for a question about a grant the first that a client may have caused.
   */
  <T> UpstreamResult<T> visit(
      RetryPolicy.Operation operation,
      CallPurpose question,
      RateLimits.Quota quota,
      Caller caller,
      Optional<Endpoint> last,
      Visitor<T> visitor) {
    if (offline) {
      return new UpstreamResult.Failed<>(FailureClassifier.OFFLINE);
    }
    UpstreamFailure failure = notAsked();
    List<Endpoint> order = new ArrayList<>(endpoints);
    last.ifPresent(l -> order.sort(Comparator.comparing(l::equals)));
    for (Endpoint endpoint : order) {
      if (!endpoint.mayHear(caller) || !question.purpose().mayAsk(endpoint)) {
        continue;
      }
      Optional<UpstreamFailure> limit =
          limits.find(endpoint, caller, quota, question.purpose().priority(caller));
      if (limit.isPresent()) {
        failure = worse(question, failure, limit.get());
        continue;
      }
      boolean mayWait =
          order.stream()
              .noneMatch(e -> !e.equals(endpoint) && e.isUsable(question.purpose(), caller));
      Optional<CircuitBreaker.Admission> admission = acquire(endpoint.breaker(), question, mayWait);
      if (admission.isEmpty()) {
        continue;
      }
      UpstreamResult<T> result =
          visitCounted(operation, question, endpoint, admission.get(), visitor);
      if (result.asFailure().isEmpty()) {
        return result;
      }
      limits.failed(endpoint, caller, quota, question.purpose(), result.asFailure().get());
      failure = worse(question, failure, result.asFailure().get());
    }
    return new UpstreamResult.Failed<>(lastAnswers.addTo(failure.asFinal()));
  }

  /**
   * The failure to report after two. An outage of one endpoint must not hide that another limits
   * the caller: the caller's old grant counts during an outage only, and the caller may have caused
   * the limit.
   */
  private static UpstreamFailure worse(
      CallPurpose question, UpstreamFailure before, UpstreamFailure last) {
    boolean keep =
        question.purpose() == CallPurpose.Purpose.CONFIRM
            && switch (before.kind()) {
              case RATE_LIMITED, BUSY, OVER_LIMIT -> true;
              default -> false;
            };
    return keep ? before : last;
  }

  /**
   * Makes one attempt at one endpoint, for a call that a first hop follows if it fails. Trouble at
   * the endpoint does not count, because that first hop counts it, with all its attempts.
   *
   * @param judge tells what failed at the endpoint itself
   * @return empty if the circuit breaker refuses the call
   */
  <R> Optional<R> attempt(
      Endpoint endpoint,
      CallPurpose question,
      RetryPolicy.Try<R> call,
      RetryPolicy.Judge<R> judge) {
    CircuitBreaker breaker = endpoint.breaker();
    Optional<CircuitBreaker.Admission> admission =
        offline ? Optional.empty() : breaker.tryAcquire(question);
    if (admission.isEmpty()) {
      return Optional.empty();
    }
    boolean isCounted = false;
    try {
      R result = timed(endpoint, question, call);
      Optional<UpstreamFailure> failure = judge.failure(result);
      boolean isStopped = Thread.currentThread().isInterrupted();
      if (!isStopped
          && question.repo().isPresent()
          && failure.filter(EndpointSelector::isTrouble).isPresent()) {
        breaker.connected(admission.get());
      } else {
        count(breaker, admission.get(), question, failure);
      }
      isCounted = true;
      noteUsable(endpoint, failure);
      return Optional.of(result);
    } finally {
      if (!isCounted) {
        breaker.abandoned(admission.get());
      }
    }
  }

  private static boolean isTrouble(UpstreamFailure failure) {
    return failure.kind() == UpstreamFailure.Kind.BROKEN
        || failure.kind() == UpstreamFailure.Kind.SERVER_ERROR;
  }

  /**
   * A refused call waits for the probe under way, if there is one: it tells whether to go on.
   *
   * @param mayWait whether no other endpoint can answer meanwhile
   */
  private static Optional<CircuitBreaker.Admission> acquire(
      CircuitBreaker breaker, CallPurpose question, boolean mayWait) {
    if (!mayWait) {
      return breaker.tryAcquireUnlessSilent(question);
    }
    Deadline deadline = Deadline.in(PROBE_WAIT);
    while (true) {
      CircuitBreaker.Entry entry = breaker.enter(question);
      if (entry.admission().isPresent() || entry.probe().isEmpty()) {
        return entry.admission();
      }
      try {
        // A probe that finds nothing out may be followed by another.
        entry.probe().get().get(deadline.left().toMillis(), TimeUnit.MILLISECONDS);
      } catch (TimeoutException | ExecutionException e) {
        return Optional.empty();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return Optional.empty();
      }
    }
  }

  private <T> UpstreamResult<T> visitCounted(
      RetryPolicy.Operation operation,
      CallPurpose question,
      Endpoint endpoint,
      CircuitBreaker.Admission admission,
      Visitor<T> visitor) {
    boolean isCounted = false;
    try {
      UpstreamResult<T> result =
          retries.run(
              operation,
              () ->
                  timed(endpoint, question, () -> visitOnce(endpoint, visitor))
                      .mapFailure(
                          f -> endpoint.authoritative() ? lastAnswers.attempted(f, question) : f),
              UpstreamResult::asFailure);
      count(endpoint.breaker(), admission, question, result.asFailure());
      isCounted = true;
      noteUsable(endpoint, result.asFailure());
      return result;
    } finally {
      if (!isCounted) {
        endpoint.breaker().abandoned(admission);
      }
    }
  }

  private void noteUsable(Endpoint endpoint, Optional<UpstreamFailure> failure) {
    if (endpoint.authoritative() && failure.isEmpty()) {
      lastAnswers.gotUsable();
    }
  }

  /** Whether there is more than one endpoint. */
  boolean hasSeveral() {
    return endpoints.size() > 1;
  }

  /** What there is to say when no endpoint is asked, because none of them answered lately. */
  UpstreamFailure unavailable() {
    return lastAnswers.addTo(notAsked());
  }

  private UpstreamFailure notAsked() {
    CircuitBreaker breaker =
        endpoints.stream().filter(Endpoint::authoritative).findFirst().orElseThrow().breaker();
    return new UpstreamFailure(
        UpstreamFailure.Kind.UNREACHABLE,
        breaker.reason(),
        false,
        Optional.empty(),
        breaker.needsOperator(),
        breaker.isMute());
  }

  /** So that the breaker knows of the mirror's own calls that wait, before their time-out. */
  private static <R> R timed(Endpoint endpoint, CallPurpose question, RetryPolicy.Try<R> call) {
    if (question.repo().isEmpty()) {
      return call.make();
    }
    CircuitBreaker.Attempt attempt = endpoint.breaker().began();
    try {
      return call.make();
    } finally {
      endpoint.breaker().ended(attempt);
    }
  }

  private static <T> UpstreamResult<T> visitOnce(Endpoint endpoint, Visitor<T> visitor) {
    try {
      return visitor.visit(endpoint);
    } catch (IOException e) {
      return new UpstreamResult.Failed<>(FailureClassifier.of(e));
    }
  }

  /** Whether the mirror did not make the call, so that it says nothing of the endpoint. */
  private static boolean isUnsent(UpstreamFailure failure) {
    return failure.kind() == UpstreamFailure.Kind.BUSY || failure.isUnsent();
  }

  /** One failure for a call with all its attempts: a Hub that fails now and then is not down. */
  private static void count(
      CircuitBreaker breaker,
      CircuitBreaker.Admission admission,
      CallPurpose question,
      Optional<UpstreamFailure> failure) {
    if (Thread.currentThread().isInterrupted()) {
      // The call was stopped here, because its client left: that says nothing of the endpoint.
      breaker.abandoned(admission);
      return;
    }
    if (question.repo().isEmpty()) {
      boolean connected =
          failure.filter(f -> f.kind() == UpstreamFailure.Kind.UNREACHABLE).isEmpty();
      if (failure.filter(EndpointSelector::isUnsent).isPresent()) {
        breaker.abandoned(admission);
      } else {
        breaker.passedOn(admission, connected);
      }
      return;
    }
    RepoId repo = question.repo().get();
    failure.ifPresentOrElse(
        f -> {
          switch (f.kind()) {
            case UNREACHABLE -> breaker.unreachable(admission, f.reason(), f.needsOperator());
            case TIMED_OUT -> breaker.silent(admission, repo, f.reason());
            case BROKEN, SERVER_ERROR -> breaker.troubled(admission, repo, f.reason());
            // The mirror lacked memory or file descriptors: that says nothing of the endpoint.
            case BUSY -> breaker.abandoned(admission);
            case RATE_LIMITED -> {
              if (f.isUnsent()) {
                breaker.abandoned(admission);
              } else {
                breaker.answered();
              }
            }
            case OFFLINE,
                STALE_ANSWER,
                CIRCULAR,
                UNEXPECTED_ANSWER,
                INCOMPLETE_ANSWER,
                NO_REPO_INFO,
                OVER_LIMIT,
                WRONG_CONTENT ->
                breaker.answered();
          }
        },
        breaker::answered);
  }
}
