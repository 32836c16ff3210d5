package io.intrahub.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.testing.FullQueue;
import io.intrahub.testing.MirrorUnderTest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.FieldSource;

/** The Hub was there before, and users read when. */
@ParameterizedClass
@FieldSource("VERSIONS")
@Tag("timed")
class LaterOutageIT extends ColdLoads {
  /** A file is asked for when its repo has been, and then 5 s pass before a connection fails. */
  private static final double SECONDS_OF_ONE_CONNECTION = 8;

  /** Is loaded before the outage. */
  private static final String OTHER = "acme/loaded-before";

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
}
