package io.intrahub.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DemoRepos;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.testing.FullQueue;
import io.intrahub.testing.MirrorUnderTest;
import io.intrahub.testing.SilentNames;
import io.intrahub.upstream.hub.EndpointSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.FieldSource;
import tools.jackson.databind.JsonNode;

/**
 * The first load of a repo during an outage: how soon the user of each generation of the Python
 * client has the error, by the clock of the client, and what it says. The time of the mirror's
 * clock passes here, because a client may ask again and again.
 */
@ParameterizedClass
@FieldSource("VERSIONS")
@Tag("timed")
class ColdOutageIT {
  static final List<String> VERSIONS =
      List.of(
          "hf-2.4.0", "hf-1.33.0", "hf-0.36.2", "hf-0.23.5", "transformers-5", "transformers-4.57");

  /** The promise of {@code docs/reliability.md}, for each call of a user. */
  private static final double SECONDS = 6;

  /** A file is asked for when its repo has been, and then 5 s pass before a connection fails. */
  private static final double SECONDS_OF_ONE_CONNECTION = 8;

  private static final String ID = "demo/tiny-bert";
  private static final String WEIGHTS = "model.safetensors";
  private static final String NOTHING_USABLE = "the Hub has given no usable answer since";
  private static final List<String> UNREACHABLE =
      List.of("could not reach the Hub for model " + ID, "the Hub has not answered since");
  private static final String TIME = " [0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]+Z";

  /** Is loaded before the outage, where there is to have been something before. */
  private static final String OTHER = "acme/loaded-before";

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

  @Test
  void when_connections_are_refused() {
    forEachLoad(load -> {
      try (MirrorUnderTest mirror = mirror(load.name(), DevHub.builder())) {
        mirror.hub().goDark();
        expectError(load, mirror, UNREACHABLE);
      }
    });
  }

  @Test
  void when_connections_are_refused_after_the_hub_was_reached() {
    forEachLoad(load -> {
      try (MirrorUnderTest mirror = mirror(load.name(), DevHub.builder())) {
        reach(mirror);
        mirror.hub().goDark();
        expectError(
            load,
            mirror,
            List.of("could not reach the Hub for model " + ID),
            Optional.of("the Hub last answered at"));
      }
    });
  }

  @Test
  void when_every_call_is_answered_with_503_after_the_hub_was_reached() {
    forEachLoad(load -> {
      try (MirrorUnderTest mirror = mirror(load.name(), DevHub.builder())) {
        reach(mirror);
        mirror.hub().faults().everywhere().status(503);
        expectError(
            load,
            mirror,
            List.of("it answered 503"),
            Optional.of("the Hub last gave a usable answer at"));
      }
    });
  }

  @Test
  void when_the_file_servers_refuse_connections_after_they_were_reached() {
    forEachLoad(load -> {
      try (MirrorUnderTest mirror = mirror(load.name(), DevHub.builder())) {
        reach(mirror);
        mirror.hub().cdnGoDark();
        expectError(
            load,
            mirror,
            List.of("could not reach the Hub for " + WEIGHTS + " of model " + ID),
            Optional.of("a file server of the Hub last answered at"));
      }
    });
  }

