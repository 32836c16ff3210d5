package io.intrahub.upstream.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.access.Caller;
import io.intrahub.metrics.Meters;
import io.intrahub.policy.CallPriority;
import io.intrahub.testing.SettableClock;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Calls that wait for the probe of another one. */
class EndpointSelectorTest {
  private static final CallPurpose QUESTION = CallPurpose.learn(UpstreamRig.REPO);

  private final SettableClock clock = new SettableClock();
  private final Endpoint endpoint =
      new Endpoint(
          Endpoint.baseUrl("http://hub.invalid"),
          true,
          true,
          new CircuitBreaker(clock),
          new SilenceMonitor(Duration.ofSeconds(5), System::nanoTime));
  private final RateLimits limits = new RateLimits(clock);
  private final EndpointSelector selector =
      new EndpointSelector(
          List.of(endpoint),
          false,
          new RetryPolicy(
              new Random(1),
              Duration.ofMillis(1),
              new Meters(new SimpleMeterRegistry()),
              new MovedTime()),
          limits,
          new LastAnswers("the Hub", clock));

  private UpstreamResult<String> visit(EndpointSelector.Visitor<String> visitor) {
    return selector.visit(QUESTION, RateLimits.Quota.API, Caller.ANONYMOUS, visitor);
  }

  private static boolean isWaiting(Thread thread) {
    return thread.getState() == Thread.State.WAITING
        || thread.getState() == Thread.State.TIMED_WAITING;
  }

  @Test
  void calls_that_wait_for_a_probe_go_on_when_it_is_abandoned() throws Exception {
    open();
    clock.pass(CircuitBreaker.PROBE_PAUSE);
    CountDownLatch begun = new CountDownLatch(1);
    Thread probe =
        Thread.ofVirtual()
            .start(() ->
                visit(_ -> {
                  begun.countDown();
                  try {
                    new CountDownLatch(1).await();
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                  throw new InterruptedIOException("its client left");
                }));
    begun.await();
    List<FutureTask<UpstreamResult<String>>> calls =
        Stream.generate(
                () -> new FutureTask<>(() -> visit(_ -> new UpstreamResult.Value<>("answer"))))
            .limit(3)
            .toList();
    List<Thread> waiting = calls.stream().map(Thread.ofVirtual()::start).toList();
    await().until(() -> waiting.stream().allMatch(EndpointSelectorTest::isWaiting));

    probe.interrupt();
    for (FutureTask<UpstreamResult<String>> call : calls) {
      assertThat(call.get()).isInstanceOf(UpstreamResult.Value.class);
    }
  }

  @Test
  void a_call_that_its_client_stopped_says_nothing_of_the_endpoint() {
    open();
    clock.pass(CircuitBreaker.PROBE_PAUSE);
    UpstreamFailure broken =
        new UpstreamFailure(UpstreamFailure.Kind.BROKEN, "the connection was closed");

    selector.attempt(
        endpoint,
        CallPurpose.fetch(UpstreamRig.REPO),
        () -> {
          Thread.currentThread().interrupt();
          return broken;
        },
        Optional::of);

    assertThat(Thread.interrupted()).isTrue();
    assertThat(endpoint.breaker().isWell()).isFalse();
  }

  @Test
  void nor_does_a_call_that_was_not_sent_because_the_quota_is_used_up() {
    open();
    clock.pass(CircuitBreaker.PROBE_PAUSE);

    selector.visit(
        CallPurpose.PASSED_ON,
        RateLimits.Quota.API,
        Caller.ANONYMOUS,
        _ -> new UpstreamResult.Failed<String>(RateLimits.spent(Duration.ofMillis(5)).asFinal()));

    assertThat(endpoint.breaker().isWell()).isFalse();
  }

  @Test
  void nor_does_a_call_that_was_not_sent_because_of_an_earlier_limit() {
    open();
    clock.pass(CircuitBreaker.PROBE_PAUSE);
    Duration limit = RetryPolicy.RATE_LIMIT_WAIT.multipliedBy(2);
    limits.failed(
        endpoint,
        Caller.ANONYMOUS,
        RateLimits.Quota.API,
        QUESTION.purpose(),
        new UpstreamFailure(
            UpstreamFailure.Kind.RATE_LIMITED, "it answered 429", true, Optional.of(limit)));
    clock.pass(RetryPolicy.RATE_LIMIT_WAIT);

    UpstreamResult<String> result =
        visit(one -> {
          try (RateLimits.Call _ =
              limits.begin(one, Caller.ANONYMOUS, "/api/models/acme/x", CallPriority.CLIENT)) {
            return new UpstreamResult.Value<>("it was sent");
          }
        });

    assertThat(result).isInstanceOf(UpstreamResult.Failed.class);
    assertThat(endpoint.breaker().isWell()).isFalse();
  }

  private void open() {
    for (int i = 0; i < CircuitBreaker.FAILURES_TO_OPEN; i++) {
      endpoint.breaker().unreachable(new CircuitBreaker.Admission(), "it is scripted", false);
    }
  }
}
