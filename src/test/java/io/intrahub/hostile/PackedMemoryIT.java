package io.intrahub.hostile;

import static io.intrahub.hostile.PackedRig.BIG;
import static io.intrahub.hostile.PackedRig.BIG_FILE;
import static io.intrahub.hostile.PackedRig.FILE;
import static io.intrahub.hostile.PackedRig.INFO;
import static io.intrahub.hostile.PackedRig.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import io.intrahub.faults.MirrorProcess;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.store.LongPaths;
import io.intrahub.store.TestRepos;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** The packed product in a small heap, and clients that would fill its memory. */
@Timeout(300)
class PackedMemoryIT {
  private static final String PATHS_INFO = "/api/models/acme/open/paths-info/main";

  @TempDir private Path tmp;
  private PackedRig rig;

  @BeforeEach
  void start() throws Exception {
    rig = new PackedRig(tmp);
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  @Test
  void a_body_that_is_too_long_is_refused() throws Exception {
    try (MirrorProcess mirror = rig.mirror(Map.of());
        RawClient tooLong = new RawClient(mirror.uri().getPort(), "127.0.0.2")) {
      tooLong.send(postOf(3 << 20));
      assertThat(tooLong.head()).startsWith("HTTP/1.1 413 ");
    }
  }

  /** What is kept of them all would take several times the heap. */
  @Test
  void large_bodies_that_never_end_leave_the_mirror_to_the_others() throws Exception {
    try (MirrorProcess mirror =
        rig.mirror(Map.of("INTRAHUB_SERVER_BODY_TIMEOUT", "15s"), List.of("-Xmx64m"))) {
      assertThat(rig.get(mirror, FILE).statusCode()).isEqualTo(200);
      int port = mirror.uri().getPort();
      List<CompletableFuture<String>> unfinished =
          IntStream.range(0, 80)
              .mapToObj(i -> rig.later(() -> sendUnfinished(port, "127.0.1." + (i + 1))))
              .toList();
      await()
          .atMost(Duration.ofSeconds(30))
          .until(() -> rig.metric(mirror, "intrahub_memory_budget_refusals_total") > 0);
      assertThat(rig.get(mirror, FILE).statusCode()).isEqualTo(200);
      HttpResponse<byte[]> honest = rig.post(mirror, PATHS_INFO, "{\"paths\":[\"a.txt\"]}");
      assertThat(honest.statusCode()).as(text(honest)).isEqualTo(200);
      assertThat(unfinished).as("some are under way meanwhile").anyMatch(one -> !one.isDone());
      for (CompletableFuture<String> one : unfinished) {
        assertThat(one.join()).matches("(?s)(HTTP/1.1 (408|503) .*)?");
      }
      assertThat(mirror.isAlive()).isTrue();
      assertThat(rig.get(mirror, BIG_FILE).body()).isEqualTo(BIG.allBytes());
    }
  }

  /** Returns the answer, or "" if a reset overtook it. */
  private static String sendUnfinished(int port, String from) {
    StringBuilder body = new StringBuilder("{\"paths\":[");
    for (int i = 0; i < 9_500; i++) {
      body.append('"').append(i).append('-').append("x".repeat(200)).append("\",");
    }
    try (RawClient client = new RawClient(port, from)) {
      try {
        client.send(postOf(2 << 20) + body);
      } catch (SocketException refused) {
        // The mirror closed it before it had read all; its answer may be there.
      }
      return client.untilClosed();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String postOf(int length) {
    return "POST "
        + PATHS_INFO
        + " HTTP/1.1\r\nHost: mirror\r\nContent-Type: application/json\r\nContent-Length: "
        + length
        + "\r\n\r\n";
  }

  /** The deadline is that of the whole body, whatever arrives of it. */
  @Test
  void a_body_that_trickles_ends() throws Exception {
    try (MirrorProcess mirror = rig.mirror(Map.of("INTRAHUB_SERVER_BODY_TIMEOUT", "2s"));
        RawClient slow = new RawClient(mirror.uri().getPort(), "127.0.0.2")) {
      slow.send(postOf(1 << 20) + "{\"paths\":[\"");
      CompletableFuture<Void> sending =
          CompletableFuture.runAsync(
              () -> await().pollInterval(Duration.ofMillis(100)).until(() -> isRefused(slow)),
              rig.threads);
      assertThat(slow.head()).startsWith("HTTP/1.1 408 ");
      sending.join();
    }
  }

  /** Sends one more byte of a body. */
  private static boolean isRefused(RawClient client) throws IOException {
    try {
      client.send("x");
      return false;
    } catch (SocketException closed) {
      return true;
    }
  }

  @Test
  void paths_info_takes_so_many_paths_and_tells_each_once() throws Exception {
    try (MirrorProcess mirror = rig.mirror(Map.of())) {
      HttpResponse<byte[]> tooMany = rig.post(mirror, PATHS_INFO, paths(10_001, "made-up-"));
      assertThat(tooMany.statusCode()).isEqualTo(413);
      assertThat(text(tooMany)).contains("10000");

      String same =
          IntStream.range(0, 170_000)
              .mapToObj(_ -> "\"a.txt\"")
              .collect(Collectors.joining(",", "{\"paths\":[", "]}"));
      List<CompletableFuture<HttpResponse<byte[]>>> answers =
          IntStream.range(0, 16)
              .mapToObj(_ -> rig.later(() -> rig.post(mirror, PATHS_INFO, same)))
              .toList();
      for (CompletableFuture<HttpResponse<byte[]>> answer : answers) {
        assertThat(answer.join().statusCode()).isEqualTo(200);
        assertThat(text(answer.join())).containsOnlyOnce("a.txt");
      }
    }
  }

  private static String paths(int number, String name) {
    return IntStream.range(0, number)
        .mapToObj(i -> "\"" + name + i + "\"")
        .collect(Collectors.joining(",", "{\"paths\":[", "]}"));
  }

  @Test
  void large_files_by_raw_stream_through_a_small_heap() throws Exception {
    DevFile large = DevFile.bytes(new byte[20_000_000]);
    rig.hub.repo("model", "acme/raw").commit("Add it", Map.of("large.txt", large));
    try (MirrorProcess mirror = rig.mirror(Map.of())) {
      List<CompletableFuture<Integer>> readers =
          IntStream.range(0, 60)
              .mapToObj(_ -> rig.later(() -> statusOfWhole(mirror, large)))
              .toList();
      assertThat(readers).allSatisfy(one -> assertThat(one.join()).isIn(200, 429, 503));
      assertThat(readers).as("readers served").anyMatch(one -> one.join() == 200);
      assertThat(mirror.isAlive()).isTrue();
      assertThat(rig.get(mirror, FILE).statusCode()).isEqualTo(200);
    }
  }

  private int statusOfWhole(MirrorProcess mirror, DevFile large) {
    HttpResponse<byte[]> answer = rig.get(mirror, "/acme/raw/raw/main/large.txt");
    if (answer.statusCode() == 200) {
      assertThat(answer.body()).isEqualTo(large.allBytes());
    }
    return answer.statusCode();
  }

  /** As large as the buffers of one such answer, of which one client may have a quarter. */
  @Test
  void an_answer_for_which_the_budget_has_no_space_is_refused_and_counted() throws Exception {
    DevFile large = DevFile.bytes(new byte[2_000_000]);
    rig.hub.repo("model", "acme/raw").commit("Add it", Map.of("large.txt", large));
    try (MirrorProcess mirror = rig.mirror(Map.of("INTRAHUB_MEMORY_BUDGET", "192KiB"))) {
      assertThat(rig.metric(mirror, "intrahub_memory_budget_bytes")).isEqualTo(192 * 1024);
      HttpResponse<byte[]> answer = rig.get(mirror, "/acme/raw/raw/main/large.txt");
      assertThat(answer.statusCode()).isEqualTo(503);
      assertThat(answer.headers().firstValue("retry-after")).isPresent();
      assertThat(text(answer)).contains("memory.budget");
      assertThat(rig.metric(mirror, "intrahub_memory_budget_refusals_total")).isPositive();
      assertThat(rig.get(mirror, BIG_FILE).body()).as("needs none").isEqualTo(BIG.allBytes());
      mirror.awaitIdle();
      assertThat(rig.metric(mirror, "intrahub_memory_budget_used_bytes")).isZero();
    }
  }

  /** Six of them made the mirror hold them all; each is sorted on the disk now. */
  @Test
  void listings_that_are_larger_than_the_memory_are_learned() throws Exception {
    Map<String, DevFile> files =
        IntStream.range(0, 20_000)
            .boxed()
            .collect(
                Collectors.toMap(
                    i -> "a-folder-%02d/%s-%d".formatted(i % 50, "x".repeat(60), i),
                    i -> DevFile.text("" + i % 10)));
    for (int i = 0; i < 3; i++) {
      rig.hub.repo("dataset", "acme/large-" + i).commit("Add them", files);
    }
    try (MirrorProcess mirror = rig.mirror(Map.of(), List.of("-Xmx48m"))) {
      List<CompletableFuture<HttpResponse<byte[]>>> listings =
          IntStream.range(0, 3)
              .mapToObj(i ->
                  rig.later(() ->
                      rig.get(
                          mirror,
                          "/api/datasets/acme/large-"
                              + i
                              + "/tree/main/a-folder-07?recursive=true")))
              .toList();
      assertThat(listings)
          .allSatisfy(listing -> assertThat(listing.join().statusCode()).isEqualTo(200));
      mirror.awaitIdle();
      assertThat(mirror.isAlive()).isTrue();
      assertThat(rig.get(mirror, INFO).statusCode()).isEqualTo(200);
    }
  }

  /**
   * The index of each takes 2 MB, more than all that are kept may take, so a copy for each of these
   * readers would be more than the heap.
   */
  @Test
  void slow_readers_of_listings_with_long_paths_hold_no_copies_of_an_index() throws Exception {
    List<RepoId> repos =
        Stream.of("a", "b").map(i -> new RepoId(RepoType.MODEL, "acme/long-" + i)).toList();
    try (FsStore store =
        FsStore.open(rig.data(), Clock.systemUTC(), DiskBudgetSettings.DEFAULT, Runnable::run)) {
      for (RepoId repo : repos) {
        String commit =
            rig.hub.repo("model", repo.id()).commit("Add it", Map.of("a.txt", DevFile.text("a")));
        TestRepos.putManifest(
            store.repos(), repo, new CommitHash(commit), LongPaths.entries(16_000), true);
      }
    }
    List<RawClient> slow = new ArrayList<>();
    try (MirrorProcess mirror = rig.mirror(Map.of(), List.of("-Xmx48m"))) {
      for (int i = 0; i < 24; i++) {
        RawClient client = new RawClient(mirror.uri().getPort(), "127.0.1." + (i + 1), 4 * 1024);
        slow.add(client);
        RepoId repo = repos.get(i % repos.size());
        client.get("/api/models/" + repo.id() + "/tree/main?recursive=true");
        assertThat(client.head()).startsWith("HTTP/1.1 200 ");
      }
      HttpResponse<byte[]> honest =
          rig.get(mirror, "/api/models/" + repos.getFirst().id() + "/tree/main?recursive=true");
      assertThat(honest.statusCode()).isEqualTo(200);
      assertThat(JsonMapper.shared().readTree(honest.body())).hasSize(10_000);
      assertThat(rig.get(mirror, BIG_FILE).body()).isEqualTo(BIG.allBytes());
      assertThat(mirror.isAlive()).isTrue();
    } finally {
      for (RawClient client : slow) {
        client.close();
      }
    }
  }
}
