package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.base.CacheSizes;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Visibility;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

/**
 * Clients invent tokens and names of repos. The calls that this causes at the Hub are bounded by a
 * formula and counted, nothing of it stays in memory beyond the sizes of the caches, in the metrics
 * or on the disk, and another client is served meanwhile.
 *
 * <p>{@code -Dintrahub.invented.tokens=10000 -Dintrahub.invented.names=100000} is the long form.
 */
@Timeout(300)
@Isolated("It measures the heap of the whole process.")
class InventedNamesTest {
  private static final int FEW_TOKENS = 200;
  private static final int FEW_NAMES = 800;
  private static final int MANY_TOKENS = Integer.getInteger("intrahub.invented.tokens", 2_000);
  private static final int MANY_NAMES = Integer.getInteger("intrahub.invented.names", 20_000);

  /** That all reach the Hub, which is slower than the mirror here. */
  private static final int NAMES_AT_THE_HUB = MANY_NAMES / 5;

  private static final List<String> INVENTORS =
      List.of("127.0.0.10", "127.0.0.11", "127.0.0.12", "127.0.0.13");
  private static final String HONEST = "127.0.0.3";

  /** Questions of one client in a minute: {@code clients.cold-questions}. */
  private static final int LIMIT = 20;

  private static final int NO_LIMIT = 1_000_000;
  private static final int MINUTES = 6;

  /** A question may take two calls: as everybody, and with the client's token. */
  private static final int CALLS = 2;

  /** Of tokens and of names, asked about before anything is measured. */
  private static final int FIRST = 50;

  /** Small enough that the caches are full long before the names have run out. */
  private static final CacheSizes CACHES = CacheSizes.ofHeap(16 << 20);

  /** For what comes and goes with threads and connections. */
  private static final long SLACK = 4 << 20;

  @TempDir Path data;
  private Rig rig;
  private long calls;
  private long invented;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Map<Integer, Integer> statuses = new ConcurrentSkipListMap<>();

  private void start(int limit) {
    rig =
        new Rig(
            data, s -> s.withMirror(s.mirror().withColdQuestions(limit)), DevHub.builder(), CACHES);
    rig.hub.repo("model", "acme/open").commit("Add it", "f.txt", DevFile.text("open"));
    for (int minute = 0; minute < MINUTES; minute++) {
      rig.hub.repo("model", "acme/new-" + minute).commit("Add it", "f.txt", DevFile.text("new"));
    }
    rig.hub
        .repo("model", "acme/secret")
        .visibility(Visibility.PRIVATE)
        .commit("Add it", "f.txt", DevFile.text("secret"));
  }

  @AfterEach
  void stop() {
    threads.close();
    rig.close();
  }

  @Test
  @Tag("slow")
  void a_few_invented_tokens_and_names_cost_what_the_limit_allows_and_leave_nothing()
      throws Exception {
    flood(LIMIT, FEW_TOKENS, FEW_NAMES);
    assertThat(invented)
        .isBetween(
            (long) INVENTORS.size() * LIMIT, (long) INVENTORS.size() * LIMIT * MINUTES * CALLS);
    assertThat(statuses.get(429)).isPositive();
  }

  @Tag("slow")
  @Test
  void many_invented_tokens_and_names_cost_no_more() throws Exception {
    flood(LIMIT, MANY_TOKENS, MANY_NAMES);
    assertThat(invented)
        .isBetween(
            (long) INVENTORS.size() * LIMIT, (long) INVENTORS.size() * LIMIT * MINUTES * CALLS);
  }

  /** As if each had come from an address of its own: then the caches are what is left. */
  @Tag("slow")
  @Test
  void without_a_limit_each_costs_two_calls_and_leaves_nothing() throws Exception {
    flood(NO_LIMIT, MANY_TOKENS, NAMES_AT_THE_HUB);
    assertThat(invented).isLessThanOrEqualTo((long) CALLS * (MANY_TOKENS + NAMES_AT_THE_HUB));
    assertThat(statuses).doesNotContainKey(429);
  }

