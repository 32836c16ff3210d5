package io.intrahub.mirror;

import static io.intrahub.mirror.MirrorRig.REPO;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.Caller;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Clients load the default branch and {@code main} while it moves: as transformers 5 does, which
 * asks for both, and as others do, which ask for one. No load sees two commits.
 */
@Tag("slow")
@Timeout(120)
class DefaultBranchRaceTest {
  private static final int ROUNDS = 60;

  /** Nobody waits for the Hub in vain, whatever else the machine does. */
  private static final Duration AMPLE = Duration.ofSeconds(60);

  private final DevHub hub = DevHub.builder().start();
  private final MirrorRig rig =
      new MirrorRig(s -> s.withMirror(s.mirror().withTimeouts(AMPLE, AMPLE)), hub);
  private final DevRepo repo = hub.repo("model", "acme/x");

  private String info() {
    try (ClientRequest client = ClientRequest.of(Caller.ANONYMOUS, List.of())) {
      ApiReply reply = rig.mirror.infos().info(REPO, Optional.empty(), "", client, "");
      return ((ApiReply.Ok) reply).commit().orElseThrow().hex();
    }
  }

  private void commit(int number) {
    String _ = repo.commit("main", "c", Map.of("a.json", DevFile.text("" + number)));
  }

  /** The commits that one load sees. */
  private List<String> load(Random random) {
    List<String> commits = new ArrayList<>();
    switch (random.nextInt(4)) {
      case 0 -> {
        commits.add(rig.commitOf("a.json"));
        commits.add(rig.commitOf("a.json"));
      }
      case 1 -> {
        commits.add(info());
        commits.add(info());
      }
      default -> {
        commits.add(info());
        commits.add(info());
        commits.add(rig.commitOf("a.json"));
        commits.add(info());
        commits.add(rig.commitOf("a.json"));
      }
    }
    return commits;
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3})
  void no_load_sees_two_commits(long seed) throws Exception {
    Random random = new Random(seed);
    commit(0);
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int round = 1; round <= ROUNDS; round++) {
        List<Future<List<String>>> loads = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
          Random own = new Random(random.nextLong());
          Callable<List<String>> load = () -> load(own);
          loads.add(clients.submit(load));
        }
        if (random.nextBoolean()) {
          commit(round);
        }
        // Less than the quiet time, or a branch may move in the middle of a load.
        rig.clock.pass(Duration.ofMillis(random.nextInt(4_000)));
        for (Future<List<String>> load : loads) {
          assertThat(load.get().stream().distinct().toList())
              .as("the commits of one load, seed %d, round %d", seed, round)
              .hasSize(1);
        }
        rig.settle();
        rig.clock.pass(Duration.ofSeconds(List.of(6, 61, 70, 700, 3_600).get(random.nextInt(5))));
      }
    } finally {
      rig.settle();
      rig.close();
      hub.close();
    }
  }
}
