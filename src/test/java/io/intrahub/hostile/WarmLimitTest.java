package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import io.intrahub.metrics.Meters.CommitEvent;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code new-commits.warm-limit} holds for a repo, however many of its branches move. */
class WarmLimitTest {
  private static final int SIZE = 200_000;

  @TempDir private Path data;
  private Rig rig;
  private DevRepo repo;

  @BeforeEach
  void start() {
    rig = new Rig(data, s -> s.withMirror(s.mirror().withWarmLimit(SIZE + SIZE / 2)));
    repo = rig.hub.repo("model", "acme/x");
    String first = repo.commit("first", "model.bin", model(1));
    repo.branch("dev", first);
    ask("main");
    ask("dev");
    assertThat(rig.get("/acme/x/resolve/main/model.bin", Optional.empty()).status()).isEqualTo(200);
    rig.settle();
    rig.clock.pass(Duration.ofSeconds(61));
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  private static DevFile model(int seed) {
    return DevFile.lfsGenerated(seed, SIZE);
  }

  private void ask(String branch) {
    assertThat(rig.get("/api/models/acme/x/revision/" + branch, Optional.empty()).status())
        .isEqualTo(200);
  }

  private long count(CommitEvent event) {
    return rig.app().meters().commitCount(event);
  }

  private void dev(int seed) {
    String main = repo.commitOf("main").orElseThrow();
    repo.branch("dev", repo.commit("of dev", "model.bin", model(seed)));
    repo.branch("main", main);
  }

  @Test
  void two_branches_that_move_at_the_same_time_share_it() {
    repo.commit("second", "model.bin", model(2));
    dev(3);
    Stall stall = rig.hub.faults().on(Route.CDN).hold();
    ask("main");
    stall.awaitReached(1);
    ask("dev");
    await().atMost(Duration.ofSeconds(30)).until(() -> count(CommitEvent.PARTIAL) == 1);
    assertThat(stall.reached()).isEqualTo(1);
    stall.release();
    rig.settle();
    assertThat(count(CommitEvent.WARMED)).isEqualTo(1);
    assertThat(rig.app().meters().warmedFileCount()).isEqualTo(1);

    // All have ended, so the next one has all of it.
    dev(4);
    rig.clock.pass(Duration.ofSeconds(61));
    ask("dev");
    rig.settle();
    assertThat(count(CommitEvent.WARMED)).isEqualTo(2);
  }

  @Test
  void two_branches_that_move_to_the_same_commit_use_it_once() {
    repo.branch("dev", repo.commit("second", "model.bin", model(2)));
    bothShare(2);
    assertThat(rig.app().meters().warmedFileCount()).isPositive();
  }

  @Test
  void two_commits_that_share_a_new_file_use_it_once() {
    DevFile shared = model(2);
    repo.commit("second", "model.bin", shared);
    String main = repo.commitOf("main").orElseThrow();
    repo.branch(
        "dev", repo.commit("of dev", Map.of("model.bin", shared, "a.txt", DevFile.text("a"))));
    repo.branch("main", main);
    bothShare(2);
  }

  /** The second asks for its share while the first still fetches the file. */
  private void bothShare(int commits) {
    Stall stall = rig.hub.faults().on(Route.CDN).hold();
    ask("main");
    stall.awaitReached(1);
    ask("dev");
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> readersOfTransfers() == 2 || count(CommitEvent.PARTIAL) > 0);
    stall.release();
    rig.settle();
    assertThat(count(CommitEvent.WARMED)).isEqualTo(commits);
    assertThat(count(CommitEvent.PARTIAL)).isZero();
  }

  private int readersOfTransfers() {
    return rig.app().status().loads().stream().mapToInt(load -> load.readers()).sum();
  }
}
