package io.intrahub.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DemoRepos;
import io.intrahub.devhub.DevHub;
import io.intrahub.testing.MirrorUnderTest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import tools.jackson.databind.JsonNode;

/**
 * The first load of a repo during an outage, with each generation of the Python client: how soon
 * its user has the error, by the clock of the client, and what it says. The time of the mirror's
 * clock passes here, because a client may ask again and again.
 */
abstract class ColdLoads {
  static final List<String> VERSIONS =
      List.of(
          "hf-2.4.0", "hf-1.33.0", "hf-0.36.2", "hf-0.23.5", "transformers-5", "transformers-4.57");

  static final String ID = "demo/tiny-bert";
  static final String WEIGHTS = "model.safetensors";

  /** The promise of {@code docs/reliability.md}, for each call of a user. */
  private static final double SECONDS = 6;

  private static final String TIME = " [0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]+Z";
  private static final Duration TICK = Duration.ofMillis(20);

  @Parameter String version;
  @TempDir Path tmp;
  private PythonClient client;
  private final ScheduledExecutorService time = Executors.newSingleThreadScheduledExecutor();

  @BeforeEach
  void start() {
    client = new PythonClient(version, tmp);
    client.assumeAvailable();
  }

  @AfterEach
  void stop() {
    time.shutdownNow();
  }

  /**
   * One call of a user.
   *
   * @param name of the script
   */
  record Load(String name, List<String> arguments) {}

  /** Beside each other, each through a mirror of its own: they wait nearly all the time. */
  void forEachLoad(Consumer<Load> test) {
    loads().stream()
        .map(
            load -> CompletableFuture.runAsync(() -> test.accept(load), Thread::startVirtualThread))
        .toList()
        .forEach(CompletableFuture::join);
  }

  private List<Load> loads() {
    return version.startsWith("transformers")
        ? List.of(new Load("transformers_load.py", List.of(ID)))
        : List.of(
            new Load("snapshot.py", List.of(ID)), new Load("download.py", List.of(ID, WEIGHTS)));
  }

  MirrorUnderTest mirror(String name, DevHub.Builder builder) {
    MirrorUnderTest mirror = new MirrorUnderTest(tmp.resolve(name), s -> s, builder);
    DemoRepos.tinyBert(mirror.hub());
    tick(mirror);
    return mirror;
  }

  void tick(MirrorUnderTest mirror) {
    var _ =
        time.scheduleAtFixedRate(
            () -> mirror.pass(TICK), TICK.toMillis(), TICK.toMillis(), TimeUnit.MILLISECONDS);
  }

  void expectError(Load load, MirrorUnderTest mirror, List<String> words) {
    expectError(load, mirror, words, Optional.empty());
  }

  void expectError(Load load, MirrorUnderTest mirror, List<String> words, Optional<String> last) {
    expectError(load, mirror, words, last, SECONDS);
  }

  /**
   * Fails unless the client has its error in time, in these words.
   *
   * @param last before the time of the last answer, if there was one
   * @param seconds by the clock of the client
   */
  void expectError(
      Load load,
      MirrorUnderTest mirror,
      List<String> words,
      Optional<String> last,
      double seconds) {
    ClientResult result =
        client
            .call()
            .endpoint(mirror.uri())
            .script(load.name(), load.arguments().toArray(String[]::new));

    String what = load.name() + " wrote " + result.stdout();
    assertThat(result.exitCode()).as(what).isEqualTo(3);
    JsonNode said = result.json();
    assertThat(said.get("seconds").asDouble()).as(what).isLessThan(seconds);
    assertThat(said.get("error").toString())
        .as(what)
        .contains(words)
        .contains("model " + ID, "has no copy of it that it may serve");
    last.ifPresent(
        before -> assertThat(said.get("error").toString()).as(what).containsPattern(before + TIME));
  }
}
