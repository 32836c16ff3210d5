package io.intrahub.mirror;

import static io.intrahub.mirror.MirrorRig.MAIN;
import static io.intrahub.mirror.MirrorRig.REPO;
import static io.intrahub.mirror.MirrorRig.everything;
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
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A client wants the Hub's word ({@code no-cache}) on a branch that has moved, and others are in
 * the middle of their loads: it gets the commit that the Hub names, and they do not.
 */
class DemandedCommitsTest {
  private static final List<String> NO_CACHE = List.of("no-cache");

  private final DevHub hub = DevHub.builder().start();
  private MirrorRig rig = new MirrorRig(DemandedCommitsTest::patient, hub);
  private DevRepo repo;
  private String first;

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

  /** Also on a slow machine, clients wait until the Hub has answered. */
  private static AppSettings patient(AppSettings s) {
    Duration ample = Duration.ofSeconds(30);
    return s.withMirror(s.mirror().withTimeouts(ample, ample));
  }

  private void pass(int seconds) {
    rig.clock.pass(Duration.ofSeconds(seconds));
  }

  private String second() {
    return repo.commit(
        "second", Map.of("a.json", DevFile.text("one"), "c.json", DevFile.text("3")));
  }

  /** A load is in progress, and has the first commit. */
  private void load() {
    assertThat(rig.commitOf("a.json")).isEqualTo(first);
    rig.settle();
    hub.counters().reset();
  }

  private FileAnswer.Found demanded(String path) {
    return (FileAnswer.Found) rig.file(MAIN, path, true);
  }

  private static String commit(ApiReply reply) {
    assertThat(reply).isInstanceOf(ApiReply.Ok.class);
    return ((ApiReply.Ok) reply).commit().orElseThrow().hex();
  }

  private void assertShown(String commit) {
    assertThat(rig.commitOf("a.json")).isEqualTo(commit);
    assertThat(commit(rig.info())).isEqualTo(commit);
    assertThat(commit(rig.tree(everything()))).isEqualTo(commit);
    assertThat(refs(List.of())).contains(commit);
  }

