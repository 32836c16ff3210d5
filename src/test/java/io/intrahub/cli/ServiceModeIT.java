package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.clients.ClientResult;
import io.intrahub.clients.CurlClient;
import io.intrahub.clients.PythonClient;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Visibility;
import io.intrahub.faults.MirrorProcess;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import tools.jackson.databind.JsonNode;

/**
 * The packed product with one token for the site, as a configuration file says: real clients load
 * with a local token what the rules allow, and nobody else does. No token is where it does not
 * belong.
 */
class ServiceModeIT {
  private static final String SERVICE = "hf_serviceONE";
  private static final String NEXT_SERVICE = "hf_serviceTWO";

  /** A token of somebody who may read all of it at the Hub. */
  private static final String ALICE = "hf_aliceATHOME";

  private static final String PRIVATE = "acme/private";
  private static final String GATED = "meta-llama/gated";
  private static final String PUBLIC = "acme/open";

  private static final Duration SOON = Duration.ofSeconds(20);

  @TempDir Path tmp;
  private final Map<String, DevRepo> repos = new TreeMap<>();
  private final Set<String> tokens = new HashSet<>(List.of(SERVICE, NEXT_SERVICE, ALICE));
  private DevHub hub;
  private CurlClient curl;
  private PythonClient hf;
  private Path data;
  private Path log;
  private Path audit;
  private Path secret;

  @BeforeEach
  void start() throws IOException {
    curl = new CurlClient(tmp);
    curl.assumeAvailable();
    hf = new PythonClient("hf-2.4.0", tmp);
    hf.assumeAvailable();
    data = tmp.resolve("data");
    log = Files.createFile(tmp.resolve("mirror.log"));
    audit = tmp.resolve("audit.jsonl");
    secret = Files.writeString(tmp.resolve("hub-token"), SERVICE + "\n");
    hub = DevHub.builder().start();
    List.of(SERVICE, NEXT_SERVICE).forEach(token -> hub.token(token, "site"));
    hub.token(ALICE, "alice");
    repo(PUBLIC, Visibility.PUBLIC);
    repo(PRIVATE, Visibility.PRIVATE).allow(SERVICE, NEXT_SERVICE, ALICE);
    repo(GATED, Visibility.GATED).allow(SERVICE, NEXT_SERVICE, ALICE);
  }

  @AfterEach
  void stop() {
    if (hub != null) {
      hub.close();
    }
  }

  private DevRepo repo(String id, Visibility visibility) {
    DevRepo repo = hub.repo("model", id).visibility(visibility);
    repo.commit(
        "Add a model",
        Map.of(
            "config.json", DevFile.text("{\"model\": \"" + id + "\"}\n"),
            "model.bin", DevFile.lfsGenerated(id.hashCode(), 200_000)));
    repos.put(id, repo);
    return repo;
  }

  private Path config(String mode, String access) throws IOException {
    return Files.writeString(
        Files.createTempFile(tmp, "intrahub", ".yaml"),
        """
        mode: %s
        server: {host: 127.0.0.1, port: 0}
        store:
          path: %s
        upstream:
          endpoints: ["http://127.0.0.1:%d#send-tokens"]
        audit:
          file: %s
        access:
        %s\
        """
            .formatted(mode, data, hub.port(), audit, access.indent(2)));
  }

  private Path serviceConfig(String mode) throws IOException {
    return config(
        mode,
        """
        mode: service
        service-token-file: %s
        rules:                       # first match wins
          - tokens: [ci, late]
            repos: ["acme/*", "meta-llama/*"]
            gated: true
            private: true
          - clients: [127.0.0.0/8]
            repos: ["*/*", "*"]
        """
            .formatted(secret));
  }

  private MirrorProcess serve(Path config) throws IOException {
    Path logback =
        Files.writeString(
            tmp.resolve("logback.xml"),
            """
            <configuration>
              <appender name="ERR" class="ch.qos.logback.core.ConsoleAppender">
                <target>System.err</target>
                <encoder><pattern>%level %logger %msg%n%ex</pattern></encoder>
              </appender>
              <logger name="org.eclipse.jetty" level="WARN"/>
              <root level="TRACE"><appender-ref ref="ERR"/></root>
            </configuration>
            """);
    return MirrorProcess.serve(
        log,
        List.of("-Dlogback.configurationFile=" + logback),
        List.of("--config", config.toString()),
        Map.of());
  }

