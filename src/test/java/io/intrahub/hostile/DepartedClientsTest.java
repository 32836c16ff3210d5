package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import io.intrahub.mirror.MirrorStatus;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Clients that close their connections while upstream lets them wait. */
@Timeout(60)
class DepartedClientsTest {
  private static final String BIG = "/acme/open/resolve/main/big.bin";
  private static final int SIZE = 4 << 20;

  /** As promised, with something added for a machine that has much to do. */
  private static final Duration SOON = Duration.ofSeconds(15);

  @TempDir Path data;
  private Rig rig;

  @BeforeEach
  void start() throws Exception {
    rig = new Rig(data);
    DevFile big = DevFile.lfsGenerated(3, SIZE);
    rig.hub
        .repo("model", "acme/open")
        .commit("Add it", Map.of("big.bin", big, "here.txt", DevFile.text("here")));
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  private int readers() {
    return rig.app().status().loads().stream().mapToInt(MirrorStatus.Load::readers).sum();
  }

  private int passThrough() {
    return rig.app().status().passThrough();
  }

  @Tag("slow")
  @Test
  void a_reader_that_closes_its_connection_leaves_the_transfer() throws Exception {
    Stall stall = rig.hub.faults().on(Route.CDN).stallAfter(100_000);
    try (RawClient stays = new RawClient(rig, "127.0.0.2");
        RawClient closes = new RawClient(rig, "127.0.0.3");
        RawClient resets = new RawClient(rig, "127.0.0.4")) {
      for (RawClient client : new RawClient[] {stays, closes, resets}) {
        assertThat(client.get(BIG).head()).startsWith("HTTP/1.1 200 ");
      }
      stall.awaitReached(1);
      assertThat(readers()).isEqualTo(3);

      closes.close();
      await().atMost(SOON).until(() -> readers() == 2);
      resets.reset();
      await().atMost(SOON).until(() -> readers() == 1);

      stall.release();
      assertThat(stays.body(SIZE)).hasSize(SIZE);
    } finally {
      stall.release();
    }
  }

  @Test
  @Tag("slow")
  void a_pass_through_stream_is_closed_when_its_client_has_gone() throws Exception {
    try (DevHub fallback = DevHub.builder().start()) {
      rig.close();
      rig = Rig.withFallback(data, fallback);
      rig.hub.goDark();
      fallback
          .repo("model", "acme/elsewhere")
          .commit("Add it", Map.of("big.bin", DevFile.lfsGenerated(4, SIZE)));
      Stall stall = fallback.faults().on(Route.CDN).stallAfter(100_000);
      try (RawClient client = new RawClient(rig, "127.0.0.2")) {
        client.get("/acme/elsewhere/resolve/main/big.bin");
        assertThat(client.head()).startsWith("HTTP/1.1 200 ");
        stall.awaitReached(1);
        assertThat(passThrough()).isEqualTo(1);

        client.close();

        await().atMost(SOON).until(() -> passThrough() == 0);
      } finally {
        stall.release();
      }
    }
  }

  /** Its request would count against its limit until the Hub answers. */
  @Test
  @Tag("slow")
  void a_client_that_leaves_while_the_hub_is_asked_is_noticed() throws Exception {
    Stall stall = rig.hub.faults().on(Route.RESOLVE).hold();
    try (RawClient client = new RawClient(rig, "127.0.0.2")) {
      client.get(BIG);
      stall.awaitReached(1);
      await().until(() -> rig.app().requestsInFlight() == 1);
      client.close();
      await().atMost(SOON).until(() -> rig.app().requestsInFlight() == 0);
    } finally {
      stall.release();
    }
  }

  /** As {@code nc -N} does. As long as bytes flow it can be told from one that left. */
  @Test
  void a_client_that_closes_only_its_own_direction_gets_what_flows() throws Exception {
    assertThat(rig.get(BIG, Optional.empty()).status()).isEqualTo(200);
    try (RawClient client = new RawClient(rig, "127.0.0.2")) {
      client.get(BIG).shutdownOutput();
      assertThat(client.head()).startsWith("HTTP/1.1 200 ");
      byte[] body = client.body(SIZE).getBytes(StandardCharsets.ISO_8859_1);
      assertThat(body).isEqualTo(DevFile.lfsGenerated(3, SIZE).allBytes());
    }
  }

  @Tag("slow")
  @Test
  void a_client_that_sends_its_next_request_early_gets_both_answers() throws Exception {
    Stall stall = rig.hub.faults().on(Route.CDN).stallAfter(100_000);
    try (RawClient client = new RawClient(rig, "127.0.0.2")) {
      client.get(BIG);
      assertThat(client.head()).startsWith("HTTP/1.1 200 ");
      stall.awaitReached(1);
      client.get("/acme/open/resolve/main/here.txt");
      // Long enough that the connection was looked at.
      await().pollDelay(Duration.ofSeconds(2)).until(() -> true);
      stall.release();
      assertThat(client.body(SIZE)).hasSize(SIZE);
      assertThat(client.head()).startsWith("HTTP/1.1 200 ");
      assertThat(client.body(4)).isEqualTo("here");
    } finally {
      stall.release();
    }
  }
}