  private void flood(int limit, int tokens, int names) throws Exception {
    start(limit);
    assertThat(load("open")).isEqualTo(200);
    invent(0, 0, FIRST, 0, FIRST);
    count();
    List<String> series = series();
    long heap = heap();
    statuses.clear();
    invented = 0;
    for (int minute = 0; minute < MINUTES; minute++) {
      rig.clock.pass(Duration.ofMinutes(1));
      invent(
          minute,
          FIRST + part(tokens, minute),
          FIRST + part(tokens, minute + 1),
          FIRST + part(names, minute),
          FIRST + part(names, minute + 1));
      count();
    }

    assertThat(statuses.keySet()).as("what was answered").isSubsetOf(401, 404, 429);
    assertThat(statuses.values().stream().mapToInt(n -> n).sum()).isEqualTo(tokens + names);
    assertThat(counted("intrahub_upstream_requests_total")).isEqualTo(calls);
    assertThat(series()).as("meters").isEqualTo(series);
    assertThat(names()).noneMatch(name -> name.contains("made-up") || name.contains("secret"));
    // A client has the last byte before the mirror gives back the memory it came through.
    await().until(() -> rig.app().budgetUsage().used() == 0);
    long kept = heap() - heap;
    System.out.printf(
        "InventedNamesTest: %d tokens and %d names: %d calls, %s answers, %d KiB more in use%n",
        tokens, names, invented, statuses, kept >> 10);
    assertThat(kept).as("bytes of heap").isLessThan(CACHES.total() + SLACK);
  }

  /** Counts what the Hub was asked, and has it forget that, for the sake of the heap. */
  private void count() {
    await().until(() -> rig.app().runningTasks() == 0);
    List<Recorded> log = rig.hub.log();
    calls += log.size();
    invented += log.stream().filter(InventedNamesTest::isInvented).count();
    rig.hub.counters().reset();
  }

  private static int part(int all, int minute) {
    return (int) ((long) all * minute / MINUTES);
  }

  private static boolean isInvented(Recorded request) {
    return request.path().contains("/made-up-") || request.path().contains("/secret/");
  }

  /** Lets all inventors ask about these, and the honest client load until they have. */
  private void invent(int minute, int token, int tokensEnd, int name, int namesEnd)
      throws Exception {
    List<CompletableFuture<Void>> inventors = new ArrayList<>();
    for (int i = 0; i < INVENTORS.size(); i++) {
      int which = i;
      inventors.add(
          CompletableFuture.runAsync(
              () -> inventor(which, token, tokensEnd, name, namesEnd), threads));
    }
    CompletableFuture<Void> all =
        CompletableFuture.allOf(inventors.toArray(CompletableFuture[]::new));
    assertThat(load("new-" + minute)).as("a repo that the mirror does not know").isEqualTo(200);
    do {
      assertThat(load("open")).isEqualTo(200);
    } while (!isOver(all));
  }

  /** Waits a moment, so that the honest client does not take the processors from the others. */
  private static boolean isOver(CompletableFuture<Void> all) throws Exception {
    try {
      var _ = all.get(20, TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    }
  }

  private void inventor(int which, int token, int tokensEnd, int name, int namesEnd) {
    try (RawClient client = new RawClient(rig, INVENTORS.get(which))) {
      for (int i = token + which; i < tokensEnd; i += INVENTORS.size()) {
        ask(client, "secret", Optional.of("hf_invented" + i));
      }
      for (int i = name + which; i < namesEnd; i += INVENTORS.size()) {
        // Every other one with a token that nobody knows either.
        Optional<String> own = i % 8 < 4 ? Optional.empty() : Optional.of("hf_invented" + i);
        ask(client, "made-up-" + i, own);
      }
    } catch (IOException e) {
      throw new AssertionError("an inventor got no answer", e);
    }
  }

  private void ask(RawClient client, String repo, Optional<String> token) throws IOException {
    String head =
        client
            .send(
                "HEAD /acme/"
                    + repo
                    + "/resolve/main/f.txt HTTP/1.1\r\nHost: mirror\r\n"
                    + token.map(t -> "Authorization: Bearer " + t + "\r\n").orElse("")
                    + "\r\n")
            .head();
    statuses.merge(Integer.parseInt(head.substring(9, 12)), 1, Integer::sum);
  }

  private int load(String repo) throws Exception {
    try (RawClient client = new RawClient(rig, HONEST)) {
      String head = client.get("/acme/" + repo + "/resolve/main/f.txt").head();
      return Integer.parseInt(head.substring(9, 12));
    }
  }

  private String metrics() {
    Rig.Call call = new Rig.Call("GET", "/metrics", "", "");
    return rig.send(rig.app().adminUri(), call, Optional.empty()).text();
  }

  /** The names and labels of all meters. */
  private List<String> series() {
    return metrics()
        .lines()
        .filter(line -> !line.startsWith("#"))
        .map(line -> line.substring(0, line.lastIndexOf(' ')))
        .sorted()
        .toList();
  }

  private long counted(String name) {
    return metrics()
        .lines()
        .filter(line -> line.startsWith(name))
        .mapToLong(line -> (long) Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  /** Names of all files in the store. */
  private List<String> names() throws IOException {
    try (Stream<Path> all = Files.walk(data)) {
      return all.map(file -> data.relativize(file).toString()).toList();
    }
  }

  /** Bytes that are in use after a full collection. */
  private static long heap() {
    for (int i = 0; i < 3; i++) {
      System.gc();
    }
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }
}