  /** Runs {@code intrahub token}, and returns its standard output. */
  private String token(Path config, String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("token"));
    command.addAll(List.of(arguments));
    command.addAll(List.of("--config", config.toString()));
    Process process = MirrorProcess.launch(log, MirrorProcess.STARTS_QUICKLY, command);
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("the command ended").isTrue();
    assertThat(process.exitValue()).as("%s", Files.readString(log)).isZero();
    return out.strip();
  }

  private String addToken(Path config, String... arguments)
      throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(List.of("add"));
    all.addAll(List.of(arguments));
    String text = token(config, all.toArray(String[]::new));
    tokens.add(text);
    return text;
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void clients_load_with_a_local_token_what_the_rules_of_the_file_allow() throws Exception {
    Path config = serviceConfig("online");
    serve(config).stop();
    String ci = addToken(config, "ci");
    try (MirrorProcess mirror = serve(config)) {
      expectLoaded(load(mirror, ci), PRIVATE, GATED, PUBLIC);

      JsonNode anonymous = load(mirror, "");
      expectLoaded(anonymous, PUBLIC);
      expectRefused(anonymous, PRIVATE, "RepositoryNotFoundError", "rule 2 of this mirror");
      expectRefused(anonymous, GATED, "GatedRepoError", "does not allow gated repositories");
      JsonNode alice = load(mirror, ALICE);
      expectLoaded(alice, PUBLIC);
      expectRefused(
          alice, PRIVATE, "RepositoryNotFoundError", "does not pass on tokens of the Hub");
      expectRefused(alice, GATED, "GatedRepoError", "is not one of this mirror's");

      expectIdentity(mirror, ci);
      expectTokensTakeEffect(mirror, config);
      expectNextServiceToken(mirror, ci);
      expectNoTraces(mirror);
    }
    assertThat(sentUpstream()).isSubsetOf("Bearer " + SERVICE, "Bearer " + NEXT_SERVICE);
  }

  private void expectIdentity(MirrorProcess mirror, String ci) {
    ClientResult whoami = call(mirror, ci).hf("auth", "whoami").expectSuccess();
    assertThat(whoami.stdout()).contains("ci").doesNotContain("site");
    assertThat(ask(mirror, "api/whoami-v2", "").status()).isEqualTo(401);
    assertThat(ask(mirror, "api/whoami-v2", ALICE).status()).isEqualTo(401);
    mirror.awaitIdle();
    int before = hub.log().size();
    for (String path :
        List.of(
            "api/whoami-v2",
            "api/settings/billing",
            "api/notifications",
            "api/models/" + PRIVATE + "/settings",
            "api/models/" + GATED + "/user-access-request/pending")) {
      CurlClient.Answer answer = ask(mirror, path, ci);
      assertThat(answer.status()).as(path).isEqualTo(path.equals("api/whoami-v2") ? 200 : 403);
      if (answer.status() == 403) {
        assertThat(answer.header("X-Error-Message")).as(path).contains("an account of its own");
      }
    }
    assertThat(hub.log()).hasSize(before);
  }

  private void expectTokensTakeEffect(MirrorProcess mirror, Path config) throws Exception {
    String late = addToken(config, "late", "--repos", PRIVATE);
    await().atMost(SOON).until(() -> status(mirror, PRIVATE, late) == 200);
    CurlClient.Answer outside = file(mirror, GATED, late);
    assertThat(outside.status()).isEqualTo(403);
    assertThat(outside.header("X-Error-Message"))
        .contains("The local token late is limited to " + PRIVATE);
    token(config, "revoke", "late");
    await().atMost(SOON).until(() -> status(mirror, PRIVATE, late) == 404);
  }

  private void expectNextServiceToken(MirrorProcess mirror, String ci) throws IOException {
    hub.revoke(SERVICE);
    Path next = Files.writeString(tmp.resolve("next"), NEXT_SERVICE);
    Files.move(next, secret, StandardCopyOption.ATOMIC_MOVE);
    repo("acme/second", Visibility.PRIVATE).allow(NEXT_SERVICE);
    await().atMost(SOON).until(() -> status(mirror, "acme/second", ci) == 200);
    int before = hub.log().size();
    expectLoaded(load(mirror, ci), PRIVATE, GATED, PUBLIC);
    assertThat(hub.log().subList(before, hub.log().size()))
        .noneMatch(r -> r.authorization().filter(a -> a.contains(SERVICE)).isPresent());
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void without_a_hub_the_rules_alone_decide_about_what_is_stored() throws Exception {
    Path config = serviceConfig("online");
    String ci;
    try (MirrorProcess mirror = serve(config)) {
      ci = addToken(config, "ci");
      await().atMost(SOON).until(() -> status(mirror, PRIVATE, ci) == 200);
      expectLoaded(load(mirror, ci), PRIVATE, GATED, PUBLIC);
      mirror.awaitIdle();
      mirror.stop();
    }
    Path airGap = serviceConfig("offline");
    int before = hub.log().size();
    try (MirrorProcess mirror = serve(airGap)) {
      expectLoaded(load(mirror, ci), PRIVATE, GATED, PUBLIC);
      JsonNode anonymous = load(mirror, "");
      expectLoaded(anonymous, PUBLIC);
      expectRefused(anonymous, PRIVATE, "RepositoryNotFoundError", "private repositories");
      expectRefused(anonymous, GATED, "GatedRepoError", "does not allow gated repositories");
      assertThat(status(mirror, "acme/never-loaded", ci)).isEqualTo(501);
      expectNoTraces(mirror);
    }
    assertThat(hub.log()).hasSize(before);
    assertThat(sentUpstream()).containsExactly("Bearer " + SERVICE);
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void public_only_drops_every_token_and_says_why_it_refuses() throws Exception {
    Path config = config("online", "mode: public-only\n");
    try (MirrorProcess mirror = serve(config)) {
      for (String token : List.of(ALICE, "")) {
        JsonNode loaded = load(mirror, token);
        expectLoaded(loaded, PUBLIC);
        expectRefused(loaded, PRIVATE, "RepositoryNotFoundError", "access.mode: public-only");
        expectRefused(loaded, GATED, "GatedRepoError", "access.mode: public-only");
      }
      assertThat(file(mirror, GATED, ALICE).header("X-Error-Message"))
          .contains("serves public repositories only", "It ignores tokens.");
      expectNoTraces(mirror);
    }
    assertThat(sentUpstream()).isEmpty();
  }

  private PythonClient.Call call(MirrorProcess mirror, String token) {
    PythonClient.Call call = hf.call().endpoint(mirror.uri());
    return token.isEmpty() ? call : call.token(token);
  }

  /** What snapshot_download makes of each repo, with an empty cache. */
  private JsonNode load(MirrorProcess mirror, String token) {
    ClientResult result = call(mirror, token).script("snapshots.py", PRIVATE, GATED, PUBLIC);
    assertNoToken("a client's output", result.stdout() + result.stderr());
    return result.expectSuccess().json();
  }

  private void expectLoaded(JsonNode loaded, String... ids) {
    for (String id : ids) {
      JsonNode files = loaded.get(id).path("files");
      assertThat(files.size()).as("%s", loaded.get(id)).isEqualTo(2);
      repos
          .get(id)
          .files("main")
          .forEach((path, file) ->
              assertThat(files.get(path).get("sha256").asString()).isEqualTo(file.sha256()));
    }
  }

  private static void expectRefused(JsonNode loaded, String id, String exception, String text) {
    JsonNode error = loaded.get(id).path("error");
    assertThat(error.path("type").asString()).as("%s", loaded.get(id)).isEqualTo(exception);
    assertThat(error.path("message").asString()).contains(text);
  }

  private CurlClient.Answer ask(MirrorProcess mirror, String path, String token) {
    String url = mirror.uri() + "/" + path;
    CurlClient.Answer answer =
        token.isEmpty() ? curl.get(url) : curl.get(url, "-H", "Authorization: Bearer " + token);
    assertNoToken(path, answer.headers().map() + answer.text());
    return answer;
  }

  private CurlClient.Answer file(MirrorProcess mirror, String id, String token) {
    return ask(mirror, id + "/resolve/main/config.json", token);
  }

  private int status(MirrorProcess mirror, String id, String token) {
    return file(mirror, id, token).status();
  }

  /** Every value of {@code Authorization} that the Hub has got. */
  private Set<String> sentUpstream() {
    Set<String> values = new HashSet<>();
    for (Recorded request : hub.log()) {
      request.authorization().ifPresent(values::add);
      Map<String, List<String>> others = new TreeMap<>(request.headers());
      others.remove("authorization");
      assertNoToken("a request upstream", request.target() + others);
    }
    return values;
  }

  private void expectNoTraces(MirrorProcess mirror) throws IOException {
    for (String path : List.of("/metrics", "/status")) {
      assertNoToken(path, curl.get(mirror.adminUri() + path).text());
    }
    // With the full names of loggers, as this test's own configuration of the log says.
    assertThat(Files.readString(log)).contains("INFO io.intrahub.");
    assertNoToken("the log", Files.readString(log));
    await().atMost(SOON).until(() -> Files.size(audit) > 0);
    assertNoToken("the audit log", Files.readString(audit));
    try (Stream<Path> files = Files.walk(data)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String content = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        assertNoToken(file.toString(), file + content);
      }
    }
  }

  private void assertNoToken(String where, String text) {
    for (String token : tokens) {
      assertThat(text.contains(token)).as("a token in " + where).isFalse();
    }
  }
}
