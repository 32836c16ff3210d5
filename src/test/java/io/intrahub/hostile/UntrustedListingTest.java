package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.cli.AppSettings;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Route;
import io.intrahub.mirror.MirrorSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A listing that is not whole must never prove that a file is missing. */
class UntrustedListingTest {
  private static final String TREE = "/api/models/acme/open/tree/main?recursive=true";
  private static final String ONE_FILE =
      "[{\"type\":\"file\",\"oid\":\"" + "1".repeat(40) + "\",\"size\":1,\"path\":\"a.txt\"}]";

  @TempDir Path data;
  private Rig rig;

  @AfterEach
  void stop() {
    rig.close();
  }

  private void start(DevHub.Builder builder) throws Exception {
    rig = new Rig(data, settings -> settings, builder);
    rig.hub
        .repo("model", "acme/open")
        .commit(
            "Add it",
            Map.of(
                "a.txt",
                DevFile.text("a"),
                "b.txt",
                DevFile.text("b"),
                "c.txt",
                DevFile.text("c")));
  }

  private Rig.Answer get(String target) {
    return rig.get(target, Optional.empty());
  }

  @Test
  void a_next_page_elsewhere_is_not_followed_and_the_listing_not_taken_for_whole()
      throws Exception {
    start(DevHub.builder());
    rig.hub
        .faults()
        .on(Route.TREE)
        .status(
            200,
            Map.of(
                "Content-Type", "application/json",
                "Link", "<http://169.254.169.254/latest/meta-data?cursor=2>; rel=\"next\""),
            ONE_FILE);
    assertThat(get(TREE).status()).isEqualTo(503);
    assertThat(get(TREE + "&expand=true").status()).isEqualTo(503);
    Rig.Answer file = get("/acme/open/resolve/main/b.txt");
    assertThat(file.status()).isEqualTo(200);
    assertThat(file.text()).isEqualTo("b");
    assertThat(rig.tracesOnDisk(List.of("manifest"))).isEmpty();
  }

  @Test
  void pages_that_bring_nothing_come_to_an_end() throws Exception {
    start(DevHub.builder());
    rig.hub
        .faults()
        .on(Route.TREE)
        .status(
            200,
            Map.of(
                "Content-Type",
                "application/json",
                "Link",
                "<" + rig.hub.uri() + TREE + "&cursor=again>; rel=\"next\""),
            "[]");
    assertThat(get(TREE).status()).isEqualTo(503);
    assertThat(rig.hub.counters().requests(Route.TREE)).isLessThan(20);
  }

  /** A proxy that passes the Hub on often leaves the Hub's own name in links. */
  @Test
  void the_same_listing_under_another_name_is_asked_for_here() throws Exception {
    start(DevHub.builder().publicHost("hub.example"));
    rig.hub.treePageSize(1);
    Rig.Answer tree = get(TREE);
    assertThat(tree.status()).as(tree.text()).isEqualTo(200);
    assertThat(tree.text()).contains("a.txt", "b.txt", "c.txt");
    Rig.Answer expanded = get(TREE + "&expand=true&limit=1");
    assertThat(expanded.header("link").orElseThrow()).startsWith("<" + rig.app().uri() + "/api/");
    rig.settle();
    assertThat(rig.tracesOnDisk(List.of("manifest"))).isNotEmpty();
  }

  /** A commit does not shrink, so what is too large to be learned is not tried again. */
  @Test
  void a_listing_that_is_too_large_is_read_through_once() throws Exception {
    rig = new Rig(data, UntrustedListingTest::withTwoEntriesAtMost);
    rig.hub.treePageSize(1);
    rig.hub
        .repo("model", "acme/open")
        .commit(
            "Add it",
            Map.of(
                "a.txt",
                DevFile.text("a"),
                "b.txt",
                DevFile.text("b"),
                "c.txt",
                DevFile.text("c")));
    assertThat(get(TREE).status()).isEqualTo(200);
    rig.settle();
    long first = rig.hub.counters().requests(Route.TREE);
    Rig.Answer again = get(TREE);
    assertThat(again.text()).contains("a.txt");
    assertThat(again.header("link")).isPresent();
    assertThat(rig.hub.counters().requests(Route.TREE)).as("while it is kept").isEqualTo(first);
    rig.clock.pass(Duration.ofSeconds(61));
    assertThat(get(TREE).text()).contains("a.txt");
    assertThat(rig.hub.counters().requests(Route.TREE)).isEqualTo(first + 1);
  }

  private static AppSettings withTwoEntriesAtMost(AppSettings s) {
    MirrorSettings m = s.mirror();
    MirrorSettings small =
        new MirrorSettings(
            m.revisions(),
            m.aliasTtl(),
            m.refusedTtl(),
            m.gatedTtl(),
            m.headTimeout(),
            m.staleTimeout(),
            m.sharedTimeout(),
            m.apiTimeout(),
            m.quiet(),
            m.quietAtMost(),
            m.warmLimit(),
            m.listingLimit(),
            2,
            m.coldQuestions(),
            m.lists());
    return s.withMirror(small);
  }
}
