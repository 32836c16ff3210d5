package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Route;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** While the Hub is away a second endpoint may give bytes, but its word counts for nothing else. */
class FallbackTest {
  @TempDir Path data;
  private DevHub fallback;
  private Rig rig;
  private String commit;

  @BeforeEach
  void start() throws Exception {
    fallback = DevHub.builder().start();
    rig = Rig.withFallback(data, fallback);
    commit =
        rig.hub
            .repo("model", "acme/open")
            .commit("Add it", Map.of("a.txt", DevFile.text("a"), "b.txt", DevFile.text("b")));
    // The same first commit, so the same hash, but the fallback forgot a file of it.
    fallback
        .repo("model", "acme/open")
        .commit("Add it", Map.of("a.txt", DevFile.text("a"), "b.txt", DevFile.text("b")));
  }

  @AfterEach
  void stop() {
    rig.close();
    fallback.close();
  }

  private Rig.Answer get(String target) {
    return rig.get(target, Optional.empty());
  }

  @Test
  void it_does_not_end_what_is_known_to_be_public() {
    assertThat(get("/acme/open/resolve/main/a.txt").status()).isEqualTo(200);
    rig.hub.goDark();
    rig.clock.pass(Duration.ofMinutes(30));
    for (String target : List.of("/acme/open/resolve/main/a.txt", "/api/models/acme/open")) {
      assertThat(get(target).status()).as(target).isEqualTo(200);
    }
    // Now nobody answers: what was loaded is still there.
    fallback.goDark();
    Rig.Answer still = get("/acme/open/resolve/main/a.txt");
    assertThat(still.status()).as(still.text()).isEqualTo(200);
    assertThat(still.header("cache-status").orElseThrow()).contains("hit");
  }

  @Test
  void what_only_it_has_passes_through_and_is_not_kept() throws Exception {
    rig.hub.goDark();
    Rig.Answer answer = get("/acme/open/resolve/main/a.txt");
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    assertThat(answer.header("cache-status")).contains("intrahub; fwd=bypass");
    assertThat(rig.tracesOnDisk(List.of("acme"))).isEmpty();
  }

  @Test
  void its_listing_proves_nothing_missing() throws Exception {
    rig.hub.faults().on(Route.TREE).status(503);
    assertThat(get("/acme/open/resolve/main/a.txt").status()).isEqualTo(200);
    rig.hub.goDark();
    fallback.faults().on(Route.TREE).status(200, Map.of("Content-Type", "application/json"), "[]");
    rig.clock.pass(Duration.ofMinutes(5));
    assertThat(get("/api/models/acme/open/tree/main").status()).isGreaterThanOrEqualTo(500);
    Rig.Answer other = get("/acme/open/resolve/main/b.txt");
    assertThat(other.status()).as(other.text()).isNotEqualTo(404);
    assertThat(rig.tracesOnDisk(List.of("manifest"))).isEmpty();
  }

  @Test
  void its_links_to_itself_lead_to_the_mirror() {
    rig.hub.goDark();
    String next = "<" + fallback.uri() + "/api/models/acme/open/tree/2?expand=true>; rel=\"next\"";
    fallback
        .faults()
        .on(Route.TREE)
        .status(
            200,
            Map.of("Content-Type", "application/json", "Link", next),
            "[{\"url\":\"" + fallback.uri() + "/x\"}]");
    Rig.Answer answer = get("/api/models/acme/open/tree/main?expand=true");
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    assertThat(answer.text()).contains(rig.app().uri() + "/x");
    assertThat(answer.header("Link").orElseThrow())
        .contains(rig.app().uri() + "/api/models/acme/open/tree/2?expand=true");
  }

  /** A made-up content, which its digest fits. */
  private void fallbackMakesUp(String path, String text) {
    String etag = "\"" + DevFile.text(text).gitOid() + "\"";
    fallback
        .faults()
        .on(Route.RESOLVE)
        .path(path)
        .status(200, Map.of("X-Repo-Commit", commit, "ETag", etag), text);
  }

  /** The commit is the Hub's word, so nothing may be said of it that is not. */
  @Test
  void its_made_up_content_is_not_served_as_a_part_of_a_known_commit() throws Exception {
    rig.hub.faults().on(Route.TREE).status(503);
    assertThat(get("/acme/open/resolve/main/a.txt").status()).isEqualTo(200);
    rig.hub.goDark();
    fallbackMakesUp("b.txt", "made up");
    for (String revision : List.of("main", commit)) {
      Rig.Answer answer = get("/acme/open/resolve/" + revision + "/b.txt");
      assertThat(answer.status()).as(answer.text()).isEqualTo(504);
      assertThat(answer.header("x-repo-commit")).isEmpty();
    }
    assertThat(rig.tracesOnDisk(List.of("made up", DevFile.text("made up").gitOid()))).isEmpty();

    rig.hub.comeBack();
    rig.hub.faults().clear();
    rig.clock.pass(Duration.ofMinutes(2));
    assertThat(get("/acme/open/resolve/main/b.txt").text()).isEqualTo("b");
  }

  @Test
  void its_made_up_content_of_an_unknown_repo_leaves_nothing_behind() throws Exception {
    rig.hub.goDark();
    fallbackMakesUp("a.txt", "made up");
    Rig.Answer answer = get("/acme/open/resolve/main/a.txt");
    assertThat(answer.text()).isEqualTo("made up");
    assertThat(answer.header("cache-status")).contains("intrahub; fwd=bypass");
    assertThat(answer.header("cache-control")).contains("private, no-store");
    assertThat(rig.tracesOnDisk(List.of("acme", "made up"))).isEmpty();

    rig.hub.comeBack();
    rig.clock.pass(Duration.ofMinutes(2));
    assertThat(get("/acme/open/resolve/main/a.txt").text()).isEqualTo("a");
  }

  @Test
  void it_delivers_bytes_that_are_known() {
    assertThat(get("/acme/open/resolve/main/a.txt").status()).isEqualTo(200);
    await().until(() -> rig.app().runningTasks() == 0);
    rig.hub.goDark();
    Rig.Answer answer = get("/acme/open/resolve/main/b.txt");
    assertThat(answer.text()).isEqualTo("b");
    assertThat(answer.header("cache-status").orElseThrow()).contains("fwd=miss; stored");
  }
}
