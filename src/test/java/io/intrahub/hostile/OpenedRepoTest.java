package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Visibility;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A private repo moves and is opened to all while one who may read it is loading it. */
class OpenedRepoTest {
  private static final Optional<String> NOBODY = Optional.empty();
  private static final Optional<String> ALICE = Optional.of("hf_alice");
  private static final String FILE = "/acme/own/resolve/main/a.txt";

  @TempDir private Path data;
  private Rig rig;
  private DevRepo repo;
  private String first;

  @BeforeEach
  void start() {
    rig = new Rig(data);
    rig.hub.token(ALICE.get(), "alice");
    repo = rig.hub.repo("model", "acme/own").visibility(Visibility.PRIVATE).allow(ALICE.get());
    first = repo.commit("First", "a.txt", DevFile.text("a"));
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  private String commit(Optional<String> token) {
    Rig.Answer answer = rig.get(FILE, token);
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    return answer.header("x-repo-commit").orElseThrow();
  }

  /** That nobody else may read the repo is remembered for a minute, which has nearly passed. */
  private void load() {
    assertThat(commit(ALICE)).isEqualTo(first);
    rig.clock.pass(Duration.ofSeconds(58));
    assertThat(commit(ALICE)).isEqualTo(first);
    rig.settle();
  }

  @Test
  void the_first_question_of_a_stranger_does_not_move_the_branch_in_the_middle_of_a_load() {
    load();
    String second = repo.visibility(Visibility.PUBLIC).commit("Second", "a.txt", DevFile.text("b"));
    rig.clock.pass(Duration.ofSeconds(3));
    assertThat(commit(NOBODY)).isEqualTo(first);
    assertThat(commit(ALICE)).isEqualTo(first);
    rig.settle();
    rig.clock.pass(Duration.ofSeconds(5));
    assertThat(commit(NOBODY)).isEqualTo(second);
    assertThat(commit(ALICE)).isEqualTo(second);
  }

  @Test
  void it_does_if_no_load_is_in_progress() {
    load();
    String second = repo.visibility(Visibility.PUBLIC).commit("Second", "a.txt", DevFile.text("b"));
    rig.clock.pass(Duration.ofSeconds(5));
    assertThat(commit(NOBODY)).isEqualTo(second);
    assertThat(commit(ALICE)).isEqualTo(second);
  }
}
