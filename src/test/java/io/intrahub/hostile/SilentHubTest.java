package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import io.intrahub.devhub.Visibility;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The Hub takes connections and answers nothing at all, or only some calls. Single calls have their
 * usual limits of 8 seconds and more, silence one of a second. A loaded machine only makes these
 * tests slower: none has an upper limit in real time.
 */
@Tag("slow")
class SilentHubTest {
  private static final Optional<String> NOBODY = Optional.empty();
  private static final Optional<String> ALICE = Optional.of("hf_alice");
  private static final String LARGE = "model.safetensors";

  @BeforeAll
  static void warmUp(@TempDir Path tmp) {
    Rig.warmUp(tmp.resolve("data"));
  }

  @TempDir private Path data;
  private Rig rig;
  private DevRepo repo;

  @BeforeEach
  void start() {
    rig = rig(data, Duration.ofSeconds(1));
  }

  private Rig rig(Path folder, Duration silence) {
    Rig made = new Rig(folder, s -> s.withUpstream(s.upstream().withSilenceTimeout(silence)));
    made.actAs(Rig.PYTHON_HUB);
    made.hub.token(ALICE.get(), "alice");
    repo = made.hub.repo("model", "acme/tiny");
    repo.commit(
        "Add it", Map.of("a.txt", DevFile.text("a"), LARGE, DevFile.lfsGenerated(1, 3_000_000)));
    return made;
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  @Test
  void every_kind_of_cold_request_is_refused_with_what_was_asked_for_and_the_last_answer() {
    rig.hub.blackHole(true);
    for (String target :
        List.of(
            "/acme/tiny/resolve/main/a.txt",
            "/acme/other/resolve/main/" + LARGE,
            "/api/models/acme/tiny",
            "/api/models/acme/other/revision/main",
            "/api/models/acme/third/tree/main",
            "/api/models/acme/third/refs",
            "/api/models/acme/third/commits/main")) {
      Rig.Answer answer = rig.get(target, NOBODY);

      assertThat(answer.status()).as(target).isEqualTo(523);
      assertThat(answer.header("x-error-code")).as(target).isEmpty();
      assertThat(answer.text())
          .as(target)
          .contains("no answer to any call", "the Hub has not answered since")
          .containsAnyOf("model acme/tiny", "model acme/other", "model acme/third");
    }
  }

  @Test
  void a_client_that_does_not_repeat_requests_hears_a_registered_status() throws Exception {
    rig.hub.blackHole(true);
    HttpRequest request =
        HttpRequest.newBuilder(rig.app().uri().resolve("/acme/tiny/resolve/main/a.txt"))
            .header("User-Agent", "curl/8.5.0")
            .build();
    try (HttpClient client = HttpClient.newHttpClient()) {
      assertThat(client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode())
          .isEqualTo(504);
    }
  }

  /** The head of a response would promise bytes that do not come. */
  @Test
  void a_stored_repo_whose_large_file_is_not_stored_gets_an_error_and_no_head_without_bytes() {
    assertThat(rig.get("/api/models/acme/tiny", NOBODY).status()).isEqualTo(200);
    assertThat(rig.get("/acme/tiny/resolve/main/a.txt", NOBODY).status()).isEqualTo(200);
    rig.settle();
    rig.hub.blackHole(true);

    Rig.Answer answer = rig.get("/acme/tiny/resolve/main/" + LARGE, NOBODY);

    assertThat(answer.status()).isEqualTo(523);
    assertThat(answer.text()).contains(LARGE + " of model acme/tiny", "no answer to any call");
    assertThat(rig.get("/acme/tiny/resolve/main/a.txt", NOBODY).text()).isEqualTo("a");
  }

  @Test
  void a_hub_that_is_slow_for_one_call_and_answers_others_is_waited_for(@TempDir Path other)
      throws Exception {
    rig.close();
    // Long enough for a loaded machine to answer a liveness check.
    rig = rig(other, Duration.ofSeconds(4));
    Stall slow = rig.hub.faults().on(Route.REPO_INFO).hold();
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      CompletableFuture<Rig.Answer> answer =
          CompletableFuture.supplyAsync(() -> rig.get("/api/models/acme/tiny", NOBODY), clients);
      slow.awaitReached(1);
      // One each two seconds: half as long again as silence may last.
      await().atMost(Duration.ofSeconds(30)).until(() -> livenessChecks() >= 3);
      assertThat(answer).isNotDone();
      slow.release();

      assertThat(answer.get().status()).isEqualTo(200);
    }
  }

  @Test
  void when_it_is_back_the_next_client_but_those_of_two_seconds_is_served() {
    rig.hub.blackHole(true);
    assertThat(rig.get("/acme/tiny/resolve/main/a.txt", NOBODY).status()).isEqualTo(523);
    assertThat(rig.get("/acme/tiny/resolve/main/a.txt", NOBODY).status()).isEqualTo(523);
    // Of liveness checks, one more may arrive.
    assertThat(rig.hub.log())
        .as("calls for what is known to fail")
        .filteredOn(call -> !call.path().equals("/"))
        .hasSize(1);

    rig.hub.blackHole(false);
    rig.clock.pass(Duration.ofSeconds(2));
    assertThat(rig.get("/acme/tiny/resolve/main/a.txt", NOBODY).text()).isEqualTo("a");
  }

  /** What the Hub says about a private repo counts, however late it says it. */
  @Test
  void silence_does_not_end_the_question_whether_a_grant_still_holds() throws Exception {
    repo.visibility(Visibility.PRIVATE).allow(ALICE.get());
    assertThat(rig.get("/acme/tiny/resolve/main/a.txt", ALICE).text()).isEqualTo("a");
    rig.settle();
    rig.clock.pass(Duration.ofMinutes(16));
    repo.disallow(ALICE.get());
    Stall silence = rig.hub.faults().everywhere().hold();
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      CompletableFuture<Rig.Answer> answer =
          CompletableFuture.supplyAsync(
              () -> rig.get("/acme/tiny/resolve/main/a.txt", ALICE), clients);
      silence.awaitReached(1);
      // The liveness checks are held too, so silence has lasted for longer than its limit.
      await().atMost(Duration.ofSeconds(30)).until(() -> livenessChecks() >= 4);
      rig.hub.faults().clear();
      silence.release();

      assertThat(answer.get().status()).isEqualTo(404);
    }
  }

  private long livenessChecks() {
    return rig.hub.log().stream().filter(r -> r.route() == Route.FRONT_PAGE).count();
  }
}
