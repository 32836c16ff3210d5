package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.cli.AppSettings;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Visibility;
import io.intrahub.testing.FreePorts;
import io.intrahub.testing.FullQueue;
import io.intrahub.upstream.hub.EndpointSettings;
import io.intrahub.upstream.net.NetworkSettings;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The whole mirror with two endpoints that are both trusted, as a second mirror of the operator:
 * the second one is asked while the preferred one is not there, and only then.
 */
class EndpointFailoverTest {
  private static final Optional<String> NOBODY = Optional.empty();
  private static final Optional<String> ALICE = Optional.of("hf_alice");

  /** More than the longest time for which an endpoint that failed is not asked. */
  private static final Duration PAUSE = Duration.ofMinutes(2);

  private static final Duration CONNECT_TIMEOUT = Duration.ofMillis(200);

  @TempDir private Path data;

  /** Every Hub has the same repos, so their commits are the same. */
  private static void fill(DevHub hub) {
    hub.token(ALICE.orElseThrow(), "alice");
    hub.repo("model", "acme/open").commit("Add them", files("open", 10));
    hub.repo("model", "acme/secret")
        .visibility(Visibility.PRIVATE)
        .allow(ALICE.orElseThrow())
        .commit("Add them", files("secret", 20));
  }

  private static Map<String, DevFile> files(String text, int seed) {
    return Map.of(
        "a.txt", DevFile.text(text),
        "b.bin", DevFile.lfsGenerated(seed, 200_000),
        "c.bin", DevFile.lfsGenerated(seed + 1, 200_000),
        "d.bin", DevFile.lfsGenerated(seed + 2, 200_000),
        "e.bin", DevFile.lfsGenerated(seed + 3, 200_000));
  }

  private static AppSettings trusting(AppSettings s, URI preferred, URI second) {
    return s.withUpstream(
        s.upstream()
            .withEndpoints(
                List.of(EndpointSettings.trusted(preferred), EndpointSettings.trusted(second))));
  }

  /** Loads a file of both repos that the mirror does not have, and waits until it has. */
  private static void expectLoads(Rig rig, String path) {
    expectLoads(rig, "/acme/open/resolve/main/" + path, NOBODY);
    expectLoads(rig, "/acme/secret/resolve/main/" + path, ALICE);
  }

  private static void expectLoads(Rig rig, String target, Optional<String> token) {
    Rig.Answer answer = rig.get(target, token);
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    assertThat(answer.header("cache-status").orElseThrow()).contains("fwd=miss; stored");
    rig.settle();
    // And it stays: the second endpoint is believed as the first one is.
    assertThat(rig.get(target, token).header("cache-status").orElseThrow()).contains("hit");
    rig.settle();
  }

  @Test
  void the_second_endpoint_is_asked_while_the_preferred_one_is_down_and_only_then() {
    try (DevHub second = DevHub.builder().start();
        Rig rig = new Rig(data, s -> trusting(s, endpoint(s), second.uri()))) {
      fill(rig.hub);
      fill(second);
      expectLoads(rig, "a.txt");
      assertThat(second.log()).isEmpty();

      rig.hub.goDark();
      rig.clock.pass(PAUSE);
      // So many calls that the preferred one is not asked any more.
      expectLoads(rig, "b.bin");
      expectLoads(rig, "e.bin");
      assertThat(second.counters().requests()).isPositive();

      rig.hub.comeBack();
      expectReturn(rig, rig.hub, second);
    }
  }

  /**
   * The first call finds the preferred endpoint well again. What is asked meanwhile may go to the
   * other one, and nothing that is asked later.
   */
  private static void expectReturn(Rig rig, DevHub preferred, DevHub second) {
    rig.clock.pass(PAUSE);
    expectLoads(rig, "c.bin");
    long stoodIn = second.counters().requests();
    long before = preferred.counters().requests();
    expectLoads(rig, "d.bin");
    assertThat(second.counters().requests()).isEqualTo(stoodIn);
    assertThat(preferred.counters().requests()).isGreaterThan(before);
  }

  @Test
  @Tag("slow")
  void the_second_endpoint_is_asked_while_packets_to_the_preferred_one_are_dropped()
      throws Exception {
    int port = FreePorts.next();
    URI preferred = URI.create("http://127.0.0.1:" + port);
    try (FullQueue dropped = new FullQueue(port);
        Rig rig = new Rig(data, s -> withConnectTimeout(trusting(s, preferred, endpoint(s))))) {
      fill(rig.hub);
      expectLoads(rig, "a.txt");
      expectLoads(rig, "b.bin");
      assertThat(rig.hub.counters().requests()).isPositive();

      dropped.close();
      try (DevHub back = DevHub.builder().clock(rig.clock).port(port).start()) {
        fill(back);
        expectReturn(rig, back, rig.hub);
      }
    }
  }

  /** The address of the Hub that the rig has made. */
  private static URI endpoint(AppSettings s) {
    return s.upstream().endpoints().getFirst().address();
  }

  private static AppSettings withConnectTimeout(AppSettings s) {
    NetworkSettings n = s.upstream().network();
    return s.withUpstream(
        s.upstream()
            .withNetwork(
                new NetworkSettings(
                    CONNECT_TIMEOUT,
                    n.firstByteTimeout(),
                    n.stallTimeout(),
                    n.userAgent(),
                    n.proxies(),
                    n.tls())));
  }
}
