package io.intrahub.mirror;

import static io.intrahub.mirror.MirrorRig.MAIN;
import static io.intrahub.mirror.MirrorRig.REPO;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.Caller;
import io.intrahub.cli.AppSettings;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import io.intrahub.hub.ByteRange;
import io.intrahub.hub.Revision;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * transformers 5 asks for repo info without a revision, and for files at {@code main}; other
 * clients ask for {@code main} only. All files of a load are of one commit.
 */
@Timeout(60)
class DefaultBranchTest {
  private final DevHub hub = DevHub.builder().start();
  private MirrorRig rig = new MirrorRig(DefaultBranchTest::patient, hub);
  private DevRepo repo;
  private String first;

  @BeforeEach
  void fill() {
    repo = hub.repo("model", "acme/x");
    first = commit("1");
  }

  @AfterEach
  void stop() {
    rig.settle();
    rig.close();
    hub.close();
  }

  /** Also on a slow machine, clients wait until the Hub has answered. */
  private static AppSettings patient(AppSettings s) {
    Duration ample = Duration.ofSeconds(30);
    return s.withMirror(s.mirror().withTimeouts(ample, ample));
  }

  private String commit(String content) {
    return repo.commit("main", content, Map.of("a.json", DevFile.text(content)));
  }

  private void pass(int seconds) {
    rig.settle();
    rig.clock.pass(Duration.ofSeconds(seconds));
  }

  /** The commit that repo info without a revision names. */
  private String info(String... cacheControl) {
    try (ClientRequest client = ClientRequest.of(Caller.ANONYMOUS, List.of(cacheControl))) {
      ApiReply reply = rig.mirror.infos().info(REPO, Optional.empty(), "", client, "");
      assertThat(reply).isInstanceOf(ApiReply.Ok.class);
      return ((ApiReply.Ok) reply).commit().orElseThrow().hex();
    }
  }

  private String main() {
    return rig.commitOf("a.json");
  }

  /** As transformers 5 loads: repo info before each part, and the weights at {@code main}. */
  private String load() {
    String commit = info();
    assertThat(info()).as("the second part").isEqualTo(commit);
    assertThat(main()).as("the weights").isEqualTo(commit);
    assertThat(info()).as("the third part").isEqualTo(commit);
    return commit;
  }

  private void readAll() throws IOException {
    FileAnswer.Found found = (FileAnswer.Found) rig.file("a.json");
    try (FileContent content =
        (FileContent) found.open(ByteRange.Span.all(found.blob().size()), true)) {
      ByteBuffer buffer = ByteBuffer.allocate(1_000);
      while (content.read(buffer) >= 0) {
        buffer.clear();
      }
    }
  }

  private CacheLabel label(Revision revision) {
    return ((FileAnswer.Found) rig.file(revision, "a.json", false)).label();
  }

  @Test
  void a_move_that_a_client_of_main_makes_visible_is_one_of_the_default_branch() {
    assertThat(load()).isEqualTo(first);
    pass(50);
    assertThat(info()).as("confirmed later than main").isEqualTo(first);
    pass(20);
    String second = commit("2");
    assertThat(main()).as("asks the Hub").isEqualTo(first);
    pass(6);
    assertThat(main()).isEqualTo(second);
    assertThat(load()).isEqualTo(second);
  }

  @Test
  void a_move_that_a_load_makes_visible_is_one_of_main() {
    assertThat(load()).isEqualTo(first);
    pass(70);
    String second = commit("2");
    assertThat(info()).as("asks the Hub").isEqualTo(first);
    pass(3);
    assertThat(info()).as("the load goes on").isEqualTo(first);
    pass(3);
    assertThat(main()).as("the load goes on").isEqualTo(first);
    pass(6);
    assertThat(main()).isEqualTo(second);
    assertThat(load()).isEqualTo(second);
  }

