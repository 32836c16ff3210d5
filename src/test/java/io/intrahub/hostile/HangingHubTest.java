package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
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

/** The Hub takes connections and answers nobody: who waits how long. */
class HangingHubTest {
  private static final int REPOS = 20;
  private static final Duration SILENCE = Duration.ofSeconds(10);
  private static final Duration MOST = Duration.ofSeconds(25);

  @TempDir private Path data;
  private Rig rig;

  @BeforeEach
  void start() throws Exception {
    // A call of its own may last longer than silence, and both longer than it takes a busy machine
    // to refuse all the others.
    rig =
        new Rig(
            data,
            s ->
                s.withMirror(s.mirror().withTimeouts(MOST, Duration.ofSeconds(2)))
                    .withUpstream(s.upstream().withSilenceTimeout(SILENCE)));
    for (int i = 0; i < REPOS; i++) {
      rig.hub.repo("model", "acme/m" + i).commit("Add it", "a.txt", DevFile.text("a" + i));
    }
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  private Rig.Answer cold(int repo) {
    return rig.get("/acme/m" + repo + "/resolve/main/a.txt", Optional.empty());
  }

  @Tag("slow")
  @Test
  void calls_that_others_wait_for_in_vain_spare_the_next_client_the_wait() throws Exception {
    Stall silence = rig.hub.faults().on(Route.RESOLVE, Route.REPO_INFO).hold();
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      Instant began = Instant.now();
      List<CompletableFuture<Rig.Answer>> first =
          IntStream.range(0, 3)
              .mapToObj(i -> CompletableFuture.supplyAsync(() -> cold(i), clients))
              .toList();
      silence.awaitReached(3);
      rig.clock.pass(Duration.ofSeconds(4));
      long calls = rig.hub.log().size();

      for (int i = 3; i < REPOS; i++) {
        Instant asked = Instant.now();
        Rig.Answer answer = cold(i);
        assertThat(answer.status()).isEqualTo(504);
        assertThat(answer.text()).contains("no answer to any call for 4 s");
        assertThat(Duration.between(asked, Instant.now())).isLessThan(SILENCE.dividedBy(2));
      }
      assertThat(rig.hub.log().size()).isEqualTo((int) calls);

      for (CompletableFuture<Rig.Answer> answer : first) {
        assertThat(answer.get().status()).isEqualTo(504);
      }
      assertThat(Duration.between(began, Instant.now())).isLessThan(MOST);
    }

    rig.hub.faults().clear();
    silence.release();
    await().until(() -> rig.app().runningTasks() == 0);
    assertThat(cold(5).text()).isEqualTo("a5");
  }
}
