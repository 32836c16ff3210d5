package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.cli.AppSettings;
import io.intrahub.clients.OlahProcess;
import io.intrahub.clients.PythonClient;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Route;
import io.intrahub.upstream.hub.EndpointSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Olah, another mirror of the Hub, as upstream. */
class OlahUpstreamIT {
  private static final DevFile WEIGHTS = DevFile.lfsGenerated(8, 3_000_000);

  @TempDir Path tmp;
  private Optional<OlahProcess> olah = Optional.empty();
  private Optional<Rig> rig = Optional.empty();

  @BeforeEach
  void start() throws IOException {
    OlahProcess.assumeAvailable(tmp);
    int cdnPort = OlahProcess.freePort();
    rig =
        Optional.of(
            new Rig(
                Files.createDirectory(tmp.resolve("data")),
                s -> behind(s, cdnPort),
                DevHub.builder().cdnPort(cdnPort).strict(false)));
    rig.orElseThrow()
        .hub
        .repo("model", "acme/open")
        .commit("Add it", Map.of("small.txt", DevFile.text("small\n"), "weights.bin", WEIGHTS));
  }

  private AppSettings behind(AppSettings s, int cdnPort) {
    try {
      URI hub = s.upstream().endpoints().getFirst().address();
      // Otherwise it says for ten minutes what it heard before an outage.
      olah = Optional.of(OlahProcess.start(tmp, hub, cdnPort, "--metadata-cache-ttl", "0"));
      return s.withUpstream(
          s.upstream().withEndpoints(List.of(EndpointSettings.publicMirror(olah.get().uri()))));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @AfterEach
  void stop() {
    rig.ifPresent(Rig::close);
    olah.ifPresent(OlahProcess::close);
  }

  private void load(String when) {
    PythonClient hf = new PythonClient("hf-2.4.0", tmp);
    hf.assumeAvailable();
    JsonNode files =
        hf.call()
            .endpoint(rig.orElseThrow().app().uri())
            .script("snapshot.py", "acme/open")
            .expectSuccess()
            .json()
            .get("files");
    assertThat(files.get("weights.bin").get("sha256").asString())
        .as(when)
        .isEqualTo(WEIGHTS.sha256());
    rig.orElseThrow().settle();
  }

  @Test
  void a_repo_loads_cold_and_warm_and_during_an_outage() {
    Rig mirror = rig.orElseThrow();
    load("cold");
    int asked = mirror.hub.log().size();
    load("warm");
    assertThat(mirror.hub.log()).as("calls for a warm load").hasSize(asked);
    mirror.hub.goDark();
    mirror.hub.cdnGoDark();
    mirror.clock.pass(Duration.ofMinutes(30));
    load("while the Hub behind Olah is away");
    olah.orElseThrow().close();
    mirror.clock.pass(Duration.ofMinutes(30));
    load("while Olah is away too");
  }

  /** Olah passes the bytes on unchecked. */
  @Test
  void a_wrong_byte_never_completes() {
    Rig mirror = rig.orElseThrow();
    mirror.hub.faults().on(Route.CDN).wrongByteAt(WEIGHTS.size() - 1);
    String lfs = "/acme/open/resolve/main/weights.bin";
    Optional<Rig.Answer> answer = Optional.empty();
    try {
      answer = Optional.of(mirror.get(lfs, Optional.empty()));
    } catch (AssertionError e) {
      // The connection broke before the last byte.
    }
    assertThat(answer.map(Rig.Answer::status).filter(s -> s == 200)).isEmpty();
  }
}
