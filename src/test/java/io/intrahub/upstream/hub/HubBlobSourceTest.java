package io.intrahub.upstream.hub;

import static io.intrahub.upstream.UpstreamResults.refusal;
import static io.intrahub.upstream.UpstreamResults.value;
import static io.intrahub.upstream.hub.UpstreamRig.HOLDER;
import static io.intrahub.upstream.hub.UpstreamRig.readAll;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.intrahub.access.Caller;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.FaultRule;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import io.intrahub.devhub.Visibility;
import io.intrahub.hub.ByteRange.Span;
import io.intrahub.testing.SettableClock;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.FirstHop;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import io.intrahub.upstream.UpstreamResults;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The bytes of a file: exactly those that were asked for, or a failure. */
class HubBlobSourceTest {
  private static final int SIZE = 100_000;

  private final DevHub hub = DevHub.builder().start();
  private final SettableClock clock = new SettableClock();
  private final UpstreamRig rig = UpstreamRig.to(clock, hub.uri());
  private final DevFile large = DevFile.lfsGenerated(9, SIZE);
  private final DevFile small = DevFile.text("hello");
  private final byte[] bytes = large.allBytes();
  private DevRepo repo;
  private BlobSource source;

  @BeforeEach
  void fill() {
    hub.token(UpstreamRig.TOKEN, "alice");
    repo = hub.repo("model", "acme/x");
    repo.commit("first", Map.of("m.bin", large, "c.json", small));
    source = rig.source(rig.found("m.bin", Caller.ANONYMOUS), "m.bin", Caller.ANONYMOUS);
    hub.counters().reset();
  }

  @AfterEach
  void stop() {
    rig.close();
    hub.close();
  }

  private byte[] part(Span span) {
    return Arrays.copyOfRange(bytes, (int) span.offset(), (int) span.end());
  }

  private static UpstreamFailure.Kind failure(UpstreamResult<BlobSource.Opened> opening) {
    assertThat(opening).isInstanceOf(UpstreamResult.Failed.class);
    return UpstreamResults.failure(opening).kind();
  }

  @Test
  void the_get_after_the_head_needs_no_second_hop() throws IOException {
    assertThat(readAll(source.open(Span.all(SIZE)))).isEqualTo(bytes);
    Span span = new Span(500, 7_000);
    assertThat(readAll(source.open(span))).isEqualTo(part(span));
    assertThat(hub.counters().requests(Route.RESOLVE)).isZero();
    assertThat(hub.counters().requests(Route.CDN)).isEqualTo(2);
  }

  /** Whatever spoiled the bytes may sit on the old way: a proxy, a bad address. */
  @Test
  void after_wrong_bytes_another_connection_and_a_new_address_are_used() throws IOException {
    readAll(source.open(Span.all(SIZE)));
    readAll(source.open(new Span(1, 5)));
    source.reportWrongContent();
    readAll(source.open(new Span(2, 5)));

    List<Recorded> reads = hub.log().stream().filter(r -> r.route() == Route.CDN).toList();
    assertThat(reads.get(1).clientPort()).isEqualTo(reads.get(0).clientPort());
    assertThat(reads.get(2).clientPort()).isNotEqualTo(reads.get(0).clientPort());
    assertThat(hub.counters().requests(Route.RESOLVE)).isEqualTo(1);
  }

  @Test
  void a_regular_file_comes_from_its_second_hop() throws IOException {
    BlobSource regular =
        rig.source(rig.found("c.json", Caller.ANONYMOUS), "c.json", Caller.ANONYMOUS);
    assertThat(readAll(regular.open(Span.all(5)))).isEqualTo(small.allBytes());
    assertThat(readAll(regular.open(new Span(1, 3)))).isEqualTo("ell".getBytes());
  }

  @Test
  void an_address_that_has_expired_is_made_anew_once() throws IOException {
    hub.expireSignatures();
    Span rest = new Span(60_000, 40_000);
    assertThat(readAll(source.open(rest))).isEqualTo(part(rest));
    assertThat(hub.counters().requests(Route.CDN)).isEqualTo(2);
    assertThat(hub.counters().requests(Route.RESOLVE)).isEqualTo(1);
    assertThat(readAll(source.open(rest))).isEqualTo(part(rest));
    assertThat(hub.counters().requests(Route.RESOLVE)).isEqualTo(1);
  }

