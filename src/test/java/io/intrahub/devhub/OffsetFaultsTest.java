package io.intrahub.devhub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the Hub can do to a file that is fetched in pieces, over several connections. */
class OffsetFaultsTest {
  private static final DevFile FILE = DevFile.lfsGenerated(3, 200_000);

  private final SkippedTime time = new SkippedTime();
  private DevHub hub;
  private Faults faults;
  private DevCaller devCaller;
  private String cdn;

  @BeforeEach
  void start() {
    hub = DevHub.builder().sendBuffer(64 << 10).waiting(time).start();
    faults = hub.faults();
    devCaller = new DevCaller(hub.uri());
    hub.repo("model", "acme/x").commit("m", DevCaller.files("f.bin", FILE));
    cdn = address();
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  private String address() {
    return devCaller.head("/acme/x/resolve/main/f.bin").header("Location").orElseThrow();
  }

  private RawExchange wire(String range) throws IOException {
    return RawExchange.get(
        hub.cdnUri(), cdn.substring(hub.cdnUri().toString().length()), "Range", range);
  }

  private static byte[] part(int from, int to) {
    return Arrays.copyOfRange(FILE.allBytes(), from, to);
  }

  /** Notes whether the bytes of the CDN came to a count before the test allowed it. */
  private final class Order {
    private final AtomicBoolean allowed = new AtomicBoolean();
    private final AtomicReference<Boolean> sentWhenAllowed = new AtomicReference<>();

    Order(long bytes) {
      hub.counters().whenSent(Route.CDN, bytes, () -> sentWhenAllowed.set(allowed.get()));
    }

    /** After a whole request to the Hub, in which what is not held would have gone on. */
    void expectNothingSent() {
      address();
      assertThat(sentWhenAllowed).hasValue(null);
    }

    void allowed() {
      allowed.set(true);
    }

    void expectSentWhenAllowed() {
      assertThat(sentWhenAllowed).hasValue(true);
    }
  }

  @Test
  void a_stall_at_an_offset_stops_only_those_who_come_there() throws IOException {
    Stall stall = faults.on(Route.CDN).stallAt(50_000);
    assertThat(devCaller.get(cdn, "Range", "bytes=0-49999").body()).isEqualTo(part(0, 50_000));
    assertThat(devCaller.get(cdn, "Range", "bytes=50001-").body()).isEqualTo(part(50_001, 200_000));
    assertThat(devCaller.get(cdn, "Range", "bytes=-10").body()).isEqualTo(part(199_990, 200_000));
    Order order = new Order(hub.counters().bytes(Route.CDN) + 10_001);
    try (RawExchange rawExchange = wire("bytes=40000-")) {
      stall.awaitReached(1);
      assertThat(rawExchange.body(10_000)).isEqualTo(part(40_000, 50_000));
      order.expectNothingSent();
      order.allowed();
      stall.release();
      assertThat(rawExchange.body(150_000)).isEqualTo(part(50_000, 200_000));
    }
    order.expectSentWhenAllowed();
  }

  @Test
  void a_reset_at_an_offset_waits_for_who_comes_there() {
    ScriptedFault fault = faults.on(Route.CDN).times(1).resetAt(50_000);
    assertThat(devCaller.get(cdn, "Range", "bytes=100000-").status()).isEqualTo(206);
    assertThat(fault.hits()).isZero();
    assertThat(devCaller.failure(cdn)).isPresent();
    assertThat(fault.hits()).isEqualTo(1);
    assertThat(devCaller.get(cdn).body()).isEqualTo(FILE.allBytes());
  }

  @Test
  void other_bytes_come_under_the_same_names() {
    faults.on(Route.CDN).otherBytes();
    DevCaller.Answer answer = devCaller.get(cdn, "Range", "bytes=10-19");
    assertThat(answer.header("Content-Range")).contains("bytes 10-19/200000");
    byte[] right = part(10, 20);
    for (int i = 0; i < 10; i++) {
      assertThat(answer.body()[i]).isNotEqualTo(right[i]);
    }
    assertThat(address()).contains(FILE.sha256());
  }

  @Test
  void a_digest_that_is_given_is_believed() {
    assertThat(DevFile.lfsGenerated(3, 200_000, FILE.sha256()).pointer()).isEqualTo(FILE.pointer());
    DevFile lie = DevFile.lfsGenerated(4, 200_000, FILE.sha256());
    assertThat(lie.etag()).isEqualTo(FILE.etag());
    assertThat(lie.allBytes()).isNotEqualTo(FILE.allBytes());
  }

  @Test
  void a_cdn_that_moved_refuses_old_addresses() {
    hub.moveCdn();
    assertThat(devCaller.get(cdn).status()).isEqualTo(403);
    String moved = address();
    assertThat(URI.create(moved).getHost()).isNotEqualTo(URI.create(cdn).getHost());
    assertThat(URI.create(moved).getPath()).isNotEqualTo(URI.create(cdn).getPath());
    assertThat(devCaller.get(moved).body()).isEqualTo(FILE.allBytes());
    hub.moveCdn();
    assertThat(devCaller.get(moved).status()).isEqualTo(403);
    assertThat(devCaller.get(address()).status()).isEqualTo(200);
  }

  @Test
  void a_restart_breaks_what_runs_and_keeps_ports_and_addresses() throws IOException {
    Stall stall = faults.on(Route.CDN).times(1).stallAfter(1000);
    try (RawExchange rawExchange = wire("bytes=0-")) {
      stall.awaitReached(1);
      rawExchange.body(1000);
      hub.restart();
      assertThatThrownBy(
              () -> {
                if (rawExchange.rest().length < 199_000) {
                  throw new IOException("cut short");
                }
              })
          .isInstanceOf(IOException.class);
    }
    stall.release();
    assertThat(devCaller.get(cdn).body()).isEqualTo(FILE.allBytes());
  }

  @Test
  void a_shared_line_is_as_fast_for_many_as_for_one() {
    faults.on(Route.CDN).throttleTogether(800_000);
    List<CompletableFuture<byte[]>> calls =
        Stream.generate(() ->
                CompletableFuture.supplyAsync(
                    () -> devCaller.get(cdn).body(), Thread::startVirtualThread))
            .limit(4)
            .toList();
    assertThat(calls).allMatch(c -> Arrays.equals(c.join(), FILE.allBytes()));
    // The Hub pauses after bytes that a client may have read already.
    await().untilAsserted(() -> assertThat(time.passed()).isEqualTo(Duration.ofSeconds(1)));
  }

  @Test
  void a_line_makes_up_for_a_late_sender_but_not_for_an_idle_one() {
    Line line = new Line(1_000);
    assertThat(line.carry(50, 0)).isEqualTo(Duration.ofMillis(50).toNanos());
    // Sent 10 ms late: the next pause is shorter.
    assertThat(line.carry(50, Duration.ofMillis(60).toNanos()))
        .isEqualTo(Duration.ofMillis(40).toNanos());
    assertThat(line.carry(50, Duration.ofSeconds(60).toNanos()))
        .isEqualTo(Duration.ofMillis(50).toNanos());
  }

  @Test
  void counters_know_ranges_bytes_and_how_many_were_open() {
    Stall stall = faults.on(Route.CDN).stallAt(10);
    List<CompletableFuture<DevCaller.Answer>> calls =
        Stream.of("bytes=0-19", "bytes=5-14", "bytes=0-19")
            .map(range ->
                CompletableFuture.supplyAsync(
                    () -> devCaller.get(cdn, "Range", range), Thread::startVirtualThread))
            .toList();
    stall.awaitReached(3);
    stall.release();
    calls.forEach(CompletableFuture::join);
    DevCounters counters = hub.counters();
    // Before the next one: the callers have all a moment before the others are counted as over.
    assertThat(counters.mostAtOnce(Route.CDN)).isEqualTo(3);
    devCaller.get(cdn, "Range", "bytes=5-14");
    assertThat(counters.ranges(Route.CDN, FILE.sha256()))
        .containsExactlyInAnyOrder("bytes=0-19", "bytes=5-14");
    assertThat(counters.bytesFor(Route.CDN, FILE.sha256())).isEqualTo(60);
    assertThat(counters.bytesFor(Route.CDN, "elsewhere")).isZero();
    await()
        .untilAsserted(() -> {
          counters.reset();
          assertThat(counters.mostAtOnce(Route.CDN)).isZero();
        });
  }

  @Test
  void something_happens_once_at_a_count_of_bytes() {
    AtomicLong seen = new AtomicLong();
    hub.counters()
        .whenSent(Route.CDN, 100_000, () -> seen.addAndGet(hub.counters().bytes(Route.CDN)));
    devCaller.get(cdn, "Range", "bytes=0-9999");
    assertThat(seen).hasValue(0);
    devCaller.get(cdn);
    assertThat(seen.get()).isBetween(100_000L, 165_536L);
    devCaller.get(cdn);
    assertThat(seen.get()).isLessThan(166_000L);
  }

  @Test
  void what_the_system_has_taken_is_told_from_what_the_server_still_holds() throws IOException {
    DevFile large = DevFile.lfsGenerated(4, 20_000_000);
    hub.repo("model", "acme/x").commit("n", DevCaller.files("f.bin", large));
    cdn = address();
    faults.on(Route.CDN).throttle(1_000_000_000);
    try (RawExchange rawExchange = wire("bytes=5-")) {
      rawExchange.head();
      Recorded request = hub.log().getLast();
      // Nobody reads: the system takes what its buffers hold, and the rest of a write waits.
      await()
          .until(() ->
              request.systemIsFull()
                  && request.bytesTaken() > 0
                  && request.bytesTaken() < request.bytesSent());
      assertThat(request.bytesSent() - request.bytesTaken()).isLessThanOrEqualTo(64 << 10);
      assertThat(rawExchange.body((int) large.size() - 5)).hasSize((int) large.size() - 5);
      await().until(request::done);
      assertThat(request.bytesTaken()).isEqualTo(large.size() - 5);
    }
  }

  @Test
  void bodies_stop_before_their_next_write_while_sending_is_held() throws Exception {
    faults.on(Route.CDN).throttle(1_000_000_000);
    hub.counters().whenSent(Route.CDN, 100_000, hub::holdSending);
    // The second write is held; the third is counted when the second has gone.
    Order order = new Order(2 * Sender.CHUNK + 1);
    CompletableFuture<byte[]> whole =
        CompletableFuture.supplyAsync(() -> devCaller.get(cdn).body());
    await().until(() -> hub.counters().bytes(Route.CDN) >= 100_000);
    Recorded request = hub.log().getLast();
    assertThat(request.bytesTaken()).isEqualTo(Sender.CHUNK);
    order.expectNothingSent();
    assertThat(request.bytesTaken()).isEqualTo(Sender.CHUNK);
    order.allowed();
    hub.sendOn();
    assertThat(whole).succeedsWithin(Duration.ofSeconds(30)).isEqualTo(FILE.allBytes());
    await().until(request::done);
    assertThat(request.bytesTaken()).isEqualTo(FILE.size());
    order.expectSentWhenAllowed();
  }
}
