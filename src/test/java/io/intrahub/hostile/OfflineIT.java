package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Visibility;
import io.intrahub.faults.MirrorProcess;
import io.intrahub.testing.NoConnections;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code mode: offline} in a process that can't open a connection: neither its start and its end,
 * nor any route, nor what runs in the background tries to.
 */
@Timeout(180)
class OfflineIT {
  private static final String ALICE = "hf_alice";

  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  @Test
  void no_route_and_nothing_in_the_background_opens_a_connection(@TempDir Path folder)
      throws Exception {
    Path data = folder.resolve("data");
    Path log = Files.createFile(folder.resolve("log"));
    try (DevHub hub = DevHub.builder().start();
        HttpClient ignored = client) {
      hub.token(ALICE, "alice");
      DevRepo open = make(hub, "acme/open", Visibility.PUBLIC);
      make(hub, "acme/closed", Visibility.PRIVATE);
      URI upstream = URI.create("http://127.0.0.1:" + hub.port());
      try (MirrorProcess online =
          MirrorProcess.serve(data, upstream, log, MirrorProcess.STARTS_QUICKLY)) {
        assertThat(askAll(online, open)).contains("200 GET /acme/open/resolve/main/config.json");
        online.awaitIdle();
        online.stop();
      }
      int calls = hub.log().size();

      List<String> flags =
          List.of(
              "--host",
              "127.0.0.1",
              "--port",
              "0",
              "--data",
              data.toString(),
              "--upstream",
              upstream + "#send-tokens",
              "--offline");
      List<String> options = NoConnections.options(folder);
      try (MirrorProcess offline = MirrorProcess.serve(log, options, flags, Map.of())) {
        List<String> answers = askAll(offline, open);
        assertThat(answers)
            .contains(
                "200 GET /acme/open/resolve/main/config.json",
                "200 GET /acme/open/resolve/main/model.bin",
                "200 GET /api/models/acme/open/revision/main",
                "200 GET /api/models/acme/open/refs",
                "501 GET /acme/none/resolve/main/config.json",
                "501 GET /api/whoami-v2");
        assertThat(get(offline.adminUri(), "/status").body()).contains("\"upstream\":\"offline\"");
        assertThat(get(offline.adminUri(), "/health").statusCode()).isEqualTo(200);
        offline.stop();
      }

      assertThat(NoConnections.refused(folder)).isEmpty();
      assertThat(hub.log()).hasSize(calls);
    }
  }

  /** Else the test above would prove nothing. */
  @Test
  void a_mirror_that_is_online_is_seen_to_open_one(@TempDir Path folder) throws Exception {
    Path log = Files.createFile(folder.resolve("log"));
    List<String> options = NoConnections.options(folder);
    URI upstream = URI.create("http://127.0.0.1:9");
    try (HttpClient ignored = client;
        MirrorProcess online =
            MirrorProcess.serve(folder.resolve("data"), upstream, log, options)) {
      assertThat(get(online.uri(), "/acme/open/resolve/main/config.json").statusCode())
          .isGreaterThanOrEqualTo(500);
      online.stop();
    }
    assertThat(NoConnections.refused(folder)).contains("a socket was opened");
  }

  private static DevRepo make(DevHub hub, String id, Visibility visibility) {
    DevRepo repo = hub.repo("model", id).visibility(visibility).allow(ALICE);
    repo.commit(
        "Add it",
        Map.of(
            "config.json", DevFile.text("{}"),
            "README.md", DevFile.text("# It"),
            "model.bin", DevFile.lfsGenerated(9, 200_000)));
    return repo;
  }

  /** Asks each route about each repo, with and without a token, and returns what was answered. */
  private List<String> askAll(MirrorProcess mirror, DevRepo repo) throws Exception {
    String commit = repo.commitOf("main").orElseThrow();
    List<String> answers = new ArrayList<>();
    for (String id : List.of("acme/open", "acme/closed", "acme/none")) {
      for (Optional<String> token : List.of(Optional.<String>empty(), Optional.of(ALICE))) {
        for (PermissionRoute route : PermissionRoute.values()) {
          answers.add(ask(mirror.uri(), route.of(id, commit, commit), token));
        }
      }
    }
    answers.add(
        ask(mirror.uri(), new Rig.Call("GET", "/api/whoami-v2", "", ""), Optional.of(ALICE)));
    return answers;
  }

  private String ask(URI base, Rig.Call call, Optional<String> token) throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(base + call.target()))
            .method(
                call.method(),
                call.body().isEmpty()
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofString(call.body()));
    if (!call.body().isEmpty()) {
      request.header("Content-Type", "application/json");
    }
    if (!call.range().isEmpty()) {
      request.header("Range", call.range());
    }
    token.ifPresent(t -> request.header("Authorization", "Bearer " + t));
    int status = client.send(request.build(), HttpResponse.BodyHandlers.discarding()).statusCode();
    return status + " " + call.method() + " " + call.target();
  }

  private HttpResponse<String> get(URI base, String path) throws Exception {
    return client.send(
        HttpRequest.newBuilder(URI.create(base + path)).build(),
        HttpResponse.BodyHandlers.ofString());
  }
}
