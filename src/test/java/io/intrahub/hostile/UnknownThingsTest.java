package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import io.intrahub.devhub.Visibility;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One client asks for things that nobody knows, as fast as it can. */
@Timeout(60)
class UnknownThingsTest {
  private static final int LIMIT = 10;
  private static final int TRIES = 40;
  private static final int FILES = 3 * LIMIT;
  private static final String CURIOUS = "127.0.0.2";
  private static final String HONEST = "127.0.0.3";

  @TempDir Path data;
  private Rig rig;

  @BeforeEach
  void start() throws Exception {
    rig = new Rig(data, s -> s.withMirror(s.mirror().withColdQuestions(LIMIT)));
    Map<String, DevFile> files = new TreeMap<>();
    for (int i = 0; i < FILES; i++) {
      files.put("f" + i + ".txt", DevFile.text("file " + i));
    }
    rig.hub.repo("model", "acme/open").commit("Add them", files);
    DevRepo secret = rig.hub.repo("model", "acme/secret");
    secret.commit("Add them", files);
    rig.hub.token("hf_reader", "reader");
    secret.visibility(Visibility.PRIVATE).allow("hf_reader");
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  private int status(String from, String target, String... headers) throws Exception {
    try (RawClient client = new RawClient(rig, from)) {
      return Integer.parseInt(client.get(target, headers).head().substring(9, 12));
    }
  }

  private long asked() {
    return rig.hub.log().size();
  }

  private void settle() {
    await().until(() -> rig.app().runningTasks() == 0);
  }

  @Tag("slow")
  @ParameterizedTest
  @ValueSource(
      strings = {
        "/acme/made-up-%d/resolve/main/a.txt",
        "/api/models/acme/made-up-%d",
        "/api/models/acme/made-up-%d/tree/main",
        "/acme/open/resolve/%040x/f0.txt",
        "/acme/open/resolve/branch-%d/f0.txt",
        "/api/models/acme/open/tree/%040x",
        "/api/models/acme/open/revision/%040x",
        "/api/models/acme/open?unheard-of=%d",
        "/api/models?search=%d",
        "/api/models?author=%d",
        "/acme/open/raw/main/%d.txt",
      })
  void random_things_of_one_client_reach_the_hub_as_often_as_its_limit_says(String target)
      throws Exception {
    assertThat(status(HONEST, "/acme/open/resolve/main/f0.txt")).isEqualTo(200);
    settle();
    long before = asked();
    int refused = 0;
    for (int i = 0; i < TRIES; i++) {
      if (status(CURIOUS, target.formatted(i + 1)) == 429) {
        refused++;
      }
    }
    settle();
    // A call may take a redirect or find that its first question was about the wrong thing.
    assertThat(asked() - before).as("requests at the Hub").isBetween(1L, 2L * LIMIT);
    assertThat(refused).isGreaterThanOrEqualTo(TRIES - LIMIT);

    assertThat(status(HONEST, target.formatted(1_000))).isNotEqualTo(429);
    assertThat(status(CURIOUS, "/acme/open/resolve/main/f1.txt")).isEqualTo(200);
    rig.clock.pass(Duration.ofMinutes(1));
    assertThat(status(CURIOUS, target.formatted(2_000))).isNotEqualTo(429);
  }

  @Test
  void random_tokens_of_one_client_do_not_help() throws Exception {
    IntFunction<String> token = i -> "Authorization: Bearer hf_random" + i;
    long before = asked();
    int refused = 0;
    for (int i = 0; i < TRIES; i++) {
      if (status(CURIOUS, "/acme/secret/resolve/main/f0.txt", token.apply(i)) == 429) {
        refused++;
      }
    }
    assertThat(asked() - before).isBetween(1L, 2L * LIMIT);
    assertThat(refused).isGreaterThanOrEqualTo(TRIES - LIMIT);
    assertThat(
            status(HONEST, "/acme/secret/resolve/main/f0.txt", "Authorization: Bearer hf_reader"))
        .isEqualTo(200);
  }

  @Test
  void a_refusal_says_why_and_is_kept_by_nobody() throws Exception {
    for (int i = 0; i < TRIES; i++) {
      status(CURIOUS, "/acme/made-up-" + i + "/resolve/main/a.txt");
    }
    try (RawClient client = new RawClient(rig, CURIOUS)) {
      assertThat(client.get("/acme/open/resolve/main/f0.txt").head())
          .startsWith("HTTP/1.1 429 ")
          .contains("10 unknown things per minute", "\r\nRetry-After: ", "no-store")
          .doesNotContain("X-Error-Code:");
    }
    assertThat(status(HONEST, "/acme/open/resolve/main/f0.txt")).isEqualTo(200);
  }

  @Test
  void files_that_exist_may_be_loaded_as_fast_as_one_likes() throws Exception {
    for (int i = 0; i < FILES; i++) {
      assertThat(status(CURIOUS, "/acme/open/resolve/main/f" + i + ".txt")).isEqualTo(200);
    }
    String commit = rig.hub.repo("model", "acme/open").commit("Once more", "x", DevFile.text("x"));
    for (int i = 0; i < FILES; i++) {
      assertThat(status(CURIOUS, "/acme/open/resolve/" + commit + "/f" + i + ".txt"))
          .isEqualTo(200);
    }
  }

  @Test
  void private_files_may_be_loaded_as_fast_as_one_likes_with_a_token_that_may() throws Exception {
    for (int i = 0; i < FILES; i++) {
      String target = "/acme/secret/resolve/main/f" + i + ".txt";
      assertThat(status(CURIOUS, target, "Authorization: Bearer hf_reader")).isEqualTo(200);
    }
  }

  @Test
  void many_that_ask_the_same_at_the_same_time_ask_once() throws Exception {
    Stall stall = rig.hub.faults().on(Route.RESOLVE).hold();
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      List<CompletableFuture<Integer>> answers = new ArrayList<>();
      for (int i = 0; i < 3 * LIMIT; i++) {
        answers.add(
            CompletableFuture.supplyAsync(
                () -> {
                  try {
                    return status(CURIOUS, "/acme/open/resolve/main/f0.txt");
                  } catch (Exception e) {
                    throw new AssertionError(e);
                  }
                },
                clients));
      }
      await().until(() -> rig.app().requestsInFlight() == 3 * LIMIT);
      stall.release();
      for (CompletableFuture<Integer> answer : answers) {
        assertThat(answer.get(20, TimeUnit.SECONDS)).isEqualTo(200);
      }
    } finally {
      stall.release();
    }
  }
}
