package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Visibility;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Repo info that is large, or asked for in very many ways. */
class LargeInfoTest {
  private static final String INFO = "/api/models/acme/open";
  private static final int FILES = 6_000;

  /** Far more than an answer that is in memory as a whole. */
  private static final int LONG = 300_000;

  @TempDir Path data;
  private Rig rig;
  private String commit = "";

  @BeforeEach
  void start() throws Exception {
    rig = new Rig(data);
    Map<String, DevFile> files = new LinkedHashMap<>();
    DevFile one = DevFile.text("a");
    for (int i = 0; i < FILES; i++) {
      files.put("folder-%d/a-file-with-quite-a-long-name-%d.txt".formatted(i % 10, i), one);
    }
    commit = rig.hub.repo("model", "acme/open").commit("main", "Add them", files);
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  private Rig.Answer get(String target) {
    return rig.get(target, Optional.empty());
  }

  private void atRest() {
    await().until(() -> rig.app().runningTasks() == 0);
    // A client has the last byte before the mirror gives back the memory it came through.
    await().until(() -> rig.app().budgetUsage().used() == 0);
  }

  private long answersOnDisk() throws IOException {
    try (Stream<Path> walk = Files.walk(data)) {
      return walk.filter(p -> p.getFileName().toString().startsWith("answer-")).count();
    }
  }

  @Test
  void it_is_kept_as_a_stream_and_served_after_a_restart() throws Exception {
    Rig.Answer cold = get(INFO);
    assertThat(cold.status()).isEqualTo(200);
    assertThat(cold.body().length).isGreaterThan(LONG);
    assertThat(cold.text().endsWith("name-999.txt\"}]}")).as("its end is there").isTrue();
    assertThat(cold.header("x-repo-commit")).contains(commit);
    atRest();
    long calls = rig.hub.counters().requests();
    Rig.Answer warm = get(INFO + "/revision/" + commit);
    assertThat(Arrays.equals(warm.body(), cold.body())).as("warm as cold").isTrue();
    assertThat(warm.header("content-length")).contains(Integer.toString(cold.body().length));
    assertThat(rig.hub.counters().requests()).isEqualTo(calls);
    rig.restart();
    assertThat(Arrays.equals(get(INFO).body(), cold.body())).as("as before").isTrue();
    assertThat(rig.hub.counters().requests()).isEqualTo(calls);
    atRest();
  }

  @Test
  void one_that_breaks_off_is_asked_for_again() throws Exception {
    rig.hub.faults().on(Route.REPO_INFO).times(2).resetAfter(200_000);
    assertThat(get(INFO).body().length).isGreaterThan(LONG);
  }

  @Test
  void one_that_never_comes_whole_is_a_clean_refusal_and_leaves_nothing_behind() throws Exception {
    rig.hub.faults().on(Route.REPO_INFO).resetAfter(200_000);
    Rig.Answer broken = get(INFO);
    assertThat(broken.status()).isBetween(503, 504);
    assertThat(broken.body().length).isLessThan(1_000);
    atRest();
    assertThat(answersOnDisk()).isZero();
    assertThat(rig.tracesOnDisk(List.of("a-file-with-quite-a-long-name"))).isEmpty();
  }

  @Test
  void that_of_a_gated_repo_is_kept_for_everybody() throws Exception {
    rig.hub.repo("model", "acme/open").visibility(Visibility.GATED);
    Rig.Answer answer = get(INFO);
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.body().length).isGreaterThan(LONG);
    assertThat(answer.header("cache-status")).contains("intrahub; fwd=miss; stored");
    atRest();
    assertThat(get(INFO).header("cache-status").orElseThrow()).contains("hit");
    atRest();
    assertThat(answersOnDisk()).isEqualTo(1);
  }

  /** Who may read is said before the list of files; what is not said there opens nothing. */
  @ParameterizedTest
  @ValueSource(strings = {"\"gated\":false", "\"private\":false", "\"sha\":\"%s\""})
  void one_that_says_late_who_may_read_is_passed_on(String field) throws Exception {
    String fact = field.formatted(commit);
    String early =
        Stream.of(
                "\"id\":\"acme/open\"",
                "\"sha\":\"" + commit + "\"",
                "\"private\":false",
                "\"gated\":false")
            .filter(f -> !f.equals(fact))
            .reduce((a, b) -> a + "," + b)
            .orElseThrow();
    String json = "{" + early + ",\"x\":\"" + "y".repeat(LONG) + "\"," + fact + "}";
    rig.hub
        .faults()
        .on(Route.REPO_INFO)
        .status(200, Map.of("Content-Type", "application/json"), json);
    Rig.Answer answer = get(INFO);
    assertThat(answer.text()).isEqualTo(json);
    assertThat(answer.header("cache-status")).contains("intrahub; fwd=bypass");
    atRest();
    assertThat(answersOnDisk()).isZero();
  }

  @Test
  void all_spellings_of_a_question_are_one_answer() throws Exception {
    get(INFO);
    atRest();
    List<String> spellings =
        List.of("blobs=true", "blobs=True", "blobs=1", "blobs=1&blobs=true", "blobs=1&full=false");
    for (String query : spellings) {
      assertThat(get(INFO + "?" + query).text()).contains("\"blobId\"");
      atRest();
    }
    for (int i = 0; i < 50; i++) {
      assertThat(get(INFO + "?expand[" + i + "]=sha&expand=gated").status()).isEqualTo(200);
      atRest();
      assertThat(get(INFO + "?expand%5B" + i + "%5D=gated&expand=sha").status()).isEqualTo(200);
    }
    atRest();
    assertThat(answersOnDisk()).isEqualTo(3);
    assertThat(rig.hub.counters().requests(Route.REPO_INFO)).isEqualTo(3);
  }

  @Test
  void what_is_not_known_is_passed_on_and_not_kept() throws Exception {
    get(INFO);
    for (int i = 0; i < 5; i++) {
      Rig.Answer answer = get(INFO + "?x=" + i);
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.header("cache-status")).contains("intrahub; fwd=bypass");
    }
    atRest();
    assertThat(answersOnDisk()).isEqualTo(1);
  }

  @Tag("slow")
  @Test
  void no_more_than_thirty_two_answers_of_one_commit_are_kept() throws Exception {
    get(INFO);
    List<String> names = List.of("sha", "gated", "private", "tags", "likes", "downloads", "author");
    for (int mask = 1; mask < 60; mask++) {
      StringBuilder query = new StringBuilder();
      for (int i = 0; i < names.size(); i++) {
        if ((mask >> i & 1) == 1) {
          query.append("&expand=").append(names.get(i));
        }
      }
      Rig.Answer answer = get(INFO + "?" + query.substring(1));
      assertThat(answer.status()).as(query.toString()).isEqualTo(200);
      assertThat(new String(answer.body(), StandardCharsets.UTF_8)).contains("\"id\"");
    }
    atRest();
    assertThat(answersOnDisk()).isEqualTo(32);
    rig.restart();
    assertThat(get(INFO + "?expand=sha&expand=author&expand=tags").status()).isEqualTo(200);
    atRest();
    assertThat(answersOnDisk()).isEqualTo(32);

    // Whole answers are few, so what a loader needs is kept even then.
    assertThat(get(INFO + "?blobs=true").status()).isEqualTo(200);
    atRest();
    assertThat(answersOnDisk()).isEqualTo(33);
  }
}
