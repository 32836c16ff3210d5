package io.intrahub.mirror;

import static io.intrahub.mirror.MirrorRig.MAIN;
import static io.intrahub.mirror.MirrorRig.REPO;
import static io.intrahub.mirror.MirrorRig.everything;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.TestGrants;
import io.intrahub.cli.AppSettings;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Visibility;
import io.intrahub.hub.ByteRange;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One observation for all routes, and when it changes. */
class RevisionResolverTest {
  private final DevHub hub = DevHub.builder().start();
  private final MirrorRig rig = new MirrorRig(RevisionResolverTest::patient, hub);
  private DevRepo repo;
  private String first;

  /** Also on a slow machine, clients wait until the Hub has answered. */
  private static AppSettings patient(AppSettings s) {
    Duration ample = Duration.ofSeconds(30);
    return s.withMirror(s.mirror().withTimeouts(ample, ample));
  }

  @BeforeEach
  void fill() {
    repo = hub.repo("model", "acme/x");
    first = repo.commit("first", Map.of("a.json", DevFile.text("1"), "b.json", DevFile.text("2")));
  }

  @AfterEach
  void stop() {
    rig.settle();
    rig.close();
    hub.close();
  }

  /** All routes are asked and must agree. */
  private String shown() {
    String commit = rig.commitOf("a.json");
    assertThat(commit(rig.info())).isEqualTo(commit);
    assertThat(commit(rig.tree(everything()))).isEqualTo(commit);
    assertThat(rig.commitOf("b.json")).isEqualTo(commit);
    return commit;
  }

  private static String commit(ApiReply reply) {
    assertThat(reply).isInstanceOf(ApiReply.Ok.class);
    return ((ApiReply.Ok) reply).commit().orElseThrow().hex();
  }

  private void load() {
    assertThat(shown()).isEqualTo(first);
    rig.settle();
    hub.counters().reset();
  }

  private String second() {
    return repo.commit(
        "second", Map.of("a.json", DevFile.text("one"), "new.json", DevFile.text("3")));
  }

  private void pass(int seconds) {
    rig.clock.pass(Duration.ofSeconds(seconds));
  }

  @Test
  void what_is_fresh_makes_no_call() {
    load();
    pass(59);
    assertThat(shown()).isEqualTo(first);
    assertThat(((ErrorReply) rig.file("nope")).error().code()).contains("EntryNotFound");
    rig.settle();
    assertThat(hub.counters().requests()).isZero();
  }

  @Test
  void after_its_time_it_costs_one_call_behind_the_clients_back() {
    load();
    pass(61);
    assertThat(shown()).isEqualTo(first);
    rig.settle();
    assertThat(shown()).isEqualTo(first);
    rig.settle();
    assertThat(hub.counters().requests()).isEqualTo(1);
    assertThat(hub.counters().requests(Route.REPO_INFO)).isEqualTo(1);
  }

  @Test
  void a_moved_branch_appears_after_five_quiet_seconds_everywhere() {
    load();
    String second = second();
    pass(61);
    assertThat(shown()).isEqualTo(first);
    rig.settle();
    for (int i = 0; i < 5; i++) {
      pass(4);
      assertThat(shown()).isEqualTo(first);
    }
    pass(5);
    assertThat(shown()).isEqualTo(second);
    rig.settle();
    assertThat(hub.counters().requests(Route.TREE)).isEqualTo(1);
    assertThat(shown()).isEqualTo(second);
  }

  @Test
  void a_moved_branch_appears_after_a_minute_however_busy_it_is() {
    load();
    String second = second();
    pass(61);
    shown();
    rig.settle();
    for (int i = 0; i < 14; i++) {
      pass(4);
      assertThat(shown()).as("after %d s", 4 * (i + 1)).isEqualTo(first);
    }
    pass(4);
    assertThat(shown()).isEqualTo(second);
  }

  @Test
  void a_moved_branch_does_not_appear_before_its_files_are_known() {
    load();
    String second = second();
    hub.faults().on(Route.TREE).status(503);
    pass(61);
    shown();
    rig.settle();
    pass(30);
    assertThat(shown()).isEqualTo(first);
    hub.faults().clear();
    pass(31);
    assertThat(rig.commitOf("a.json")).isEqualTo(second);
  }

  /** A nightly job would else be one commit behind for ever. */
  @Test
  void after_a_long_time_the_first_who_asks_gets_the_new_commit() {
    load();
    String second = second();
    pass(3_600);
    assertThat(rig.commitOf("a.json")).isEqualTo(second);
    assertThat(shown()).isEqualTo(second);
  }

  @Test
  void after_a_long_time_one_question_is_enough() {
    load();
    pass(3_600);
    assertThat(shown()).isEqualTo(first);
    rig.settle();
    assertThat(hub.counters().requests()).isEqualTo(1);
    assertThat(hub.counters().requests(Route.REPO_INFO)).isEqualTo(1);
  }

  /** The load began while the Hub was away, and goes on when it is back. */
  @Test
  void a_load_that_began_in_an_outage_does_not_mix_commits() throws Exception {
    load();
    String second = second();
    hub.goDark();
    pass(3_600);
    assertThat(rig.commitOf("a.json")).isEqualTo(first);
    pass(4);
    assertThat(rig.commitOf("a.json")).isEqualTo(first);
    hub.comeBack();
    pass(2);
    assertThat(shown()).isEqualTo(first);
    rig.settle();
    pass(5);
    assertThat(shown()).isEqualTo(second);
  }

