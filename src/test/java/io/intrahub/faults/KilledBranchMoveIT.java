package io.intrahub.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Kills the real process with SIGKILL while a branch moves and the changed files are fetched, many
 * times over one store. After each kill the mirror starts without a Hub: the branch then leads to
 * the commit before or to the new one, and every file that could be loaded before still can be.
 *
 * <p>{@code -Dintrahub.kill.rounds=200} is the long form; {@code -Dintrahub.kill.seed=N} repeats a
 * run.
 */
class KilledBranchMoveIT {
  private static final int ROUNDS = Integer.getInteger("intrahub.kill.rounds", 8);
  private static final long SEED = Long.getLong("intrahub.kill.seed", System.nanoTime());
  private static final String ID = "acme/moving";
  private static final int FILES = 6;

  /** Rounds go on until a kill came before the move and another one after it. */
  private static final int MOST_ROUNDS = 4 * ROUNDS;

  /** A move takes some ten calls: most kills come before its end, and some after it. */
  private static final int CALLS = 14;

  /** After so many calls any move is over, and the mirror is killed when it shows the commit. */
  private static final int MOST_CALLS = 16 * CALLS;

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** The Hub is asked at each request, and a new commit is shown soon after it was fetched. */
  private static final Map<String, String> MOVES_QUICKLY =
      Map.of(
          "INTRAHUB_FRESHNESS_REVISION_TTL", "1ms",
          "INTRAHUB_NEW_COMMITS_QUIET", "20ms",
          "INTRAHUB_NEW_COMMITS_AT_LATEST", "200ms");

  @TempDir private Path tmp;
  private Path log;
  private final Random random = new Random(SEED);
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  @Test
  void a_branch_leads_to_a_commit_that_can_be_served_whenever_the_mirror_is_killed()
      throws Exception {
    System.out.println(
        "KilledBranchMoveIT: "
            + ROUNDS
            + " rounds, seed "
            + SEED
            + "; more with -Dintrahub.kill.rounds=200");
    Path data = tmp.resolve("data");
    log = Files.createFile(tmp.resolve("mirror.log"));
    int moved = 0;
    int stayed = 0;
    int mostCalls = CALLS;
    try (DevHub hub = DevHub.builder().start()) {
      DevRepo repo = hub.repo("model", ID);
      Map<String, DevFile> files = new TreeMap<>();
      for (int i = 0; i < FILES; i++) {
        files.put(name(i), content(i));
      }
      String before = repo.commit("Add a model", files);
      AtomicReference<Runnable> onCall = new AtomicReference<>(() -> {});
      hub.onRequest(_ -> onCall.get().run());
      for (int round = 0;
          round < ROUNDS || (moved == 0 || stayed == 0) && round < MOST_ROUNDS;
          round++) {
        String after;
        int calls = 1 + random.nextInt(mostCalls);
        String where = "seed " + SEED + ", round " + round + ", killed at call " + calls;
        try (MirrorProcess mirror = serve(data, hub)) {
          awaitCommit(mirror, before);
          expectServed(mirror, repo, before, files.keySet().stream().toList(), where);
          AtomicInteger count = new AtomicInteger();
          onCall.set(() -> {
            if (count.incrementAndGet() == calls) {
              mirror.kill();
            }
          });
          after = change(repo, round);
          askUntilKilled(mirror, after);
          onCall.set(() -> {});
          mirror.kill();
          mirror.awaitDeath();
        }
        hub.goDark();
        try (MirrorProcess mirror = serve(data, hub)) {
          String found = resolve(mirror);
          assertThat(found).as(where).isIn(before, after);
          expectServed(mirror, repo, found, files.keySet().stream().toList(), where);
          assertThat(resolve(mirror)).as("the branch stays, %s", where).isEqualTo(found);
          if (found.equals(after)) {
            moved++;
          } else {
            stayed++;
          }
        }
        if (moved == 0) {
          mostCalls = Math.min(2 * mostCalls, MOST_CALLS);
        } else if (stayed == 0) {
          mostCalls = Math.max(1, mostCalls / 2);
        }
        hub.comeBack();
        before = after;
      }
    }
    System.out.println(
        "KilledBranchMoveIT: " + moved + " of " + (moved + stayed) + " branches had moved");
    assertThat(moved).as("kills after the branch had moved, seed %d", SEED).isPositive();
    assertThat(stayed).as("kills before the branch had moved, seed %d", SEED).isPositive();
    assertThat(Files.readString(log)).doesNotContain("ERROR");
  }

