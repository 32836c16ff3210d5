package io.intrahub.mirror;

import static io.intrahub.mirror.MirrorRig.MAIN;
import static io.intrahub.mirror.MirrorRig.REPO;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.AccessToken;
import io.intrahub.access.Authority;
import io.intrahub.access.Caller;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import io.intrahub.devhub.Visibility;
import io.intrahub.hub.ByteRange;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A branch moves while a client reads one large file of it, which takes longer than a pause. */
class SlowLoadsTest {
  private final DevHub hub = DevHub.builder().start();
  private MirrorRig rig = new MirrorRig(hub);
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

  private void pass(int seconds) {
    rig.clock.pass(Duration.ofSeconds(seconds));
  }

  private String second() {
    return repo.commit(
        "second", Map.of("a.json", DevFile.text("one"), "b.json", DevFile.text("two")));
  }

  private static ClientRequest client() {
    return ClientRequest.of(Caller.ANONYMOUS, List.of());
  }

  private static void readAll(FileAnswer.Found found) throws IOException {
    ByteRange.Span all = ByteRange.Span.all(found.blob().size());
    try (FileContent content = (FileContent) found.open(all, true)) {
      ByteBuffer buffer = ByteBuffer.allocate(1_000);
      while (content.read(buffer) >= 0) {
        buffer.clear();
      }
    }
  }

  @Test
  void a_branch_does_not_move_while_a_file_of_it_is_read_nor_just_after() throws IOException {
    assertThat(rig.commitOf("a.json")).isEqualTo(first);
    rig.settle();
    pass(61);
    String second = second();
    try (ClientRequest slow = client()) {
      FileAnswer.Found found = (FileAnswer.Found) rig.file(REPO, MAIN, "a.json", slow);
      assertThat(found.commit().hex()).isEqualTo(first);
      rig.settle();
      pass(30);
      readAll(found);
    }
    pass(4);
    assertThat(rig.commitOf("b.json")).isEqualTo(first);
    rig.settle();
    pass(5);
    assertThat(rig.commitOf("b.json")).isEqualTo(second);
  }

  /** So the moment at which it began is not forgotten when the next question is asked late. */
  @Test
  void nor_if_the_load_began_with_a_file_of_which_nothing_was_known() throws IOException {
    try (ClientRequest slow = client()) {
      FileAnswer.Found found = (FileAnswer.Found) rig.file(REPO, MAIN, "a.json", slow);
      assertThat(found.commit().hex()).isEqualTo(first);
      rig.settle();
      second();
      pass(3_600);
      readAll(found);
    }
    assertThat(rig.commitOf("b.json")).isEqualTo(first);
  }

  /** It is shown the commit of the load in progress. */
  @Test
  void a_stranger_does_not_wait_for_the_listing_of_the_next_commit() {
    rig.close();
    rig =
        new MirrorRig(
            s ->
                s.withMirror(
                    s.mirror().withTimeouts(Duration.ofSeconds(10), Duration.ofSeconds(10))),
            hub);
    hub.token("hf_alice", "alice");
    repo.visibility(Visibility.PRIVATE).allow("hf_alice");
    Caller alice =
        new Caller(new Authority.TokenHolder("alice"), AccessToken.of("hf_alice"), "10.0.0.1");
    try (ClientRequest load = ClientRequest.of(alice, List.of())) {
      FileAnswer.Found found = (FileAnswer.Found) rig.file(REPO, MAIN, "a.json", load);
      assertThat(found.commit().hex()).isEqualTo(first);
      rig.settle();
      pass(61);
      repo.visibility(Visibility.PUBLIC);
      second();
      Stall listing = hub.faults().on(Route.TREE).hold();
      assertThat(rig.commitOf("a.json")).isEqualTo(first);
      listing.release();
    }
  }

  @Test
  void a_branch_moves_a_minute_after_it_could_although_a_file_of_it_is_still_read() {
    assertThat(rig.commitOf("a.json")).isEqualTo(first);
    rig.settle();
    pass(61);
    String second = second();
    try (ClientRequest slow = client()) {
      assertThat(rig.file(REPO, MAIN, "a.json", slow)).isInstanceOf(FileAnswer.Found.class);
      rig.settle();
      pass(59);
      assertThat(rig.commitOf("b.json")).isEqualTo(first);
      pass(1);
      assertThat(rig.commitOf("b.json")).isEqualTo(second);
    }
  }
}
