package io.intrahub.upstream.hub;

import static io.intrahub.upstream.UpstreamResults.failure;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.Caller;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.RateGroup;
import io.intrahub.devhub.Route;
import io.intrahub.hub.FilePath;
import io.intrahub.testing.SettableClock;
import io.intrahub.upstream.FirstHop;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** No call is made that the Hub has said it would refuse. */
class RateLimitsTest {
  private static final Duration WINDOW = Duration.ofMinutes(5);
  private static final int QUOTA = 12;
  private static final String FILE = "config.json";
  private static final FilePath PATH = new FilePath(FILE);

  private final SettableClock clock = new SettableClock();
  private final DevHub hub = DevHub.builder().clock(clock).start();

  /** Both times pass together. */
  private final MovedTime time =
      new MovedTime() {
        @Override
        public void sleep(long nanos) {
          super.sleep(nanos);
          clock.pass(Duration.ofNanos(nanos));
        }
      };

  private final UpstreamRig rig = UpstreamRig.withTiming(clock, time, hub.uri());

  @BeforeEach
  void fill() {
    hub.token(UpstreamRig.TOKEN, "alice");
    hub.repo("model", "acme/x").commit("Add it", Map.of(FILE, DevFile.text("{}")));
    hub.rateLimit(RateGroup.RESOLVERS, QUOTA, WINDOW);
  }

  @AfterEach
  void stop() {
    rig.close();
    hub.close();
  }

  private long calls() {
    return hub.counters().requests(Route.RESOLVE);
  }

  private long refused() {
    return hub.log().stream().filter(call -> call.status() == 429).count();
  }

  private void spend() {
    for (int i = 0; i < QUOTA; i++) {
      var _ = rig.found(FILE, Caller.ANONYMOUS);
    }
  }