  private MirrorProcess serve(Path data, DevHub hub) throws IOException {
    return MirrorProcess.serve(data, hub.uri(), log, MirrorProcess.STARTS_QUICKLY, MOVES_QUICKLY);
  }

  private static String name(int number) {
    return number % 2 == 0 ? "file-" + number + ".json" : "file-" + number + ".safetensors";
  }

  private DevFile content(int number) {
    return number % 2 == 0
        ? DevFile.text("{\"random\": " + random.nextLong() + "}\n")
        : DevFile.lfsGenerated(random.nextLong(), 1 + random.nextInt(400_000));
  }

  /** Some of the files, and one that is new and so can't be fetched before it is asked for. */
  private String change(DevRepo repo, int round) {
    Map<String, DevFile> changed = new TreeMap<>();
    for (int i = 0; i < FILES; i++) {
      if (random.nextBoolean()) {
        changed.put(name(i), content(i));
      }
    }
    changed.put("new-" + round + ".txt", DevFile.text("new in round " + round + "\n"));
    return repo.commit("Change some", changed);
  }

  /** A client that asks again and again, and so makes the mirror look whether the branch moved. */
  private void askUntilKilled(MirrorProcess mirror, String after) {
    await()
        .atMost(PATIENCE)
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(1 + random.nextInt(30)))
        .until(() -> hasMovedOrDied(mirror, after));
  }

  private boolean hasMovedOrDied(MirrorProcess mirror, String after) throws InterruptedException {
    try {
      return resolve(mirror).equals(after);
    } catch (IOException e) {
      // It was killed, perhaps in the middle of an answer.
      mirror.awaitDeath();
      return true;
    }
  }

  private void awaitCommit(MirrorProcess mirror, String commit) {
    await().atMost(PATIENCE).until(() -> resolve(mirror).equals(commit));
  }

  /** The commit that repo info of the branch names. */
  private String resolve(MirrorProcess mirror) throws IOException, InterruptedException {
    HttpResponse<byte[]> answer = get(mirror, "/api/models/" + ID + "/revision/main");
    assertThat(answer.statusCode()).isEqualTo(200);
    JsonNode info = JsonMapper.shared().readTree(answer.body());
    return info.get("sha").asString();
  }

  /** As snapshot_download: the listing and each file at the commit; and each at the branch. */
  private void expectServed(
      MirrorProcess mirror, DevRepo repo, String commit, List<String> paths, String where)
      throws IOException, InterruptedException {
    HttpResponse<byte[]> tree =
        get(mirror, "/api/models/" + ID + "/tree/" + commit + "?recursive=true&expand=false");
    assertThat(tree.statusCode()).as("the listing, %s", where).isEqualTo(200);
    for (String path : paths) {
      for (String revision : List.of(commit, "main")) {
        HttpResponse<byte[]> file = get(mirror, "/" + ID + "/resolve/" + revision + "/" + path);
        String what = path + " at " + revision + ", " + where;
        assertThat(file.statusCode()).as(what).isEqualTo(200);
        assertThat(file.headers().firstValue("X-Repo-Commit")).as(what).contains(commit);
        assertThat(file.body())
            .as(what)
            .isEqualTo(repo.file(commit, path).orElseThrow().allBytes());
      }
    }
  }

  private HttpResponse<byte[]> get(MirrorProcess mirror, String target)
      throws IOException, InterruptedException {
    return http.send(
        HttpRequest.newBuilder(mirror.uri().resolve(target)).build(),
        HttpResponse.BodyHandlers.ofByteArray());
  }
}