  /** One attempt to connect takes 5 s, so a second one would be too late for the client. */
  @Test
  void when_packets_to_the_file_servers_are_dropped() {
    forEachLoad(load -> {
      try (MirrorUnderTest mirror = mirror(load.name(), DevHub.builder())) {
        reach(mirror);
        // An address and no name, which may stand for another address too.
        mirror.hub().cdnHost("127.0.0.1");
        mirror.hub().cdnGoDark();
        try (FullQueue nowhere = new FullQueue(mirror.hub().cdnPort())) {
          expectError(
              load,
              mirror,
              List.of(
                  "could not reach the Hub for " + WEIGHTS + " of model " + ID,
                  "the file server " + nowhere.uri().getHost() + " can't be reached"),
              Optional.of("a file server of the Hub last answered at"),
              SECONDS_OF_ONE_CONNECTION);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    });
  }

  @Test
  void when_connections_are_taken_and_nothing_is_answered() {
    forEachLoad(load -> {
      try (MirrorUnderTest mirror = mirror(load.name(), DevHub.builder())) {
        mirror.hub().blackHole(true);
        expectError(load, mirror, UNREACHABLE);
      }
    });
  }

  @Test
  void when_packets_are_dropped() {
    forEachLoad(load -> {
      try (FullQueue nowhere = new FullQueue();
          MirrorUnderTest mirror =
              new MirrorUnderTest(
                  tmp.resolve(load.name()),
                  s ->
                      s.withUpstream(
                          s.upstream()
                              .withEndpoints(List.of(EndpointSettings.trusted(nowhere.uri())))),
                  DevHub.builder())) {
        tick(mirror);
        expectError(load, mirror, UNREACHABLE);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    });
  }

  @Test
  void when_no_name_server_answers() {
    forEachLoad(load -> {
      // A name of its own: the look-up of one that another test began goes on for ever.
      String host = (version + load.name()).replaceAll("[^a-z0-9]", "-") + SilentNames.SILENT;
      EndpointSettings hub = EndpointSettings.trusted(URI.create("http://" + host));
      try (MirrorUnderTest mirror =
          new MirrorUnderTest(
              tmp.resolve(load.name()),
              s -> s.withUpstream(s.upstream().withEndpoints(List.of(hub))),
              DevHub.builder())) {
        tick(mirror);
        expectError(load, mirror, UNREACHABLE);
      }
    });
  }

  @Test
  void when_every_call_is_answered_with_503() {
    forEachLoad(load -> {
      try (MirrorUnderTest mirror = mirror(load.name(), DevHub.builder())) {
        mirror.hub().faults().everywhere().status(503);
        expectError(load, mirror, List.of("it answered 503", NOTHING_USABLE));
      }
    });
  }

  @Test
  void when_a_portal_answers_with_its_login_page() {
    forEachLoad(load -> {
      try (MirrorUnderTest mirror = mirror(load.name(), DevHub.builder())) {
        mirror.hub().faults().everywhere().loginPage();
        expectError(load, mirror, List.of("a portal may require a login", NOTHING_USABLE));
      }
    });
  }

  @Test
  void when_the_file_servers_refuse_connections() {
    forEachLoad(load -> {
      try (MirrorUnderTest mirror = mirror(load.name(), DevHub.builder())) {
        mirror.hub().cdnGoDark();
        expectError(
            load,
            mirror,
            List.of(
                "could not reach the Hub for " + WEIGHTS + " of model " + ID,
                "no file server of the Hub has answered since"));
      }
    });
  }

  /**
   * One call of a user.
   *
   * @param name of the script
   */
  private record Load(String name, List<String> arguments) {}

  /** Beside each other, each through a mirror of its own: they wait nearly all the time. */
  private void forEachLoad(Consumer<Load> test) {
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

  private MirrorUnderTest mirror(String name, DevHub.Builder builder) {
    MirrorUnderTest mirror = new MirrorUnderTest(tmp.resolve(name), s -> s, builder);
    DemoRepos.tinyBert(mirror.hub());
    tick(mirror);
    return mirror;
  }

  private void tick(MirrorUnderTest mirror) {
    var _ =
        time.scheduleAtFixedRate(
            () -> mirror.pass(TICK), TICK.toMillis(), TICK.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Has the Hub and a file server of it answer the mirror. */
  private void reach(MirrorUnderTest mirror) {
    mirror
        .hub()
        .repo("model", OTHER)
        .commit("Add", Map.of("large.bin", DevFile.lfsGenerated(1, 50_000)));
    CurlClient.Answer answer =
        new CurlClient(tmp).get(mirror.uri() + "/" + OTHER + "/resolve/main/large.bin");
    assertThat(answer.status()).as("before the outage").isEqualTo(200);
    mirror.awaitIdle();
  }

  private void expectError(Load load, MirrorUnderTest mirror, List<String> words) {
    expectError(load, mirror, words, Optional.empty());
  }

  private void expectError(
      Load load, MirrorUnderTest mirror, List<String> words, Optional<String> last) {
    expectError(load, mirror, words, last, SECONDS);
  }

  /**
   * Fails unless the client has its error in time, in these words.
   *
   * @param last before the time of the last answer, if there was one
   * @param seconds by the clock of the client
   */
  private void expectError(
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