  @Test
  void also_if_other_revisions_kept_the_repo_known_as_open() {
    repo.branch("dev", first);
    load();
    String second = second();
    pass(500);
    assertThat(rig.file(new Revision("dev"), "a.json", false)).isInstanceOf(FileAnswer.Found.class);
    pass(200);
    assertThat(rig.commitOf("a.json")).isEqualTo(second);
    assertThat(shown()).isEqualTo(second);
  }

  @Test
  void an_absence_is_looked_at_again_when_the_commit_may_be_old() {
    load();
    String second = second();
    ErrorReply fresh = (ErrorReply) rig.file("new.json");
    assertThat(fresh.commit().orElseThrow().hex()).isEqualTo(first);
    assertThat(hub.counters().requests()).isZero();
    pass(61);
    FileAnswer.Found found = (FileAnswer.Found) rig.file("new.json");
    assertThat(found.commit().hex()).isEqualTo(second);
  }

  @Test
  void a_deleted_branch_is_forgotten_even_if_it_had_moved_before() {
    load();
    second();
    pass(61);
    shown();
    rig.settle();
    repo.commit("dev", "other", Map.of("x", DevFile.text("x")));
    repo.defaultBranch("dev").deleteRef("refs/heads/main");
    ErrorReply now = (ErrorReply) rig.file(MAIN, "a.json", true);
    assertThat(now.error().code()).contains("RevisionNotFound");
    pass(10);
    ErrorReply later = (ErrorReply) rig.file("a.json");
    assertThat(later.error().code()).contains("RevisionNotFound");
  }

  @Test
  void while_the_hub_is_down_what_is_there_is_served_as_stale() throws Exception {
    load();
    try (FileContent fileContent = open("a.json")) {
      assertThat(fileContent.read(ByteBuffer.allocate(10))).isEqualTo(1);
    }
    hub.goDark();
    pass(3_600);
    FileAnswer.Found found = (FileAnswer.Found) rig.file("a.json");
    assertThat(found.commit().hex()).isEqualTo(first);
    assertThat(found.label().stale()).isTrue();
    assertThat(found.label().age()).contains(Duration.ofSeconds(3_600));
    assertThat(((ApiReply.Ok) rig.info()).label().stale()).isTrue();
    ErrorReply other = (ErrorReply) rig.file(new Revision("v1"), "a.json", false);
    assertThat(other.error().status()).isEqualTo(504);
    hub.comeBack();
  }

  private FileContent open(String path) {
    FileAnswer.Found found = (FileAnswer.Found) rig.file(path);
    return (FileContent) found.open(ByteRange.Span.all(found.blob().size()), true);
  }

  @Test
  void a_repo_that_was_closed_is_closed_here_after_its_verdict_ends() {
    load();
    repo.visibility(Visibility.PRIVATE);
    pass(601);
    ErrorReply refused = (ErrorReply) rig.file("a.json");
    assertThat(refused.error().code()).contains("RepoNotFound");
    assertThat(refused.error().status()).isEqualTo(401);
    // Also the exact commit, which never changes.
    assertThat(rig.file(new Revision(first), "a.json", false)).isInstanceOf(ErrorReply.class);
    hub.goDark();
    assertThat(rig.file("a.json")).isInstanceOf(ErrorReply.class);
    hub.comeBack();
  }

  @Test
  void another_mirror_that_answers_in_the_hubs_place_closes_nothing() {
    try (DevHub other = DevHub.builder().start();
        MirrorRig two = new MirrorRig(hub, other)) {
      other.repo("model", "acme/x").commit("first", Map.of("a.json", DevFile.text("1")));
      assertThat(two.commitOf("a.json")).isEqualTo(first);
      two.settle();
      hub.goDark();
      two.clock.pass(Duration.ofSeconds(120));
      assertThat(two.commitOf("a.json")).isEqualTo(first);
      two.settle();
      two.clock.pass(Duration.ofSeconds(3_600));
      FileAnswer.Found found = (FileAnswer.Found) two.file("a.json");
      assertThat(found.commit().hex()).isEqualTo(first);
      assertThat(found.label().source()).isEqualTo(CacheLabel.Source.HIT);
      assertThat(found.label().stale()).isTrue();
      two.settle();
      hub.comeBack();
    }
  }

  @Test
  void another_mirror_alone_passes_through_and_is_not_kept() {
    try (DevHub other = DevHub.builder().start();
        MirrorRig two = new MirrorRig(hub, other)) {
      String commit =
          other.repo("model", "acme/x").commit("other", Map.of("z.json", DevFile.text("z")));
      hub.goDark();
      FileAnswer.Found found = (FileAnswer.Found) two.file("z.json");
      assertThat(found.commit().hex()).isEqualTo(commit);
      assertThat(found.label().source()).isEqualTo(CacheLabel.Source.BYPASS);
      assertThat(two.store.repos().confirmedAt(TestGrants.open(REPO))).isEmpty();
      two.settle();
      hub.comeBack();
    }
  }

  @Test
  void an_old_name_is_kept_under_the_new_one() {
    repo.renamedFrom("old/name");
    RepoId old = new RepoId(REPO.type(), "old/name");
    FileAnswer.Found found = (FileAnswer.Found) rig.file(old, MAIN, "a.json", List.of());
    assertThat(found.commit().hex()).isEqualTo(first);
    rig.settle();
    hub.counters().reset();
    assertThat(rig.commitOf("a.json")).isEqualTo(first);
    ApiReply info = rig.info(old, List.of());
    assertThat(commit(info)).isEqualTo(first);
    assertThat(hub.counters().requests(Route.RESOLVE)).isZero();
  }
}
