package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Route;
import io.intrahub.metrics.Meters.CommitEvent;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Of a change that exceeds {@code new-commits.warm-limit}, the small files are fetched ahead: a
 * large one, whose path may come first, must not use up what they need.
 */
class LargeChangeTest {
  /** Its path comes before those of the small files, so it is looked at first. */
  private static final String LARGE_PATH = "a-model.bin";

  private static final DevFile LARGE = DevFile.lfsGenerated(1, 11 << 20);
  private static final int SMALL_SIZE = 500_000;
  private static final long LIMIT = 12 << 20;

  @TempDir private Path data;
  private Rig rig;
  private DevRepo repo;

  @BeforeEach
  void start() {
    rig = new Rig(data, s -> s.withMirror(s.mirror().withWarmLimit(LIMIT)));
    repo = rig.hub.repo("model", "acme/x");
    Map<String, DevFile> first = new TreeMap<>(small(4, 100));
    first.put(LARGE_PATH, DevFile.lfsGenerated(2, 1_000));
    repo.commit("first", first);
    first.keySet().forEach(path -> assertThat(load("main", path).status()).as(path).isEqualTo(200));
    rig.settle();
    rig.clock.pass(Duration.ofSeconds(61));
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  private static Map<String, DevFile> small(int number, int seed) {
    Map<String, DevFile> files = new TreeMap<>();
    for (int i = 0; i < number; i++) {
      files.put("small-" + i + ".bin", DevFile.lfsGenerated(seed + i, SMALL_SIZE));
    }
    return files;
  }

  private Rig.Answer load(String revision, String path) {
    return rig.get("/acme/x/resolve/" + revision + "/" + path, Optional.empty());
  }

  /** Moves the branch, and waits until what is fetched ahead was fetched. */
  private String move(Map<String, DevFile> small) {
    Map<String, DevFile> second = new TreeMap<>(small);
    second.put(LARGE_PATH, LARGE);
    String commit = repo.commit("second", second);
    assertThat(rig.get("/api/models/acme/x/revision/main", Optional.empty()).status())
        .isEqualTo(200);
    rig.settle();
    return commit;
  }

  private boolean isFetched(DevFile file) {
    return rig.hub.log().stream()
        .anyMatch(call -> call.route() == Route.CDN && call.path().contains(file.sha256()));
  }

  @Test
  void of_a_change_that_exceeds_the_limit_the_large_file_is_left_to_the_clients() {
    Map<String, DevFile> small = small(4, 200);

    String commit = move(small);

    assertThat(rig.app().meters().commitCount(CommitEvent.PARTIAL)).isEqualTo(1);
    assertThat(small.values()).allMatch(this::isFetched);
    assertThat(rig.app().meters().warmedFileCount()).isEqualTo(small.size());
    assertThat(isFetched(LARGE)).isFalse();
    assertThat(load(commit, LARGE_PATH).body()).isEqualTo(LARGE.allBytes());
  }

  @Test
  void a_large_file_of_a_change_within_the_limit_is_fetched_ahead() {
    Map<String, DevFile> small = small(2, 200);

    move(small);

    assertThat(rig.app().meters().commitCount(CommitEvent.WARMED)).isEqualTo(1);
    assertThat(rig.app().meters().warmedFileCount()).isEqualTo(1 + small.size());
    assertThat(isFetched(LARGE)).isTrue();
  }
}
