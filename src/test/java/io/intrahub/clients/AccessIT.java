package io.intrahub.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Visibility;
import io.intrahub.testing.MirrorUnderTest;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Alice, who may read, Bob, who may not, somebody without a token and somebody with one that nobody
 * knows ask for everything about public, private and gated repos, and hear from the mirror what
 * they would hear from the Hub: with nothing kept, with whatever the others left, and once more.
 */
class AccessIT {
  private static final String ALICE = "hf_alice";
  private static final String BOB = "hf_bob";
  private static final String UNKNOWN = "hf_unknown";
  private static final List<Optional<String>> EVERYBODY =
      List.of(Optional.of(ALICE), Optional.of(BOB), Optional.empty(), Optional.of(UNKNOWN));
  private static final String SMALL = "config.json";
  private static final String LARGE = "nested/model.bin";

  @TempDir Path tmp;
  private final HttpClient http = HttpClient.newHttpClient();
  private MirrorUnderTest mirror;

  /** One thing to ask of a repo. */
  private record Ask(String method, String path, Optional<String> file, String range) {
    static Ask api(String path) {
      return new Ask("GET", path, Optional.empty(), "");
    }
  }

  @BeforeEach
  void start() {
    mirror = new MirrorUnderTest(tmp.resolve("data"));
    // Only so that JSON can be compared as it is; what becomes of Xet is another test's matter.
    mirror.hub().xet(false);
    mirror.hub().token(ALICE, "alice");
    mirror.hub().token(BOB, "bob");
  }

  @AfterEach
  void stop() {
    mirror.close();
    http.close();
  }

  private DevRepo repo(Visibility visibility, int number) {
    String id = "acme/" + visibility.name().toLowerCase(Locale.ROOT) + "-" + number;
    DevRepo repo = mirror.hub().repo("model", id).visibility(visibility).allow(ALICE);
    repo.commit(
        "Add",
        Map.of(
            SMALL, DevFile.text("{\"secret of\": \"" + id + "\"}\n"),
            LARGE, DevFile.lfsGenerated(id.hashCode(), 40_000)));
    return repo;
  }

  private static List<Ask> asks(DevRepo repo) {
    String api = "api/models/" + repo.id();
    String files = repo.id() + "/resolve/main/";
    String commit = repo.commitOf("main").orElseThrow();
    return List.of(
        new Ask("HEAD", files + SMALL, Optional.of(SMALL), ""),
        new Ask("GET", files + SMALL, Optional.of(SMALL), ""),
        new Ask("GET", files + LARGE, Optional.of(LARGE), "bytes=100-"),
        new Ask("GET", files + LARGE, Optional.of(LARGE), ""),
        new Ask("GET", repo.id() + "/resolve/" + commit + "/" + LARGE, Optional.of(LARGE), ""),
        new Ask(
            "GET",
            "api/resolve-cache/models/" + repo.id() + "/" + commit + "/" + SMALL,
            Optional.of(SMALL),
            ""),
        Ask.api(repo.id() + "/raw/main/" + LARGE),
        Ask.api(files + "none.json"),
        Ask.api(repo.id() + "/resolve/nowhere/" + SMALL),
        Ask.api(api),
        Ask.api(api + "?blobs=true"),
        Ask.api(api + "/revision/main"),
        Ask.api(api + "/revision/" + commit),
        Ask.api(api + "/revision/nowhere"),
        Ask.api(api + "/tree/main?recursive=true"),
        Ask.api(api + "/tree/main/none"),
        Ask.api(api + "/tree/nowhere"),
        new Ask("POST", api + "/paths-info/main", Optional.empty(), ""),
        new Ask("POST", api + "/paths-info/nowhere", Optional.empty(), ""),
        Ask.api(api + "/refs"),
        Ask.api(api + "/commits/main"),
        Ask.api(api + "/auth-check"));
  }