  private String refs(List<String> cacheControl) {
    try (ClientRequest client = ClientRequest.of(Caller.ANONYMOUS, cacheControl)) {
      RevisionRequest request = new RevisionRequest(REPO, Revision.DEFAULT, client);
      ApiReply reply = rig.mirror.histories().refs(request, "", MirrorRig.SELF);
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      try (ReplyBody body = ((ApiReply.Ok) reply).body()) {
        body.writeTo(out);
        return out.toString(StandardCharsets.UTF_8);
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }
  }

  @Test
  void it_alone_gets_the_hubs_word_on_every_route() {
    load();
    String second = second();
    for (int i = 0; i < 2; i++) {
      assertThat(demanded("a.json").commit().hex()).isEqualTo(second);
      assertThat(demanded("c.json").commit().hex()).isEqualTo(second);
      assertThat(commit(rig.info(REPO, NO_CACHE))).isEqualTo(second);
      assertThat(commit(rig.tree(Optional.empty(), everything(), NO_CACHE))).isEqualTo(second);
      assertThat(refs(NO_CACHE)).contains(second);
      assertShown(first);
    }
    rig.settle();
    pass(5);
    assertShown(second);
  }

  @Test
  void its_answer_is_fresh_and_names_no_other_commit() {
    load();
    second();
    CacheLabel label = demanded("a.json").label();
    assertThat(label.stale()).isFalse();
    assertThat(label.newer()).isEmpty();
    assertThat(label.age()).contains(Duration.ZERO);
  }

  @Test
  void a_client_in_the_middle_of_a_large_file_goes_on_with_its_commit() throws IOException {
    load();
    String second = second();
    try (ClientRequest slow = ClientRequest.of(Caller.ANONYMOUS, List.of())) {
      FileAnswer.Found large = (FileAnswer.Found) rig.file(REPO, MAIN, "a.json", slow);
      pass(20);
      assertThat(demanded("a.json").commit().hex()).isEqualTo(second);
      rig.settle();
      pass(20);
      assertThat(rig.commitOf("b.json")).isEqualTo(first);
      try (FileContent content = (FileContent) large.open(ByteRange.Span.all(1), true)) {
        assertThat(content.read(ByteBuffer.allocate(10))).isEqualTo(1);
      }
    }
    pass(5);
    assertThat(rig.commitOf("b.json")).isEqualTo(second);
  }

  /** A client that asks for the Hub's word again and again must not keep all others from it. */
  @Test
  void its_own_load_does_not_hold_the_branch_back() {
    load();
    String second = second();
    for (int i = 0; i < 4; i++) {
      assertThat(demanded("a.json").commit().hex()).isEqualTo(second);
      rig.settle();
      pass(2);
    }
    assertShown(second);
  }

  @Test
  void if_no_load_is_in_progress_all_see_the_commit() {
    load();
    String second = second();
    pass(10);
    assertThat(demanded("a.json").commit().hex()).isEqualTo(second);
    assertShown(second);
  }

  @Test
  void a_branch_that_goes_back_is_no_exception() {
    load();
    String second = second();
    pass(61);
    rig.commitOf("a.json");
    rig.settle();
    pass(10);
    assertShown(second);
    repo.ref("refs/heads/main", first);
    assertThat(demanded("a.json").commit().hex()).isEqualTo(first);
    assertShown(second);
  }

  @Test
  void in_an_outage_just_after_it_gets_what_all_get() throws Exception {
    load();
    String second = second();
    assertThat(demanded("a.json").commit().hex()).isEqualTo(second);
    rig.settle();
    hub.goDark();
    pass(2);
    FileAnswer.Found found = demanded("a.json");
    assertThat(found.commit().hex()).isEqualTo(first);
    assertThat(found.label().stale()).isTrue();
    assertThat(found.label().newer().orElseThrow().hex()).isEqualTo(second);
    hub.comeBack();
  }

  @Test
  void a_commit_whose_listing_cannot_be_had_is_asked_for_file_by_file() throws Exception {
    load();
    hub.faults().on(Route.TREE).status(503);
    String second = second();
    FileAnswer.Found found = demanded("a.json");
    assertThat(found.commit().hex()).isEqualTo(second);
    try (FileContent content =
        (FileContent) found.open(ByteRange.Span.all(found.blob().size()), true)) {
      ByteBuffer read = ByteBuffer.allocate(10);
      assertThat(content.read(read)).isEqualTo(3);
    }
    assertThat(rig.commitOf("a.json")).isEqualTo(first);
    hub.faults().clear();
  }

  /** Else the rest of a large load would be of another commit than its beginning. */
  @Test
  void beyond_its_limit_it_gets_the_last_word_of_the_hub() {
    rig.close();
    UnaryOperator<AppSettings> few =
        s -> patient(s).withMirror(patient(s).mirror().withColdQuestions(2));
    rig = new MirrorRig(few, hub);
    load();
    String second = second();
    for (int i = 0; i < 4; i++) {
      try (ClientRequest client = ClientRequest.of(Caller.anonymous("10.0.0.1"), NO_CACHE)) {
        FileAnswer.Found found = (FileAnswer.Found) rig.file(REPO, MAIN, "a.json", client);
        assertThat(found.commit().hex()).isEqualTo(second);
      }
    }
    rig.settle();
    assertThat(hub.counters().requests(Route.REPO_INFO)).isEqualTo(2);
    assertThat(rig.commitOf("a.json")).isEqualTo(first);
  }

  /** Clients wait long enough for a Hub that answers, and not long for one that does not. */
  private static AppSettings impatient(AppSettings s) {
    return s.withMirror(s.mirror().withTimeouts(Duration.ofSeconds(30), Duration.ofSeconds(3)));
  }

  /** Else its load would have files of two commits. */
  @Test
  void a_hub_that_becomes_slow_does_not_send_it_back_to_the_commit_of_the_others() {
    rig = rig.restarted(DemandedCommitsTest::impatient, hub);
    load();
    String second = second();
    assertThat(demanded("a.json").commit().hex()).isEqualTo(second);
    rig.settle();
    Stall slow = hub.faults().on(Route.REPO_INFO).hold();
    FileAnswer.Found next = demanded("c.json");
    slow.release();
    assertThat(next.commit().hex()).isEqualTo(second);
    assertThat(next.label().stale()).as("the Hub gave no answer").isTrue();
    assertThat(rig.commitOf("a.json")).isEqualTo(first);
  }

  @Test
  void a_hub_that_limits_the_mirror_does_not_either() {
    load();
    String second = second();
    assertThat(demanded("a.json").commit().hex()).isEqualTo(second);
    rig.settle();
    hub.faults().on(Route.REPO_INFO).always().status(429);
    assertThat(demanded("c.json").commit().hex()).isEqualTo(second);
    hub.faults().clear();
  }

  private void readAll(String path) throws IOException {
    FileAnswer.Found found = (FileAnswer.Found) rig.file(path);
    try (FileContent content =
        (FileContent) found.open(ByteRange.Span.all(found.blob().size()), true)) {
      ByteBuffer buffer = ByteBuffer.allocate(1_000);
      while (content.read(buffer) >= 0) {
        buffer.clear();
      }
    }
    rig.settle();
  }

  /** Which move is pending is in memory only; what the Hub said is in the store. */
  @Test
  void a_restart_of_the_mirror_does_not_either() throws IOException {
    load();
    readAll("a.json");
    hub.faults().on(Route.CDN).always().status(503);
    String second =
        repo.commit(
            "second",
            Map.of("a.json", DevFile.lfsGenerated(5, 50_000), "c.json", DevFile.text("3")));
    assertThat(demanded("a.json").commit().hex()).isEqualTo(second);
    rig.settle();
    rig = rig.restarted(DemandedCommitsTest::impatient, hub);
    Stall slow = hub.faults().on(Route.REPO_INFO).hold();
    FileAnswer.Found next = demanded("c.json");
    slow.release();
    assertThat(next.commit().hex()).isEqualTo(second);
  }

  /** It gets the commit alone, so a wait for what others need would be for nothing. */
  @Test
  void it_does_not_wait_for_the_files_of_the_commit_at_each_request() throws IOException {
    rig = rig.restarted(DemandedCommitsTest::impatient, hub);
    load();
    readAll("a.json");
    String second = repo.commit("second", Map.of("a.json", DevFile.lfsGenerated(5, 50_000)));
    Stall files = hub.faults().on(Route.CDN).hold();
    assertThat(demanded("b.json").commit().hex()).isEqualTo(second);
    pass(20);
    long began = System.nanoTime();
    for (int i = 0; i < 5; i++) {
      assertThat(demanded("b.json").commit().hex()).isEqualTo(second);
      pass(20);
    }
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(9));
    files.release();
  }