  /** Nor is the new one, by a clock that is so far ahead; it must be used all the same. */
  @Test
  void an_address_that_seems_expired_is_not_tried_but_a_new_one_is() throws IOException {
    clock.pass(Duration.ofDays(300));
    assertThat(readAll(source.open(Span.all(SIZE)))).isEqualTo(bytes);
    assertThat(hub.counters().requests(Route.CDN)).isEqualTo(1);
    assertThat(hub.counters().requests(Route.RESOLVE)).isEqualTo(1);
  }

  @Test
  void an_address_that_is_refused_again_is_not_asked_for_for_ever() {
    hub.faults().on(Route.CDN).status(403);
    assertThat(failure(source.open(Span.all(SIZE))))
        .isEqualTo(UpstreamFailure.Kind.UNEXPECTED_ANSWER);
    assertThat(hub.counters().requests(Route.CDN)).isEqualTo(2);
    assertThat(hub.counters().requests(Route.RESOLVE)).isEqualTo(1);
  }

  @Test
  void a_repo_that_was_closed_meanwhile_is_a_refusal() {
    repo.visibility(Visibility.PRIVATE);
    hub.expireSignatures();
    UpstreamResult<BlobSource.Opened> opening = source.open(Span.all(SIZE));
    assertThat(opening).isInstanceOf(UpstreamResult.Refused.class);
    assertThat(refusal(opening).isOfRepo()).isTrue();
  }

  @Test
  void another_content_under_the_same_commit_is_a_failure() {
    hub.expireSignatures();
    hub.faults().on(Route.RESOLVE).changedEtag("0".repeat(64));
    assertThat(failure(source.open(Span.all(SIZE))))
        .isEqualTo(UpstreamFailure.Kind.UNEXPECTED_ANSWER);
  }

  @Test
  void a_200_to_a_range_is_read_up_to_the_range() throws IOException {
    hub.faults().on(Route.CDN).ignoreRange();
    Span span = new Span(90_000, 5_000);
    assertThat(readAll(source.open(span))).isEqualTo(part(span));
  }

  /** A range near the end of a large file would be known to be none only when all of it came. */
  @Test
  void a_200_to_a_range_is_told_before_what_lies_before_it_has_come() throws Exception {
    hub.faults().on(Route.CDN).ignoreRange();
    Stall stall = hub.faults().on(Route.CDN).stallAfter(1_000);
    UpstreamResult<BlobSource.Opened> opening = source.open(new Span(90_000, 5_000));
    assertThat(value(opening).ranged()).as("ranged").isFalse();
    stall.awaitReached(1);

    BlobSource.Stream stream = value(opening).stream();
    CompletableFuture<Throwable> waiting =
        CompletableFuture.supplyAsync(() -> catchThrowable(stream::await));
    stream.abort();
    assertThat(waiting.get(10, TimeUnit.SECONDS)).isInstanceOf(IOException.class);
    stream.close();
    stall.release();
  }

  @Test
  void a_body_in_chunks_is_read() throws IOException {
    hub.faults().on(Route.CDN).noLength();
    assertThat(readAll(source.open(Span.all(SIZE)))).isEqualTo(bytes);
  }

  static Consumer<FaultRule>[] strangeAnswers() {
    @SuppressWarnings({"unchecked", "rawtypes"})
    Consumer<FaultRule>[] all =
        new Consumer[] {
          (Consumer<FaultRule>) FaultRule::gzip,
          (Consumer<FaultRule>) FaultRule::loginPage,
          (Consumer<FaultRule>) rule -> rule.wrongLength(SIZE - 1),
          (Consumer<FaultRule>) rule -> rule.extraBytes(1),
          (Consumer<FaultRule>) rule -> rule.status(416),
          (Consumer<FaultRule>) rule -> rule.status(304),
          (Consumer<FaultRule>) rule -> rule.status(204),
          (Consumer<FaultRule>)
              rule -> rule.status(206, Map.of("Content-Range", "bytes 0-4/100000"), "hello"),
          (Consumer<FaultRule>) rule -> rule.status(206, Map.of(), "hello"),
        };
    return all;
  }