  @Test
  void many_calls_at_the_same_time_are_exactly_as_many_as_are_left() throws Exception {
    var _ = rig.found(FILE, Caller.ANONYMOUS);
    List<UpstreamResult<FirstHop>> results = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<UpstreamResult<FirstHop>>> running = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        running.add(threads.submit(() -> rig.hop(FILE)));
      }
      for (Future<UpstreamResult<FirstHop>> one : running) {
        results.add(one.get());
      }
    }
    assertThat(results).filteredOn(r -> r instanceof UpstreamResult.Value).hasSize(QUOTA - 1);
    assertThat(calls()).isEqualTo(QUOTA);
    assertThat(refused()).isZero();
  }

  @Test
  void a_call_too_many_fails_with_the_time_until_the_next_window() {
    spend();
    UpstreamFailure failure = failure(rig.hop(FILE));
    assertThat(failure.kind()).isEqualTo(UpstreamFailure.Kind.RATE_LIMITED);
    assertThat(failure.reason()).isEqualTo("it allows no more requests of this site or token");
    assertThat(failure.retryAfter().orElseThrow())
        .isBetween(WINDOW.minusSeconds(1), WINDOW.plusSeconds(2));
    assertThat(time.passed()).isZero();
    assertThat(calls()).isEqualTo(QUOTA);
  }

  @Test
  void a_call_waits_for_a_window_that_begins_soon() {
    clock.pass(WINDOW.minusSeconds(5));
    spend();
    var _ = rig.found(FILE, Caller.ANONYMOUS);
    assertThat(time.passed()).isBetween(Duration.ofSeconds(5), Duration.ofSeconds(8));
    assertThat(calls()).isEqualTo(QUOTA + 1);
    assertThat(refused()).isZero();
  }

  @Test
  void the_next_window_is_as_large_as_the_one_before() {
    spend();
    clock.pass(WINDOW.plusSeconds(2));
    spend();
    assertThat(failure(rig.hop(FILE)).kind()).isEqualTo(UpstreamFailure.Kind.RATE_LIMITED);
    assertThat(refused()).isZero();
  }

  @Test
  void those_with_a_token_have_a_budget_of_their_own() {
    spend();
    var _ = rig.found(FILE, UpstreamRig.HOLDER);
    assertThat(failure(rig.hop(FILE)).kind()).isEqualTo(UpstreamFailure.Kind.RATE_LIMITED);
  }

  @Test
  void calls_of_the_api_have_a_budget_of_their_own() {
    spend();
    ApiRequest search = ApiRequest.get("/api/models?author=acme");
    assertThat(rig.upstream().call(search, Caller.ANONYMOUS))
        .isInstanceOf(UpstreamResult.Value.class);
  }

  @Test
  void cold_loads_leave_calls_for_the_question_who_may_read() {
    hub.rateLimit(RateGroup.API, 100, WINDOW);
    while (rig.upstream().learnInfo(UpstreamRig.REPO, Optional.empty(), "", Caller.ANONYMOUS)
        instanceof UpstreamResult.Value) {}
    // A question about what was never granted is none of those.
    assertThat(
            failure(rig.upstream().confirm(UpstreamRig.REPO, Optional.empty(), Caller.ANONYMOUS))
                .kind())
        .isEqualTo(UpstreamFailure.Kind.RATE_LIMITED);
    Caller granted = HubUpstream.confirming(Caller.ANONYMOUS);
    for (int i = 0; i < 2; i++) {
      assertThat(rig.upstream().confirm(UpstreamRig.REPO, Optional.empty(), granted))
          .isInstanceOf(UpstreamResult.Value.class);
    }
    assertThat(failure(rig.upstream().confirm(UpstreamRig.REPO, Optional.empty(), granted)).kind())
        .isEqualTo(UpstreamFailure.Kind.RATE_LIMITED);
    assertThat(refused()).isZero();
  }

  @Test
  void a_client_that_loads_much_leaves_calls_to_the_next_client() {
    hub.rateLimit(RateGroup.RESOLVERS, 100, WINDOW);
    Caller greedy = Caller.anonymous("10.0.0.1");
    long taken = callsUntilLimited(greedy);
    assertThat(taken).isBetween(80L, 90L);
    assertThat(callsUntilLimited(Caller.anonymous("10.0.0.2"))).isGreaterThanOrEqualTo(7);
    assertThat(failure(rig.hop(FILE, greedy)).kind()).isEqualTo(UpstreamFailure.Kind.RATE_LIMITED);
    assertThat(refused()).isZero();
    clock.pass(WINDOW.plusSeconds(2));
    assertThat(callsUntilLimited(greedy)).isEqualTo(taken);
  }

  /** The grants of those without a token are confirmed by calls of the API alone. */
  @Test
  void only_tokens_keep_resolves_for_the_question_who_may_read() {
    hub.rateLimit(RateGroup.RESOLVERS, 100, WINDOW);
    assertThat(callsUntilLimited(Caller.ANONYMOUS)).isEqualTo(100);
    assertThat(callsUntilLimited(UpstreamRig.HOLDER)).isEqualTo(98);
    Caller granted = HubUpstream.confirming(UpstreamRig.HOLDER);
    assertThat(rig.upstream().confirmByFile(UpstreamRig.REPO, UpstreamRig.MAIN, PATH, granted))
        .isInstanceOf(UpstreamResult.Value.class);
    assertThat(refused()).isZero();
  }

  @ParameterizedTest
  @CsvSource({"9, 1", "10, 0"})
  void a_client_that_made_few_calls_may_make_the_last_one(int made, int more) {
    hub.rateLimit(RateGroup.RESOLVERS, 200, WINDOW);
    Caller client = Caller.anonymous("10.0.0.1");
    for (int i = 0; i < 199; i++) {
      var _ = rig.found(FILE, i < 199 - made ? Caller.ANONYMOUS : client);
    }
    assertThat(callsUntilLimited(client)).isEqualTo(more);
    assertThat(callsUntilLimited(Caller.ANONYMOUS)).isEqualTo(1 - more);
    assertThat(refused()).isZero();
  }

  private long callsUntilLimited(Caller caller) {
    long before = calls();
    while (rig.hop(FILE, caller) instanceof UpstreamResult.Value) {}
    return calls() - before;
  }

  @Test
  void what_a_cache_in_between_tells_of_its_own_past_does_not_count() {
    hub.faults()
        .on(Route.OTHER_API)
        .status(
            200,
            Map.of(
                "RateLimit",
                "\"resolvers\";r=1;t=200",
                "Age",
                "90",
                "Content-Type",
                "application/json"),
            "[]");
    var _ = rig.found(FILE, Caller.ANONYMOUS);
    ApiRequest search = ApiRequest.get("/api/models?author=acme");
    assertThat(rig.upstream().call(search, Caller.ANONYMOUS))
        .isInstanceOf(UpstreamResult.Value.class);
    for (int i = 1; i < QUOTA; i++) {
      var _ = rig.found(FILE, Caller.ANONYMOUS);
    }
  }

  @Test
  void a_limit_under_another_name_than_the_hubs_is_not_taken_for_the_hubs() {
    hub.faults()
        .on(Route.RESOLVE)
        .when(r -> r.path().contains("odd"))
        .status(
            404,
            Map.of("RateLimit", "\"whoami\";r=0;t=200", "X-Error-Code", "EntryNotFound"),
            "{\"error\":\"Entry not found\"}");
    var _ = rig.found(FILE, Caller.ANONYMOUS);
    var _ = rig.hop("odd.txt");
    assertThat(rig.found(FILE, Caller.ANONYMOUS).blob().size()).isEqualTo(2);
  }

  @Test
  void the_operator_sees_what_is_left() {
    assertThat(rig.upstream().quotas().list()).isEmpty();
    var _ = rig.found(FILE, Caller.ANONYMOUS);
    var _ = rig.found(FILE, UpstreamRig.HOLDER);
    var _ = rig.found(FILE, UpstreamRig.HOLDER);
    assertThat(rig.upstream().quotas().list())
        .extracting(q -> q.identity() + " " + q.quota() + " " + q.left() + " of " + q.limit())
        .containsExactly("anonymous resolvers 11 of 12", "token resolvers 10 of 12");
  }
}
