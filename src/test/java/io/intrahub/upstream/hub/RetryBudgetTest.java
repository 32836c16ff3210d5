package io.intrahub.upstream.hub;

import static io.intrahub.upstream.hub.UpstreamRig.REPO;
import static io.intrahub.upstream.hub.UpstreamRig.readAll;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.access.Caller;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Route;
import io.intrahub.hub.ByteRange.Span;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import io.intrahub.upstream.UpstreamResults;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The worst case of calls to the Hub, however many layers try again: counted at the Hub. */
class RetryBudgetTest {
  private static final int SIZE = 100_000;

  /** Times that a transfer opens a source that delivers nothing: {@code transfer.tries}. */
  private static final int OPENINGS = 5;

  private final DevHub hub = DevHub.builder().start();
  private final DevHub second = DevHub.builder().start();
  private final DevHub third = DevHub.builder().start();
  private final MovedTime time = new MovedTime();
  private final UpstreamRig rig =
      UpstreamRig.withTiming(time, hub.uri(), second.uri(), third.uri());

  @BeforeEach
  void fill() {
    hub.repo("model", "acme/x").commit("first", "m.bin", DevFile.lfsGenerated(9, SIZE));
  }

  @AfterEach
  void stop() {
    rig.close();
    hub.close();
    second.close();
    third.close();
  }

  private BlobSource source() {
    BlobSource source = rig.source(rig.found("m.bin", Caller.ANONYMOUS), "m.bin", Caller.ANONYMOUS);
    hub.counters().reset();
    return source;
  }

  private long requests() {
    return hub.counters().requests() + second.counters().requests() + third.counters().requests();
  }

  @Test
  void a_question_to_all_endpoints_costs_one_call_of_each_and_eight_more() {
    for (DevHub each : new DevHub[] {hub, second, third}) {
      each.faults().everywhere().status(503);
    }

    assertThat(
            UpstreamResults.failure(
                    rig.upstream().repoInfo(REPO, Optional.empty(), "", Caller.ANONYMOUS))
                .isTransient())
        .isFalse();

    assertThat(requests()).isEqualTo(3 + RetryBudget.RETRIES);
  }

  @Test
  void a_content_that_cannot_be_opened_costs_one_call_per_opening_and_eight_more() {
    BlobSource source = source();
    hub.faults().on(Route.CDN).status(503);

    for (int i = 0; i < OPENINGS; i++) {
      assertThat(source.open(Span.all(SIZE))).isInstanceOf(UpstreamResult.Failed.class);
    }

    assertThat(requests()).isEqualTo(OPENINGS + RetryBudget.RETRIES);
  }

  @Test
  void finding_the_address_and_reading_from_it_may_both_fail_all_but_once() throws IOException {
    BlobSource source = source();
    hub.expireSignatures();
    hub.faults().on(Route.RESOLVE).times(4).status(503);
    // The first is the address that has expired.
    hub.faults().on(Route.CDN).skip(1).times(4).status(503);

    assertThat(readAll(source.open(Span.all(SIZE)))).hasSize(SIZE);

    assertThat(hub.counters().requests(Route.RESOLVE)).isEqualTo(5);
    assertThat(hub.counters().requests(Route.CDN)).isEqualTo(6);
  }

  @Test
  void what_fails_after_bytes_came_is_another_failure() {
    BlobSource source = source();
    hub.faults().on(Route.CDN).times(4).status(503);
    hub.faults().on(Route.CDN).skip(4).times(1).truncate(70_000);
    assertThatThrownBy(() -> readAll(source.open(Span.all(SIZE)))).isInstanceOf(IOException.class);
    hub.faults().clear();
    hub.counters().reset();
    hub.faults().on(Route.CDN).status(503);

    for (int i = 0; i < OPENINGS; i++) {
      assertThat(source.open(Span.all(SIZE))).isInstanceOf(UpstreamResult.Failed.class);
    }

    assertThat(requests()).isEqualTo(OPENINGS + RetryBudget.RETRIES);
  }

  @Test
  void opening_a_content_waits_for_a_minute_at_most() {
    BlobSource source = source();
    hub.expireSignatures();
    Map<String, String> wait = Map.of("Retry-After", "8");
    hub.faults().on(Route.RESOLVE).times(4).status(429, wait, "");
    hub.faults().on(Route.CDN).skip(1).status(429, wait, "");

    assertThat(source.open(Span.all(SIZE))).isInstanceOf(UpstreamResult.Failed.class);

    assertThat(time.passed()).isEqualTo(Duration.ofSeconds(7 * 8)).isLessThan(RetryPolicy.TIME);
  }

  /** While it waited, the load of each other reader of the same content would stand still. */
  @Test
  void a_limit_of_a_token_is_told_at_once_to_one_who_may_have_another_token() {
    hub.token(UpstreamRig.TOKEN, "owner");
    BlobSource source =
        rig.source(rig.found("m.bin", UpstreamRig.HOLDER), "m.bin", UpstreamRig.HOLDER);
    hub.expireSignatures();
    hub.counters().reset();
    hub.faults().on(Route.RESOLVE).times(1).status(429, Map.of("Retry-After", "5"), "");
    hub.faults().on(Route.RESOLVE).skip(1).status(429, Map.of("Retry-After", "60"), "");

    UpstreamFailure brief = UpstreamResults.failure(source.openUnlessLimited(Span.all(SIZE)));
    UpstreamFailure lasting = UpstreamResults.failure(source.openUnlessLimited(Span.all(SIZE)));

    assertThat(brief.kind()).isEqualTo(UpstreamFailure.Kind.RATE_LIMITED);
    assertThat(brief.isTransient()).isTrue();
    assertThat(brief.retryAfter()).contains(Duration.ofSeconds(5));
    assertThat(lasting.isTransient()).isFalse();
    assertThat(time.passed()).isZero();
    assertThat(hub.counters().requests(Route.RESOLVE)).isEqualTo(2);
  }

  @Test
  void a_limit_without_a_token_is_that_of_all_and_waited_for() throws IOException {
    BlobSource source = source();
    hub.expireSignatures();
    hub.faults().on(Route.RESOLVE).times(1).status(429, Map.of("Retry-After", "5"), "");

    assertThat(readAll(source.openUnlessLimited(Span.all(SIZE)))).hasSize(SIZE);

    assertThat(time.passed()).isEqualTo(Duration.ofSeconds(5));
  }
}