  @ParameterizedTest
  @MethodSource("strangeAnswers")
  void what_is_not_what_was_announced_is_a_failure(Consumer<FaultRule> fault) {
    fault.accept(hub.faults().on(Route.CDN));
    assertThat(failure(source.open(Span.all(SIZE))))
        .isEqualTo(UpstreamFailure.Kind.UNEXPECTED_ANSWER);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "bytes 0-9/100000", "bytes 10-18/100000", "bytes 10-19/99999", "bytes 10-19/*",
        "bytes */100000", "items 10-19/100000", "bytes 10-19", "bytes 10-19/100000000000000000000"
      })
  void another_range_than_was_asked_for_is_a_failure(String contentRange) {
    hub.faults().on(Route.CDN).status(206, Map.of("Content-Range", contentRange), "0123456789");
    assertThat(failure(source.open(new Span(10, 10))))
        .isEqualTo(UpstreamFailure.Kind.UNEXPECTED_ANSWER);
  }

  @Test
  void trouble_at_the_cdn_is_told_as_such() {
    hub.faults().on(Route.CDN).status(503);
    assertThat(failure(source.open(Span.all(SIZE)))).isEqualTo(UpstreamFailure.Kind.SERVER_ERROR);
    hub.faults().clear();
    hub.cdnGoDark();
    assertThat(failure(source.open(Span.all(SIZE)))).isEqualTo(UpstreamFailure.Kind.UNREACHABLE);
    hub.comeBack();
  }

  @Test
  void a_body_that_breaks_off_is_an_exception_and_no_end() throws IOException {
    hub.faults().on(Route.CDN).times(1).truncate(40_000);
    hub.faults().on(Route.CDN).skip(1).resetAfter(40_000);
    for (int i = 0; i < 2; i++) {
      UpstreamResult<BlobSource.Opened> opening = source.open(Span.all(SIZE));
      assertThatThrownBy(() -> readAll(opening)).isInstanceOf(IOException.class);
    }
  }

  /** DevHub fails by itself when a token comes to its CDN. */
  @Test
  void a_token_goes_to_the_hub_and_never_to_the_cdn() throws IOException {
    repo.visibility(Visibility.PRIVATE).allow(UpstreamRig.TOKEN);
    BlobSource mine = rig.source(rig.found("m.bin", HOLDER), "m.bin", HOLDER);
    assertThat(readAll(mine.open(Span.all(SIZE)))).isEqualTo(bytes);
    BlobSource regular = rig.source(rig.found("c.json", HOLDER), "c.json", HOLDER);
    assertThat(readAll(regular.open(Span.all(5)))).isEqualTo(small.allBytes());
    assertThat(hub.log())
        .allSatisfy(
            r -> assertThat(r.authorization().isPresent()).isEqualTo(r.route() != Route.CDN));
  }

  /** A signed address is as good as the right to read. */
  @Test
  void one_askers_address_is_not_used_for_another() {
    repo.visibility(Visibility.PRIVATE).allow(UpstreamRig.TOKEN);
    FirstHop found = rig.found("m.bin", HOLDER);
    hub.counters().reset();
    // The anonymous client's own address is from before; make it useless.
    clock.pass(Duration.ofDays(300));
    assertThat(rig.source(found, "m.bin", Caller.ANONYMOUS).open(Span.all(SIZE)))
        .isInstanceOf(UpstreamResult.Refused.class);
    assertThat(hub.counters().requests(Route.CDN)).isZero();
  }

  @Test
  void it_names_the_file_and_no_secret() {
    repo.visibility(Visibility.PRIVATE).allow(UpstreamRig.TOKEN);
    FirstHop found = rig.found("m.bin", HOLDER);

    assertThat(rig.source(found, "m.bin", HOLDER))
        .hasToString("localhost model acme/x@" + found.commit().hex().substring(0, 8) + "/m.bin");
  }

  @Test
  void bytes_and_retries_are_counted() throws IOException {
    hub.faults().on(Route.CDN).times(2).status(503);
    readAll(source.open(new Span(500, 7_000)));
    hub.faults().on(Route.CDN).times(1).ignoreRange();
    readAll(source.open(new Span(1_000, 10)));

    // What is skipped came, too.
    assertThat(rig.count("intrahub.fetched")).isEqualTo(7_000 + 1_010);
    assertThat(rig.count("intrahub.upstream.retries")).isEqualTo(2);
  }
}
