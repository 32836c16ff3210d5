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
    try (DevHub hub = DevHub.builder().start();
        HttpClient ignored = client) {
      DevRepo open = store(hub, folder);
      // On all addresses, as by default.
      List<String> answers =
          askOffline(
              hub,
              folder,
              open,
              List.of(
                  "--port",
                  "0",
                  "--data",
                  data(folder).toString(),
                  "--upstream",
                  upstream(hub) + "#send-tokens",
                  "--offline"));
      assertThat(answers)
          .contains(
              "200 GET /acme/open/resolve/main/config.json",
              "200 GET /acme/open/resolve/main/model.bin",
              "200 GET /api/models/acme/open/revision/main",
              "200 GET /api/models/acme/open/refs",
              "501 GET /acme/none/resolve/main/config.json",
              "501 GET /api/whoami-v2");
    }
  }

  /** With all that reads other files than the store's: a token, a seed. */
  @Test
  void nor_does_a_mirror_with_an_account_and_a_seed(@TempDir Path folder) throws Exception {
    try (DevHub hub = DevHub.builder().start();
        HttpClient ignored = client) {
      DevRepo open = store(hub, folder);
      String commit = "5".repeat(40);
      Path seeded = folder.resolve("seed/models--acme--seeded");
      Path blob = seeded.resolve("blobs/9e26dfeeb6e641a33dae4961196235bdb965b21b");
      Path named = seeded.resolve("snapshots/" + commit + "/config.json");
      for (Path file : List.of(blob, named, seeded.resolve("refs/main"))) {
        Files.createDirectories(file.getParent());
      }
      Files.writeString(blob, "{}");
      Files.createSymbolicLink(named, named.getParent().relativize(blob));
      Files.writeString(seeded.resolve("refs/main"), commit);
      Path config =
          Files.writeString(
              folder.resolve("intrahub.yaml"),
              """
              mode: offline
              server: {port: 0}
              store: {path: %s, seeds: [%s]}
              upstream:
                endpoints: ["%s#send-tokens"]
              access:
                mode: service
                service-token-file: %s
                rules:
                  - clients: [127.0.0.0/8]
                    repos: ["acme/*"]
                    gated: true
                    private: true
              """
                  .formatted(
                      data(folder),
                      folder.resolve("seed"),
                      upstream(hub),
                      Files.writeString(folder.resolve("token"), ALICE)));
      List<String> answers = askOffline(hub, folder, open, List.of("--config", config.toString()));
      assertThat(answers)
          .contains(
              "200 GET /acme/open/resolve/main/config.json",
              "200 GET /acme/closed/resolve/main/model.bin",
              "200 GET /acme/seeded/resolve/main/config.json");
    }
  }

  /** Lets a mirror that is online store two repos. */
  private DevRepo store(DevHub hub, Path folder) throws Exception {
    hub.token(ALICE, "alice");
    DevRepo open = make(hub, "acme/open", Visibility.PUBLIC);
    make(hub, "acme/closed", Visibility.PRIVATE);
    Path log = Files.createFile(folder.resolve("log"));
    try (MirrorProcess online =
        MirrorProcess.serve(data(folder), upstream(hub), log, MirrorProcess.STARTS_QUICKLY)) {
      assertThat(askAll(online, open)).contains("200 GET /acme/open/resolve/main/config.json");
      online.awaitIdle();
      online.stop();
    }
    return open;
  }

  /** Asks a mirror that may not open a connection, and expects that it tried to open none. */
  private List<String> askOffline(DevHub hub, Path folder, DevRepo open, List<String> flags)
      throws Exception {
    int calls = hub.log().size();
    List<String> options = NoConnections.options(folder);
    List<String> answers;
    try (MirrorProcess offline =
        MirrorProcess.serve(folder.resolve("log"), options, flags, Map.of())) {
      answers = askAll(offline, open);
      assertThat(get(offline.adminUri(), "/status").body()).contains("\"upstream\":\"offline\"");
      assertThat(get(offline.adminUri(), "/health").statusCode()).isEqualTo(200);
      offline.stop();
    }
    assertThat(NoConnections.refused(folder)).isEmpty();
    assertThat(hub.log()).hasSize(calls);
    return answers;
  }

  private static Path data(Path folder) {
    return folder.resolve("data");
  }

  private static URI upstream(DevHub hub) {
    return URI.create("http://127.0.0.1:" + hub.port());
  }

  /** Else the tests above would prove nothing. */
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
    for (String id : List.of("acme/open", "acme/closed", "acme/seeded", "acme/none")) {
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
