package io.intrahub.transfers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import io.intrahub.faults.MirrorProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * One miss is one download: many clients of one file that is not there yet, each in its own way,
 * with a real mirror of 256 MiB of heap. The bytes that left the Hub's CDN are counted.
 */
class GrowingFileIT {
  private static final int PIECE = 256 * 1024;
  private static final int RUN = 16 << 20;
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  @TempDir private Path tmp;

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private DevHub hub;
  private MirrorProcess mirror;

  @BeforeEach
  void start() throws Exception {
    hub = DevHub.builder().start();
    mirror =
        MirrorProcess.serve(
            tmp.resolve("data"), hub.uri(), Files.createFile(tmp.resolve("log")), List.of());
  }

  @AfterEach
  void stop() throws Exception {
    hub.faults().clear();
    threads.shutdownNow();
    mirror.close();
    hub.close();
  }

  private String target(String repo, String revision) {
    return "/" + repo + "/resolve/" + revision + "/big.bin";
  }

  private void file(String repo, DevFile file) {
    hub.repo("model", repo).commit("main", "The file", Map.of("big.bin", file));
  }

  private long sent() {
    return hub.counters().bytes(Route.CDN);
  }

  /** When nothing is fetched any more, and no more bytes leave. */
  private long sentInTheEnd() {
    await().atMost(PATIENCE).until(() -> hub.log().stream().allMatch(r -> r.done()));
    return sent();
  }

  private static void say(String form, Object... values) {
    System.out.printf(Locale.ROOT, "GrowingFileIT: " + form + "%n", values);
  }