  @Test
  void requests_without_a_revision_hold_main_back() {
    assertThat(load()).isEqualTo(first);
    pass(70);
    String second = commit("2");
    assertThat(main()).isEqualTo(first);
    for (int i = 0; i < 5; i++) {
      pass(3);
      assertThat(info()).isEqualTo(first);
    }
    pass(3);
    assertThat(main()).as("the load without a revision goes on").isEqualTo(first);
    pass(6);
    assertThat(load()).isEqualTo(second);
  }

  /** Nobody has to wait for the Hub because of a new client. */
  @Test
  void the_first_question_without_a_revision_names_the_commit_that_main_shows() {
    assertThat(main()).isEqualTo(first);
    pass(30);
    String second = commit("2");
    assertThat(main()).isEqualTo(first);
    assertThat(info()).as("asks the Hub").isEqualTo(first);
    assertThat(load()).isEqualTo(first);
    pass(6);
    assertThat(load()).isEqualTo(second);
    assertThat(main()).isEqualTo(second);
  }

  @Test
  void if_nobody_loads_main_the_first_question_without_a_revision_moves_both() {
    assertThat(main()).isEqualTo(first);
    pass(3_600);
    String second = commit("2");
    assertThat(load()).isEqualTo(second);
  }

  @Test
  void the_first_question_about_main_names_the_commit_that_the_default_branch_shows() {
    assertThat(info()).isEqualTo(first);
    rig.settle();
    String second = commit("2");
    assertThat(main()).as("asks the Hub").isEqualTo(first);
    assertThat(load()).isEqualTo(first);
    pass(6);
    assertThat(load()).isEqualTo(second);
  }

  /** It is asked for so rarely that others may have loaded {@code main} meanwhile. */
  @Test
  void what_is_old_of_one_does_not_move_it_in_the_middle_of_a_load_of_the_other() {
    assertThat(load()).isEqualTo(first);
    for (int i = 0; i < 14; i++) {
      pass(60);
      assertThat(info()).isEqualTo(first);
    }
    pass(10);
    assertThat(info()).as("a load begins").isEqualTo(first);
    commit("2");
    assertThat(main()).as("asks the Hub first").isEqualTo(first);
    assertThat(load()).isEqualTo(first);
  }

  @Test
  void a_client_that_wants_the_hubs_word_gets_it_and_a_load_goes_on() {
    assertThat(load()).isEqualTo(first);
    rig.settle();
    String second = commit("2");
    assertThat(info("no-cache")).isEqualTo(second);
    assertThat(((FileAnswer.Found) rig.file(MAIN, "a.json", true)).commit().hex())
        .isEqualTo(second);
    assertThat(load()).isEqualTo(first);
    pass(6);
    assertThat(load()).isEqualTo(second);
  }

  @Test
  void a_default_branch_of_another_name_is_not_main() {
    repo.commit("dev", "dev", Map.of("a.json", DevFile.text("dev")));
    String dev = repo.commitOf("dev").orElseThrow();
    repo.defaultBranch("dev");
    assertThat(info()).isEqualTo(dev);
    assertThat(main()).isEqualTo(first);
    pass(70);
    String second = commit("2");
    assertThat(main()).isEqualTo(first);
    pass(6);
    assertThat(main()).isEqualTo(second);
    assertThat(info()).isEqualTo(dev);
  }

  @Test
  void a_default_branch_that_was_at_the_same_commit_parts_from_main() {
    repo.ref("refs/heads/dev", first);
    repo.defaultBranch("dev");
    assertThat(load()).isEqualTo(first);
    pass(70);
    repo.commit("dev", "dev", Map.of("a.json", DevFile.text("dev")));
    String dev = repo.commitOf("dev").orElseThrow();
    assertThat(info()).isEqualTo(first);
    pass(6);
    assertThat(info()).isEqualTo(dev);
    assertThat(main()).isEqualTo(first);
    pass(70);
    String second = commit("2");
    assertThat(main()).isEqualTo(first);
    pass(6);
    assertThat(main()).isEqualTo(second);
    assertThat(info()).isEqualTo(dev);
  }