  /**
   * It asks for an answer of some age. That of the mirror is new, and of the commit of its load.
   */
  @Test
  void a_client_that_limits_the_age_has_the_hub_asked_and_its_load_not_mixed() {
    load();
    String second = second();
    pass(20);
    assertThat(limited("a.json")).as("no load is in progress").isEqualTo(second);
    String third = repo.commit("third", Map.of("a.json", DevFile.text("three")));
    for (int i = 0; i < 4; i++) {
      pass(4);
      assertThat(limited("a.json")).isEqualTo(second);
    }
    assertThat(hub.counters().requests(Route.REPO_INFO)).isEqualTo(2);
    rig.settle();
    pass(5);
    assertThat(limited("a.json")).isEqualTo(third);
  }

  private String limited(String path) {
    FileAnswer answer = rig.file(REPO, MAIN, path, List.of("max-age=10"));
    return ((FileAnswer.Found) answer).commit().hex();
  }

  @Test
  void it_alone_is_told_that_a_branch_was_deleted() {
    load();
    repo.commit("dev", "other", Map.of("x", DevFile.text("x")));
    repo.defaultBranch("dev").deleteRef("refs/heads/main");
    ErrorReply word = (ErrorReply) rig.file(MAIN, "a.json", true);
    assertThat(word.error().code()).contains("RevisionNotFound");
    assertThat(rig.commitOf("a.json")).isEqualTo(first);
  }

  /** As all others, who come while the Hub need not be asked first. */
  @Test
  void one_who_waited_for_the_first_word_of_a_deletion_gets_the_last_commit() {
    load();
    repo.commit("dev", "other", Map.of("x", DevFile.text("x")));
    pass(500);
    // The repo stays known as open.
    assertThat(rig.file(new Revision("dev"), "x", false)).isInstanceOf(FileAnswer.Found.class);
    repo.defaultBranch("dev").deleteRef("refs/heads/main");
    pass(200);
    assertThat(rig.commitOf("a.json")).isEqualTo(first);
    assertThat(rig.commitOf("b.json")).isEqualTo(first);
    rig.settle();
    pass(10);
    ErrorReply gone = (ErrorReply) rig.file("a.json");
    assertThat(gone.error().code()).contains("RevisionNotFound");
  }
}
