package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import io.intrahub.devhub.Visibility;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Hub is back after an outage: who notices, and when. */
class OutageEndTest {
  private static final String COLD = "/acme/m%d/resolve/main/a.txt";
  private static final int REPOS = 30;

  @TempDir private Path data;
  private Rig rig;

  @BeforeEach
  void start() throws Exception {
    rig = new Rig(data);
    rig.hub.token("hf_reader", "reader");
    for (int i = 0; i < REPOS; i++) {
      rig.hub.repo("model", "acme/m" + i).commit("Add it", "a.txt", DevFile.text("a" + i));
    }
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  private Rig.Answer cold(int repo) {
    return rig.get(COLD.formatted(repo), Optional.empty());
  }

  /** Until the breaker is open and its probes are a minute apart. */
  private void longOutage() {
    rig.hub.goDark();
    for (int i = 0; i < 8; i++) {
      assertThat(cold(i).status()).isEqualTo(504);
    }
    for (int minute = 0; minute < 10; minute++) {
      rig.clock.pass(Duration.ofMinutes(1));
      assertThat(cold(minute).status()).isEqualTo(504);
    }
  }

  @Test
  void a_waiting_client_probes_two_seconds_after_the_last_probe() {
    longOutage();
    rig.hub.comeBack();
    Rig.Answer early = cold(1);
    assertThat(early.status()).isEqualTo(504);
    assertThat(early.text()).contains("the first request after 2 s asks it again");

    rig.clock.pass(Duration.ofSeconds(2));

    assertThat(cold(1).text()).isEqualTo("a1");
    assertThat(cold(2).text()).isEqualTo("a2");
  }

  @Test
  void a_private_repo_is_asked_about_as_soon_as_a_public_one() {
    rig.hub.repo("model", "acme/m20").visibility(Visibility.PRIVATE).allow("hf_reader");
    String file = COLD.formatted(20);
    assertThat(rig.get(file, Optional.of("hf_reader")).status()).isEqualTo(200);
    longOutage();
    rig.clock.pass(Duration.ofHours(2));
    assertThat(rig.get(file, Optional.of("hf_reader")).status()).isEqualTo(504);
    rig.hub.comeBack();
    rig.clock.pass(Duration.ofSeconds(2));

    Rig.Answer answer = rig.get(file, Optional.of("hf_reader"));

    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
  }

  @Test
  void a_call_that_is_passed_on_finds_that_the_hub_is_back() {
    longOutage();
    rig.hub.comeBack();
    rig.clock.pass(Duration.ofSeconds(2));

    Rig.Answer answer = rig.get("/api/models?search=m1", Optional.empty());

    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    assertThat(cold(1).text()).isEqualTo("a1");
  }

  @Tag("slow")
  @Test
  void clients_that_come_during_a_probe_wait_for_it_and_are_served() throws Exception {
    longOutage();
    rig.hub.comeBack();
    rig.clock.pass(Duration.ofSeconds(2));
    Stall probe = rig.hub.faults().on(Route.REPO_INFO, Route.RESOLVE).times(1).hold();
    rig.hub.counters().reset();
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      List<CompletableFuture<Rig.Answer>> answers =
          IntStream.range(0, REPOS)
              .mapToObj(i -> CompletableFuture.supplyAsync(() -> cold(i), clients))
              .toList();
      probe.awaitReached(1);
      await()
          .during(Duration.ofMillis(500))
          .until(() ->
              rig.hub.counters().requests(Route.REPO_INFO)
                      + rig.hub.counters().requests(Route.RESOLVE)
                  == 1);
      probe.release();
      for (int i = 0; i < REPOS; i++) {
        assertThat(answers.get(i).get().text()).isEqualTo("a" + i);
      }
    }
  }
}