  private static <T> T get(Future<T> future) throws Exception {
    return future.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Test
  void the_first_byte_reaches_everybody_before_upstream_goes_on() throws Exception {
    DevFile file = DevFile.lfsGenerated(1, 3_000_000);
    file("acme/first-byte", file);
    Stall stall = hub.faults().on(Route.CDN).stallAfter(1);
    int readers = 100;
    CountDownLatch haveIt = new CountDownLatch(readers);
    List<Future<Download.End>> ends = new ArrayList<>();
    for (int i = 0; i < readers; i++) {
      ends.add(
          threads.submit(() -> {
            try (Download d = open(target("acme/first-byte", "main"), file, "")) {
              assertThat(d.status()).isEqualTo(200);
              assertThat(d.length()).isEqualTo(file.size());
              d.read(1);
              haveIt.countDown();
              return d.rest();
            }
          }));
    }
    boolean all = haveIt.await(20, TimeUnit.SECONDS);
    say(
        "%d of %d readers have the first byte while upstream has stopped after it",
        readers - haveIt.getCount(), readers);
    assertThat(all).as("all have it; missing: %d", haveIt.getCount()).isTrue();
    stall.release();
    for (Future<Download.End> end : ends) {
      assertThat(get(end)).isEqualTo(Download.End.WHOLE);
    }
    assertThat(sentInTheEnd()).isLessThanOrEqualTo(file.size() + PIECE);
  }

  @Test
  void a_thousand_slow_readers_hold_up_nobody_and_cost_one_download() throws Exception {
    DevFile file = DevFile.lfsGenerated(2, 4_000_000);
    file("acme/slow", file);
    int readers = 1000;
    Stall half = hub.faults().on(Route.CDN).stallAt(2_000_000);
    CountDownLatch begun = new CountDownLatch(readers);
    CountDownLatch goOn = new CountDownLatch(1);
    List<Future<Download.End>> ends = new ArrayList<>();
    for (int i = 0; i < readers; i++) {
      ends.add(
          threads.submit(() -> {
            try (Download d =
                Download.of(
                    mirror.uri(),
                    target("acme/slow", "main"),
                    file,
                    "",
                    OptionalLong.of(16 * 1024))) {
              assertThat(d.status()).isEqualTo(200);
              d.read(100_000);
              begun.countDown();
              // From here on nothing is read: the mirror's writes to this one wait.
              goOn.await();
              return d.rest();
            }
          }));
    }
    assertThat(begun.await(60, TimeUnit.SECONDS))
        .as("all have begun; missing: %d", begun.getCount())
        .isTrue();
    half.release();
    long before = System.nanoTime();
    try (Download fast = open(target("acme/slow", "main"), file, "")) {
      assertThat(fast.rest()).isEqualTo(Download.End.WHOLE);
    }
    long fastMillis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - before);
    goOn.countDown();
    for (Future<Download.End> end : ends) {
      assertThat(get(end)).isEqualTo(Download.End.WHOLE);
    }
    say(
        "%d readers stood still while a fast one had %d bytes in %d ms; all have them after %d ms;"
            + " sent %d",
        readers,
        file.size(),
        fastMillis,
        TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - before),
        sentInTheEnd());
    assertThat(fastMillis).isLessThan(15_000);
    assertThat(sentInTheEnd()).isLessThanOrEqualTo(file.size() + 4 * PIECE);
  }

  @Test
  void ranges_commits_and_repos_that_share_a_content_share_its_download() throws Exception {
    long seed = Long.getLong("intrahub.growing.seed", 3);
    // Else the buffers of the system take up to 6 MB of each run that is broken off, and what the
    // Hub sent is not what the mirror took.
    var _ = hub.faults().on(Route.CDN).always().throttle(20_000_000);
    DevFile file = DevFile.lfsGenerated(4, 24_000_000);
    List<String> targets = new ArrayList<>();
    for (String repo : List.of("acme/one", "acme/two", "other/three")) {
      for (int i = 0; i < 3; i++) {
        String commit =
            hub.repo("model", repo)
                .commit(
                    "main",
                    "Commit " + i,
                    Map.of("big.bin", file, "n.txt", DevFile.text(repo + i)));
        targets.add(target(repo, commit));
      }
    }
    Random random = new Random(seed);
    int clients = 500;
    CountDownLatch go = new CountDownLatch(1);
    List<Future<Download.End>> ends = new ArrayList<>();
    for (int i = 0; i < clients; i++) {
      String target = targets.get(i % targets.size());
      long from = random.nextLong(file.size() - 1);
      String range =
          switch (i % 5) {
            case 0 -> "";
            case 1 -> "bytes=" + from + "-";
            case 2 -> "bytes=-" + (1 + random.nextInt(1_000_000));
            default ->
                "bytes=" + from + "-" + Math.min(file.size() - 1, from + random.nextInt(2_000_000));
          };
      ends.add(
          threads.submit(() -> {
            go.await();
            try (Download d = open(target, file, range)) {
              assertThat(d.status()).as(range).isEqualTo(range.isEmpty() ? 200 : 206);
              return d.rest();
            }
          }));
    }
    go.countDown();
    for (Future<Download.End> end : ends) {
      assertThat(get(end)).as("seed %d", seed).isEqualTo(Download.End.WHOLE);
    }
    long sent = sentInTheEnd();
    say(
        "%d cold clients of 3 repos, 9 commits: sent %d of %d bytes in %d requests, %d at once",
        clients,
        sent,
        file.size(),
        hub.counters().requests(Route.CDN),
        hub.counters().mostAtOnce(Route.CDN));
    assertThat(sent).as("seed %d", seed).isLessThanOrEqualTo(file.size() + RUN);
  }

  /** Ollama and other parallel loaders ask for many far parts at once. */
  @Test
  void one_far_range_that_hangs_does_not_hold_up_the_others() throws Exception {
    int ranges = 16;
    long part = 32L << 20;
    DevFile file = DevFile.lfsGenerated(5, ranges * part);
    file("acme/far", file);
    Stall stall = hub.faults().on(Route.CDN).stallAt(1 << 20);
    CountDownLatch flowing = new CountDownLatch(ranges);
    List<Future<Download.End>> ends = new ArrayList<>();
    long before = System.nanoTime();
    for (int i = 0; i < ranges; i++) {
      long from = i * part;
      ends.add(
          threads.submit(() -> {
            try (Download d =
                open(target("acme/far", "main"), file, "bytes=" + from + "-" + (from + part - 1))) {
              assertThat(d.status()).isEqualTo(206);
              d.read(1);
              flowing.countDown();
              return d.rest();
            }
          }));
    }
    for (int i = 1; i < ranges; i++) {
      assertThat(get(ends.get(i))).as("range %d", i).isEqualTo(Download.End.WHOLE);
    }
    assertThat(flowing.getCount()).as("ranges without a byte").isZero();
    assertThat(ends.getFirst().isDone()).as("the one that hangs").isFalse();
    say(
        "15 of %d ranges of %d bytes whole after %d ms, while the first hangs; %d requests at once",
        ranges,
        part,
        TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - before),
        hub.counters().mostAtOnce(Route.CDN));
    stall.release();
    assertThat(get(ends.getFirst())).isEqualTo(Download.End.WHOLE);
    assertThat(sentInTheEnd()).isLessThanOrEqualTo(file.size() + RUN);
  }

  @Test
  void one_byte_of_a_large_file_costs_one_piece() throws Exception {
    DevFile file = DevFile.lfsGenerated(6, 1_000_000_000);
    file("acme/one-byte", file);
    try (Download d = open(target("acme/one-byte", "main"), file, "bytes=0-0")) {
      assertThat(d.status()).isEqualTo(206);
      assertThat(d.header("content-range")).contains("bytes 0-0/1000000000");
      assertThat(d.rest()).isEqualTo(Download.End.WHOLE);
    }
    long first = sentInTheEnd();
    say(
        "bytes=0-0 of 1 GB: sent %d, ranges %s",
        first, hub.counters().ranges(Route.CDN, file.sha256()));
    assertThat(first).isLessThanOrEqualTo(PIECE);
  }

  private Download open(String target, DevFile file, String range) throws Exception {
    return Download.of(mirror.uri(), target, file, range);
  }
}