  @ParameterizedTest
  @EnumSource
  void everybody_hears_of_a_cold_repo_what_the_hub_says(Visibility visibility) {
    int number = 0;
    int asks = asks(repo(visibility, number)).size();
    for (Optional<String> token : EVERYBODY) {
      for (int i = 0; i < asks; i++) {
        DevRepo cold = repo(visibility, ++number);
        expectSame(cold, asks(cold).get(i), token);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void everybody_hears_of_a_warm_repo_what_the_hub_says(Visibility visibility) throws IOException {
    DevRepo repo = repo(visibility, 0);
    for (int round = 0; round < 2; round++) {
      for (Optional<String> token : EVERYBODY) {
        for (Ask ask : asks(repo)) {
          expectSame(repo, ask, token);
        }
      }
      mirror.awaitIdle();
    }
    List<String> etags = repo.files("main").values().stream().map(DevFile::etag).sorted().toList();
    // Once for all, whoever may read it; and of tokens nothing.
    assertThat(mirror.storedBlobs()).isEqualTo(etags);
    for (String token : List.of(ALICE, BOB, UNKNOWN)) {
      assertThat(filesNaming(token)).isEmpty();
    }
  }

  @Test
  void a_repo_that_became_private_is_closed_once_its_verdict_is_old() {
    DevRepo repo = repo(Visibility.PUBLIC, 0);
    asks(repo).forEach(ask -> expectSame(repo, ask, Optional.empty()));
    mirror.awaitIdle();

    repo.visibility(Visibility.PRIVATE);
    mirror.pass(Duration.ofMinutes(11));

    // By its commit first: no branch has to be looked up, which would notice by itself.
    String commit = repo.commitOf("main").orElseThrow();
    Ask byCommit =
        new Ask("GET", repo.id() + "/resolve/" + commit + "/" + LARGE, Optional.of(LARGE), "");
    expectSame(repo, byCommit, Optional.empty());
    for (Optional<String> token : EVERYBODY) {
      asks(repo).forEach(ask -> expectSame(repo, ask, token));
    }
  }

  @Test
  void a_repo_that_became_public_opens_once_its_refusal_is_old() {
    DevRepo repo = repo(Visibility.PRIVATE, 0);
    asks(repo).forEach(ask -> expectSame(repo, ask, Optional.empty()));

    repo.visibility(Visibility.PUBLIC);
    mirror.pass(Duration.ofSeconds(61));

    asks(repo).forEach(ask -> expectSame(repo, ask, Optional.empty()));
  }

  @Test
  void each_token_hears_its_own_name() {
    for (Optional<String> token : EVERYBODY) {
      HttpResponse<byte[]> answer = send(mirror.uri(), Ask.api("api/whoami-v2"), token);
      HttpResponse<byte[]> hub = send(mirror.hub().uri(), Ask.api("api/whoami-v2"), token);
      assertThat(answer.statusCode()).isEqualTo(hub.statusCode());
      assertThat(text(answer)).isEqualTo(text(hub));
    }
  }

  private void expectSame(DevRepo repo, Ask ask, Optional<String> token) {
    boolean open = open(repo);
    boolean passedOn = ask.path.matches(".*/(auth-check|raw/.*)");
    // A gated repo shows its metadata to everybody.
    boolean metadata = ask.file.isEmpty() && ask.path.startsWith("api/") && !isPrivate(repo);
    // What everybody may know is not withheld because a token has run out (HP 64).
    boolean asAnonymous = (open || metadata) && !passedOn;
    Optional<String> effective = token.filter(t -> !(asAnonymous && t.equals(UNKNOWN)));
    HttpResponse<byte[]> hub = send(mirror.hub().uri(), ask, effective);
    HttpResponse<byte[]> answer = send(mirror.uri(), ask, token);
    String what = token.orElse("anonymous") + " " + ask + ": " + text(answer);
    assertThat(header(answer, "X-Request-Id")).as(what).isNotEmpty();
    assertThat(header(answer, "Access-Control-Expose-Headers")).contains("X-Error-Code", "Link");
    int status = hub.statusCode();
    if (status >= 400) {
      String message = header(hub, "X-Error-Message");
      boolean bare =
          status == 401 && !message.equals("Invalid credentials in Authorization header");
      String code = header(hub, "X-Error-Code");
      assertThat(answer.statusCode()).as(what).isEqualTo(status);
      assertThat(header(answer, "X-Error-Message")).as(what).isEqualTo(message);
      assertThat(header(answer, "X-Error-Code"))
          .as(what)
          .isEqualTo(bare && code.isEmpty() ? "RepoNotFound" : code);
      if (!ask.method.equals("HEAD")) {
        JsonNode body = JsonMapper.shared().readTree(text(answer));
        assertThat(body.get("error").asString()).isEqualTo(message).matches("[ -~]+");
      }
      return;
    }
    if (!open && !asAnonymous) {
      assertThat(header(answer, "Cache-Control")).as(what).contains("private");
      assertThat(header(answer, "Vary")).as(what).contains("Authorization");
    }
    if (ask.file.isEmpty()) {
      assertThat(answer.statusCode()).as(what).isEqualTo(status);
      assertThat(text(answer)).as(what).isEqualTo(text(hub));
      return;
    }
    byte[] all = repo.file("main", ask.file.get()).orElseThrow().allBytes();
    byte[] expected = ask.method.equals("HEAD") ? new byte[0] : all;
    if (!ask.range.isEmpty()) {
      expected = Arrays.copyOfRange(all, 100, all.length);
    }
    assertThat(answer.statusCode()).as(what).isEqualTo(ask.range.isEmpty() ? 200 : 206);
    assertThat(answer.body()).as(what).isEqualTo(expected);
  }

  /** Whether an anonymous client sees the file's first hop. */
  private boolean open(DevRepo repo) {
    Ask ask = new Ask("HEAD", repo.id() + "/resolve/main/" + SMALL, Optional.of(SMALL), "");
    return send(mirror.hub().uri(), ask, Optional.empty()).statusCode() < 400;
  }

  private boolean isPrivate(DevRepo repo) {
    Ask info = Ask.api("api/models/" + repo.id());
    return send(mirror.hub().uri(), info, Optional.empty()).statusCode() == 401;
  }

  private HttpResponse<byte[]> send(URI server, Ask ask, Optional<String> token) {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(server + "/" + ask.path));
    request.method(ask.method, HttpRequest.BodyPublishers.noBody());
    if (ask.method.equals("POST")) {
      request.header("Content-Type", "application/x-www-form-urlencoded");
      request.POST(HttpRequest.BodyPublishers.ofString("paths=config.json&paths=none"));
    }
    token.ifPresent(t -> request.header("Authorization", "Bearer " + t));
    if (!ask.range.isEmpty()) {
      request.header("Range", ask.range);
    }
    try {
      return http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    } catch (IOException e) {
      throw new AssertionError(ask + " got no answer", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  private static String text(HttpResponse<byte[]> response) {
    return new String(response.body(), StandardCharsets.UTF_8);
  }

  private static String header(HttpResponse<?> response, String name) {
    return response.headers().firstValue(name).orElse("");
  }

  private List<String> filesNaming(String name) throws IOException {
    List<String> found = new ArrayList<>();
    try (Stream<Path> all = Files.walk(mirror.data())) {
      for (Path path : all.toList()) {
        boolean inside =
            Files.isRegularFile(path)
                && new String(Files.readAllBytes(path), StandardCharsets.ISO_8859_1).contains(name);
        if (inside || path.getFileName().toString().contains(name)) {
          found.add(path.toString());
        }
      }
    }
    return found;
  }
}
