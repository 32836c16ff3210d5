package io.intrahub.clients;

import io.intrahub.devhub.DevHub;
import io.intrahub.testing.FullQueue;
import io.intrahub.testing.MirrorUnderTest;
import io.intrahub.testing.SilentNames;
import io.intrahub.upstream.hub.EndpointSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.FieldSource;

/** What was never reached: the Hub has not answered since the mirror's start, and is not there. */
@ParameterizedClass
@FieldSource("VERSIONS")
@Tag("timed")
class ColdOutageIT extends ColdLoads {
  private static final String NOTHING_USABLE = "the Hub has given no usable answer since";
  private static final List<String> UNREACHABLE =
      List.of("could not reach the Hub for model " + ID, "the Hub has not answered since");

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
}
