package io.intrahub.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Route;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What the mirror remembers of a branch, and for how long. */
class CurlFreshnessIT extends AgainstDemo {
  @Test
  void a_file_that_is_not_there_is_404_with_its_commit_and_asked_for_once() {
    DevRepo repo = fresh();
    String url = at(repo.id() + "/resolve/main/none.json");

    expectEntryNotFound(curl.head(url), repo);
    mirror.awaitIdle();
    mirror.mark();
    CurlClient.Answer get = curl.get(url);
    expectEntryNotFound(get, repo);
    assertThat(get.text()).isEqualTo("{\"error\":\"Entry not found\"}");
    expectEntryNotFound(curl.get(at(repo.id() + "/resolve/main/onnx/none")), repo);
    mirror.expectSilence();
  }

  @Test
  void a_file_that_was_missing_is_found_once_the_branch_may_have_moved() {
    DevRepo repo = fresh();
    String before = repo.commitOf("main").orElseThrow();
    String url = at(repo.id() + "/resolve/main/late.json");
    curl.get(at(repo.id() + "/resolve/main/" + SMALL));
    mirror.awaitIdle();
    expectEntryNotFound(curl.get(url), repo);

    repo.commit("Add late", "late.json", DevFile.text("{}"));
    assertThat(curl.get(url).status()).isEqualTo(404);
    mirror.pass(Duration.ofSeconds(61));

    assertThat(curl.get(url).text()).isEqualTo("{}");
    // The old commit will never have it.
    mirror.awaitIdle();
    mirror.mark();
    assertThat(curl.get(at(repo.id() + "/resolve/" + before + "/late.json")).status())
        .isEqualTo(404);
    mirror.expectSilence();
  }

  @Test
  void a_moved_branch_is_shown_when_nobody_asked_for_it_for_a_while() {
    DevRepo repo = fresh();
    String old = moveAfterFirstLook(repo);

    assertThat(commitShown(repo)).isEqualTo(old);
    mirror.pass(Duration.ofSeconds(4));
    assertThat(commitShown(repo)).isEqualTo(old);
    mirror.pass(Duration.ofSeconds(5));
    assertThat(commitShown(repo)).isEqualTo(repo.commitOf("main").orElseThrow());
  }

  @Test
  void a_moved_branch_is_shown_after_a_minute_at_the_latest() {
    DevRepo repo = fresh();
    String old = moveAfterFirstLook(repo);

    for (int seconds = 0; seconds < 56; seconds += 4) {
      mirror.pass(Duration.ofSeconds(4));
      assertThat(commitShown(repo)).isEqualTo(old);
    }
    mirror.pass(Duration.ofSeconds(4));
    assertThat(commitShown(repo)).isEqualTo(repo.commitOf("main").orElseThrow());
  }

  /** A commit that the mirror has heard of but not shown yet; returns the one before. */
  private String moveAfterFirstLook(DevRepo repo) {
    String old = commitShown(repo);
    mirror.awaitIdle();
    repo.commit("Move on", SMALL, DevFile.text("{}"));
    mirror.pass(Duration.ofSeconds(61));
    assertThat(commitShown(repo)).isEqualTo(old);
    mirror.awaitIdle();
    return old;
  }

  private String commitShown(DevRepo repo) {
    return curl.head(at(repo.id() + "/resolve/main/" + LARGE)).header("X-Repo-Commit");
  }

  @Test
  void without_a_whole_listing_nothing_is_said_to_be_missing() {
    DevRepo repo = fresh();
    mirror.hub().faults().on(Route.TREE).path(repo.id()).status(500);
    try {
      assertThat(curl.get(at(repo.id() + "/resolve/main/" + SMALL)).status()).isEqualTo(200);
      mirror.awaitIdle();
      mirror.mark();

      assertThat(curl.get(at(repo.id() + "/resolve/main/" + LARGE)).status()).isEqualTo(200);
      expectEntryNotFound(curl.get(at(repo.id() + "/resolve/main/none.json")), repo);

      assertThat(mirror.upstream(Route.RESOLVE)).hasSize(2);
    } finally {
      mirror.hub().faults().clear();
    }
  }

  private static void expectEntryNotFound(CurlClient.Answer answer, DevRepo repo) {
    assertThat(answer.status()).isEqualTo(404);
    assertThat(answer.header("X-Error-Code")).isEqualTo("EntryNotFound");
    assertThat(answer.header("X-Error-Message")).isEqualTo("Entry not found");
    assertThat(answer.header("X-Repo-Commit")).isEqualTo(repo.commitOf("main").orElseThrow());
  }
}