  /** A branch never goes back because another one is at the same commit by chance. */
  @Test
  void a_branch_that_reaches_the_commit_of_the_default_branch_does_not_take_it_back() {
    repo.commit("dev", "dev", Map.of("a.json", DevFile.text("dev")));
    String dev = repo.commitOf("dev").orElseThrow();
    repo.defaultBranch("dev");
    assertThat(info()).isEqualTo(dev);
    assertThat(main()).isEqualTo(first);
    pass(70);
    repo.ref("refs/heads/main", dev);
    assertThat(main()).isEqualTo(first);
    rig.settle();
    assertThat(info()).isEqualTo(dev);
    pass(6);
    assertThat(load()).isEqualTo(dev);
  }

  @Test
  void without_an_answer_about_the_other_they_are_two_until_the_next_one() {
    assertThat(load()).isEqualTo(first);
    pass(70);
    String second = commit("2");
    Stall slow = hub.faults().on(Route.REPO_INFO).skip(1).hold();
    assertThat(info()).isEqualTo(first);
    slow.release();
    pass(6);
    assertThat(info()).isIn(first, second);
    pass(70);
    assertThat(main()).isIn(first, second);
    pass(6);
    assertThat(load()).isEqualTo(second);
  }

  @Test
  void an_outage_just_after_the_move_changes_neither() throws Exception {
    assertThat(load()).isEqualTo(first);
    pass(70);
    String second = commit("2");
    assertThat(main()).isEqualTo(first);
    pass(6);
    assertThat(main()).isEqualTo(second);
    rig.settle();
    hub.goDark();
    pass(1_000);
    assertThat(load()).isEqualTo(second);
    hub.comeBack();
  }

  @Test
  void in_an_outage_before_the_move_both_name_the_newer_commit() throws Exception {
    rig.close();
    rig = new MirrorRig(s -> patient(s.withMirror(s.mirror().withWarmLimit(0))), hub);
    assertThat(load()).isEqualTo(first);
    readAll();
    pass(70);
    String second = commit("2");
    assertThat(main()).isEqualTo(first);
    rig.settle();
    hub.goDark();
    pass(1_000);
    assertThat(load()).isEqualTo(first);
    assertThat(label(MAIN).newer().orElseThrow().hex()).isEqualTo(second);
    assertThat(label(Revision.DEFAULT).newer().orElseThrow().hex()).isEqualTo(second);
    hub.comeBack();
  }

  @Test
  void a_restart_in_between_changes_nothing() {
    assertThat(load()).isEqualTo(first);
    pass(70);
    String second = commit("2");
    assertThat(main()).isEqualTo(first);
    rig.settle();
    rig = rig.restarted(DefaultBranchTest::patient, hub);
    assertThat(load()).as("nobody is known to load it").isIn(first, second);
    pass(70);
    assertThat(load()).isIn(first, second);
    pass(6);
    assertThat(load()).isEqualTo(second);
    rig = rig.restarted(DefaultBranchTest::patient, hub);
    assertThat(load()).isEqualTo(second);
  }

  @Test
  void a_move_costs_one_more_question_and_a_load_that_finds_it_known_none() {
    assertThat(load()).isEqualTo(first);
    pass(70);
    hub.counters().reset();
    assertThat(load()).isEqualTo(first);
    rig.settle();
    assertThat(hub.counters().requests(Route.REPO_INFO)).as("no move").isEqualTo(2);
    pass(70);
    commit("2");
    hub.counters().reset();
    assertThat(main()).isEqualTo(first);
    rig.settle();
    assertThat(load()).isEqualTo(first);
    rig.settle();
    assertThat(hub.counters().requests(Route.REPO_INFO)).as("a move").isEqualTo(2);
    pass(6);
    load();
    rig.settle();
    hub.counters().reset();
    load();
    assertThat(hub.counters().requests(Route.REPO_INFO)).as("a load of what is known").isZero();
  }
}
