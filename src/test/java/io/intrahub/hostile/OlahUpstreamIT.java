package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.cli.AppSettings;
import io.intrahub.clients.OlahProcess;
import io.intrahub.clients.PythonClient;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Route;
import io.intrahub.testing.FreePorts;
import io.intrahub.upstream.hub.EndpointSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
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
    int cdnPort = FreePorts.next();
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
    load(when, "acme/open");
  }

  private void load(String when, String repo) {
    PythonClient hf = new PythonClient("hf-2.4.0", tmp);
    hf.assumeAvailable();
    JsonNode files =
        hf.call()
            .endpoint(rig.orElseThrow().app().uri())
            .script("snapshot.py", repo)
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

  private HttpResponse<String> byOlah(String target) throws IOException, InterruptedException {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(
          HttpRequest.newBuilder(URI.create(olah.orElseThrow().uri() + target)).build(),
          HttpResponse.BodyHandlers.ofString());
    }
  }

  /** To the question without a revision, Olah does not tell an outage from an unknown repo. */
  @Test
  void a_cold_repo_is_told_as_olah_tells_it_while_the_hub_is_away_and_loads_afterwards()
      throws Exception {
    Rig mirror = rig.orElseThrow();
    mirror
        .hub
        .repo("model", "acme/cold")
        .commit("Add it", Map.of("small.txt", DevFile.text("cold\n"), "weights.bin", WEIGHTS));
    mirror.hub.goDark();
    mirror.hub.cdnGoDark();
    String info = "/api/models/acme/cold";
    for (String target : List.of(info + "/revision/main", "/acme/cold/resolve/main/small.txt")) {
      assertThat(byOlah(target).statusCode()).as("Olah's answer to %s", target).isEqualTo(504);
      Rig.Answer answer = mirror.get(target, Optional.empty());
      assertThat(answer.status()).as(answer.text()).isEqualTo(503);
      assertThat(answer.text()).contains("it answered 504: Proxy Timeout");
    }
    HttpResponse<String> toldByOlah = byOlah(info);
    assertThat(toldByOlah.headers().firstValue("x-error-code")).hasValue("RepoNotFound");
    Rig.Answer answer = mirror.get(info, Optional.empty());
    assertThat(answer.status()).as(answer.text()).isEqualTo(toldByOlah.statusCode());
    assertThat(answer.header("x-error-code")).hasValue("RepoNotFound");
    mirror.hub.comeBack();
    mirror.clock.pass(Duration.ofMinutes(30));
    load("when the Hub is back", "acme/cold");
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
