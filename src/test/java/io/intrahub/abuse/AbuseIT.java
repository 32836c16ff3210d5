package io.intrahub.abuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.faults.MirrorProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A small process under every shape of abuse, first each alone and then all at once, while an
 * honest client loads repos in a loop. The process lives, the honest client never fails and is at
 * most {@link #SLOWER} times slower than alone, and when all is over the process is at rest again.
 *
 * <p>{@code -Dintrahub.abuse.seconds=} says how long all at once last (a minute; 15 s under {@code
 * CI=true}), {@code -Dintrahub.abuse.seed=} repeats an attack's choices.
 */
@TestInstance(Lifecycle.PER_CLASS)
@Tag("alone")
class AbuseIT {
  private static final long SEED = Long.getLong("intrahub.abuse.seed", System.nanoTime());
  private static final long SECONDS =
      Long.getLong("intrahub.abuse.seconds", "true".equals(System.getenv("CI")) ? 15 : 60);
  private static final Duration ALL_AT_ONCE = Duration.ofSeconds(SECONDS);
  private static final Duration ONE_SHAPE = Duration.ofSeconds(2);
  private static final Duration UNDISTURBED = Duration.ofSeconds(3);
  private static final Duration TO_REST = Duration.ofSeconds(120);

  /** The median of the honest client's loads under attack, in medians of those before. */
  private static final int SLOWER = 3;

  /**
   * What a load of a repo that the mirror does not know may take in addition: its listing waits for
   * the turn of larger ones, for memory, and for the Hub, which does as much as the mirror here.
   */
  private static final Duration NEW_REPO = Duration.ofSeconds(3);

  private static final long HEAP = 192L << 20;
  private static final List<String> OPTIONS = List.of("-Xmx192m", "-XX:+ExitOnOutOfMemoryError");

  /**
   * A transfer that nobody reads any more ends soon, also when little is missing: one of a file
   * that never comes would be tried for minutes, and nothing be at rest as long.
   */
  private static final Map<String, String> ENVIRONMENT =
      Map.of("INTRAHUB_TRANSFER_ABANDON_AFTER", "2s", "INTRAHUB_TRANSFER_FINISH_IF_LEFT", "0");

  private static final int FEWEST_LOADS = 8;

  /** A single load that a long listing delays must not decide about a median. */
  private static final int FEWEST_LOADS_BESIDE_ALL = 40;

  private static final int LOG_SHOWN = 3_000;

  /** What may stay in caches, which may take a quarter of the heap, and in pools of threads. */
  private static final long STAYS = HEAP / 4 + (16 << 20);

  /** Sockets to upstream that are kept open for the next call, and the like. */
  private static final int SOCKETS_STAY = 100;

  private Path tmp;
  private HubProcess hub;
  private Attackers attackers;
  private Site site;
  private MirrorProcess mirror;
  private HonestClient client;
  private ProcessHealth processHealth;
  private int mirrors;

  /** What the honest client measured before any attack on this process. */
  private Loads alone = new Loads(List.of(), List.of(), List.of());

  private int coldLoads;

  @BeforeAll
  void start(@TempDir Path folder) throws Exception {
    say("seed %d", SEED);
    tmp = folder;
    hub = HubProcess.start(SEED);
    attackers = Attackers.start(SEED);
    site = new Site(SEED);
    startMirror();
  }

  @AfterAll
  void stop() throws Exception {
    stopMirror();
    attackers.close();
    hub.close();
  }

  private void startMirror() throws Exception {
    Path log = Files.createFile(tmp.resolve("log-" + mirrors));
    mirror =
        MirrorProcess.serve(tmp.resolve("data-" + mirrors++), hub.uri(), log, OPTIONS, ENVIRONMENT);
    client = new HonestClient(mirror.uri());
    processHealth = new ProcessHealth(mirror);
    // The classes are loaded, and the warm repo is in the store.
    load(UNDISTURBED, FEWEST_LOADS, () -> false);
    alone = load(UNDISTURBED, FEWEST_LOADS, () -> false);
    assertThat(alone.failures()).as("failures before any attack").isEmpty();
  }

  private void stopMirror() throws Exception {
    client.close();
    processHealth.close();
    mirror.close();
  }

  private static void say(String form, Object... values) {
    System.out.printf(Locale.ROOT, "AbuseIT: " + form + "%n", values);
  }

  /** What an honest client met. */
  private record Loads(List<Duration> warm, List<Duration> cold, List<String> failures) {
    static Duration median(List<Duration> times) {
      return times.isEmpty()
          ? Duration.ZERO
          : times.stream().sorted().toList().get((times.size() - 1) / 2);
    }

    @Override
    public String toString() {
      return "%d loads of a known repo in %d ms, %d of new ones in %d ms, %d failed"
          .formatted(
              warm.size(),
              median(warm).toMillis(),
              cold.size(),
              median(cold).toMillis(),
              failures.size());
    }
  }

  /**
   * Loads one after the other for this time and until there is something to judge by: of four loads
   * three are of a known repo, and one of a new one.
   *
   * @param fewest loads, unless one fails
   * @param more whether it is too early to end although the time is up
   */
  private Loads load(Duration time, int fewest, Callable<Boolean> more) throws Exception {
    Loads loads = new Loads(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    long begun = System.nanoTime();
    for (int i = 0; mirror.isAlive(); i++) {
      boolean timeIsUp = System.nanoTime() - begun > time.toNanos();
      boolean enough = i >= fewest && !more.call();
      if (timeIsUp && (enough || !loads.failures.isEmpty())) {
        break;
      }
      boolean cold = i % 4 == 1;
      String repo = cold ? site.cold(coldLoads++) : site.warm();
      try {
        (cold ? loads.cold : loads.warm).add(client.load(repo, site.files(repo)));
      } catch (HonestClient.FailedLoad e) {
        loads.failures.add(e.getMessage());
        TimeUnit.MILLISECONDS.sleep(100);
      }
    }
    return loads;
  }

  static Stream<Arguments> eachShape() {
    List<Shape> shapes = Attackers.shapes();
    return IntStream.range(0, shapes.size()).mapToObj(i -> Arguments.of(shapes.get(i).title(), i));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("eachShape")
  void an_honest_client_loads_beside(String title, int shape) throws Exception {
    survive(title, List.of(shape), ONE_SHAPE, FEWEST_LOADS);
  }

  @Test
  void an_honest_client_loads_beside_all_of_them_at_once() throws Exception {
    List<Integer> all = IntStream.range(0, Attackers.shapes().size()).boxed().toList();
    survive("all at once", all, ALL_AT_ONCE, FEWEST_LOADS_BESIDE_ALL);
  }

  private void survive(String title, List<Integer> shapes, Duration time, int fewestLoads)
      throws Exception {
    boolean well = false;
    try {
      long heapBefore = processHealth.heap();
      OptionalInt socketsBefore = processHealth.sockets();
      long begun = System.nanoTime();
      client.slowest();
      List<Duration> cpuBefore = cpu();
      attackers.begin(mirror.uri(), shapes, time);
      Loads under = load(time, fewestLoads, () -> !attackers.areAllAtWork());
      List<Duration> cpuAfter = cpu();
      long lived = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
      boolean alive = mirror.isAlive();
      List<Attackers.Result> results = attackers.end();
      results.forEach(r -> say("%s", r));
      say("%s: alone %s; under attack %s", title, alone, under);
      say("%s: slowest: %s", title, client.slowest());
      under.failures().forEach(f -> say("%s: failed: %s", title, f));
      String cpu = cpu(lived, cpuBefore, cpuAfter);
      say("%s: %s", title, cpu);
      assertThat(alive).as("the process lives; it died after %d ms:%n%s", lived, logEnd()).isTrue();
      assertThat(under.failures()).as("failures of the honest client").isEmpty();
      assertNotMuchSlower(
          "loads of a known repo; " + cpu, alone.warm(), under.warm(), Duration.ZERO);
      assertNotMuchSlower("loads of new repos; " + cpu, alone.cold(), under.cold(), NEW_REPO);
      assertThat(results).allSatisfy(r -> assertThat(r.met()).doesNotContainKey("500"));
      assertAtRest(title, heapBefore, socketsBefore);
      well = true;
    } finally {
      if (!well) {
        // What this attack has done must not count against the next one.
        stopMirror();
        startMirror();
      }
    }
  }

  /** Processor time of the attackers, the Hub, the mirror, and the honest client. */
  private List<Duration> cpu() {
    return List.of(
        attackers.cpu(),
        hub.cpu(),
        ProcessHandle.of(mirror.pid()).map(JavaProcess::cpu).orElse(Duration.ZERO),
        JavaProcess.cpu(ProcessHandle.current()));
  }

  private static String cpu(long millis, List<Duration> before, List<Duration> after) {
    List<Long> spent =
        IntStream.range(0, before.size())
            .mapToObj(i -> after.get(i).minus(before.get(i)).toMillis())
            .toList();
    return "in %d ms the attackers took %d ms of processors, the Hub %d, the mirror %d, the client %d"
        .formatted(millis, spent.get(0), spent.get(1), spent.get(2), spent.get(3));
  }

  private String logEnd() throws IOException {
    String log = Files.readString(mirror.log());
    return log.substring(Math.max(0, log.length() - LOG_SHOWN));
  }

  private static void assertNotMuchSlower(
      String what, List<Duration> alone, List<Duration> under, Duration more) {
    assertThat(under).as(what).isNotEmpty();
    assertThat(Loads.median(under))
        .as("the median of %s; alone it was %s", what, Loads.median(alone))
        .isLessThanOrEqualTo(Loads.median(alone).multipliedBy(SLOWER).plus(more));
  }

  private void assertAtRest(String title, long heapBefore, OptionalInt socketsBefore)
      throws IOException, InterruptedException {
    processHealth.assertFiguresExist();
    long begun = System.nanoTime();
    AtomicReference<List<String>> last = new AtomicReference<>(List.of());
    await("the mirror is at rest")
        .atMost(TO_REST)
        .pollInterval(Duration.ofMillis(200))
        .untilAsserted(() -> {
          List<String> unrest = processHealth.unrest();
          if (!unrest.isEmpty()) {
            last.set(unrest);
          }
          assertThat(unrest).as("what is not at rest").isEmpty();
          if (socketsBefore.isPresent()) {
            assertThat(processHealth.sockets().getAsInt())
                .as("open sockets; before: %d", socketsBefore.getAsInt())
                .isLessThanOrEqualTo(socketsBefore.getAsInt() + SOCKETS_STAY);
          }
        });
    long rest = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
    long heap = processHealth.heap();
    say(
        "%s: at rest after %d ms, %s last; heap %d KiB before and %d KiB after",
        title, rest, last, heapBefore >> 10, heap >> 10);
    assertThat(heap).as("heap in use; before: %d", heapBefore).isLessThan(heapBefore + STAYS);
  }
}
