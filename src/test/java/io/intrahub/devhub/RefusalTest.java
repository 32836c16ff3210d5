package io.intrahub.devhub;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Who is refused what, and in which words. */
class RefusalTest {
  private static final DevFile FILE = DevFile.text("{}");

  private DevHub hub;
  private DevCaller anonymous;
  private DevCaller alice;
  private DevCaller bob;

  @BeforeEach
  void start() {
    hub = DevHub.builder().start();
    hub.token("hf_alice", "alice");
    hub.token("hf_bob", "bob");
    anonymous = new DevCaller(hub.uri());
    alice = anonymous.as("hf_alice");
    bob = anonymous.as("hf_bob");
    hub.repo("model", "acme/open").commit("m", "a/b.txt", FILE);
    hub.repo("model", "acme/gated").visibility(Visibility.GATED).allow("hf_alice");
    hub.repo("model", "acme/gated").commit("m", "a.txt", FILE);
    hub.repo("dataset", "acme/gated").visibility(Visibility.GATED).manualGate(true);
    hub.repo("dataset", "acme/gated").commit("m", "a.txt", FILE);
    hub.repo("model", "acme/private").visibility(Visibility.PRIVATE).allow("hf_alice");
    hub.repo("model", "acme/private").renamedFrom("acme/formerly").commit("m", "a.txt", FILE);
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  private static void assertRefused(
      DevCaller.Answer answer, int status, String code, String message) {
    assertThat(answer.status()).isEqualTo(status);
    assertThat(answer.header("X-Error-Code"))
        .isEqualTo(code.isEmpty() ? Optional.empty() : Optional.of(code));
    assertThat(answer.header("X-Error-Message")).contains(message);
    assertThat(answer.json().get("error").asString()).isEqualTo(message);
    assertThat(answer.header("X-Request-Id")).isPresent();
  }

  @Test
  void a_missing_and_a_private_repo_look_the_same() {
    for (String id : List.of("acme/none", "acme/private", "acme/formerly", "none")) {
      for (String target :
          List.of(
              "/" + id + "/resolve/main/a.txt",
              "/" + id + "/raw/main/a.txt",
              "/api/models/" + id,
              "/api/models/" + id + "/revision/main",
              "/api/models/" + id + "/tree/main",
              "/api/models/" + id + "/refs",
              "/api/models/" + id + "/commits/main",
              "/api/models/" + id + "/auth-check")) {
        assertRefused(anonymous.get(target), 401, "", "Invalid username or password.");
        assertRefused(bob.get(target), 404, "RepoNotFound", "Repository not found");
      }
    }
    assertThat(alice.get("/api/models/acme/private").json().get("private").asBoolean()).isTrue();
  }

  @Test
  void an_allowed_token_reads_a_private_repo_on_both_hops() {
    DevCaller.Answer first = alice.get("/acme/private/resolve/main/a.txt");
    assertThat(first.status()).isEqualTo(307);
    String second = first.header("Location").orElseThrow();
    assertThat(alice.get(second).body()).isEqualTo(FILE.allBytes());
    assertThat(bob.get(second).status()).isEqualTo(404);
    hub.repo("model", "acme/private").disallow("hf_alice");
    assertThat(alice.get(second).status()).isEqualTo(404);
  }

  @Test
  void an_unknown_token_is_refused_everywhere() {
    DevCaller stranger = anonymous.as("hf_stranger");
    for (String target :
        List.of("/acme/open/resolve/main/a/b.txt", "/api/models/acme/open", "/api/whoami-v2")) {
      assertRefused(stranger.get(target), 401, "", "Invalid credentials in Authorization header");
    }
    hub.revoke("hf_bob");
    assertThat(bob.get("/api/models/acme/open").status()).isEqualTo(401);
  }

  @Test
  void a_gated_repo_shows_everything_but_bytes() {
    for (String target :
        List.of(
            "/api/models/acme/gated",
            "/api/models/acme/gated/tree/main",
            "/api/models/acme/gated/refs",
            "/api/models/acme/gated/commits/main")) {
      assertThat(anonymous.get(target).status()).isEqualTo(200);
    }
    assertThat(anonymous.get("/api/models/acme/gated").json().get("gated").asString())
        .isEqualTo("auto");
    assertThat(anonymous.get("/api/datasets/acme/gated").json().get("gated").asString())
        .isEqualTo("manual");
    String sha = hub.repo("model", "acme/gated").commitOf("main").orElseThrow();
    for (String target :
        List.of(
            "/acme/gated/resolve/main/a.txt",
            "/acme/gated/resolve/main/missing.txt",
            "/acme/gated/raw/main/a.txt",
            "/api/resolve-cache/models/acme/gated/" + sha + "/a.txt",
            "/api/models/acme/gated/auth-check")) {
      assertRefused(
          anonymous.get(target),
          401,
          "GatedRepo",
          "Access to model acme/gated is restricted. You must have access to it and be"
              + " authenticated to access it. Please log in.");
      assertRefused(
          bob.get(target),
          403,
          "GatedRepo",
          "Access to model acme/gated is restricted and you are not in the authorized list. Visit "
              + hub.uri()
              + "/acme/gated to ask for access.");
    }
    assertThat(alice.get("/acme/gated/resolve/main/a.txt").status()).isEqualTo(307);
    assertThat(alice.get("/api/models/acme/gated/auth-check").status()).isEqualTo(200);
    assertThat(anonymous.get("/datasets/acme/gated/resolve/main/a.txt").text())
        .contains("Access to dataset acme/gated is restricted.");
  }

  @Test
  void a_missing_revision_is_named() {
    for (String target :
        List.of(
            "/acme/open/resolve/b%C3%A9d/a/b.txt",
            "/api/models/acme/open/revision/b%C3%A9d",
            "/api/models/acme/open/tree/b%C3%A9d",
            "/api/models/acme/open/commits/b%C3%A9d")) {
      DevCaller.Answer answer = anonymous.get(target);
      assertThat(answer.status()).isEqualTo(404);
      assertThat(answer.header("X-Error-Code")).contains("RevisionNotFound");
      assertThat(answer.header("X-Error-Message")).contains("Invalid rev id: b?d");
      assertThat(answer.json().get("error").asString()).isEqualTo("Invalid rev id: béd");
    }
    assertThat(
            anonymous
                .post("/api/models/acme/open/paths-info/bad", "application/json", "{}")
                .header("X-Error-Code"))
        .contains("RevisionNotFound");
  }

  @Test
  void a_missing_file_names_the_commit() {
    String sha = hub.repo("model", "acme/open").commitOf("main").orElseThrow();
    for (String target :
        List.of(
            "/acme/open/resolve/main/none",
            "/acme/open/resolve/main/a",
            "/acme/open/raw/main/none",
            "/api/resolve-cache/models/acme/open/" + sha + "/none")) {
      DevCaller.Answer answer = anonymous.get(target);
      assertThat(answer.status()).isEqualTo(404);
      assertThat(answer.header("X-Error-Code")).contains("EntryNotFound");
      assertThat(answer.header("X-Error-Message")).contains("Entry not found");
      assertThat(answer.header("X-Repo-Commit")).contains(sha);
      assertThat(answer.text()).isEqualTo("Entry not found");
    }
  }

  @Test
  void a_missing_folder_is_named() {
    assertRefused(
        anonymous.get("/api/models/acme/open/tree/main/nodir"),
        404,
        "EntryNotFound",
        "nodir does not exist on \"main\"");
    assertThat(anonymous.get("/api/models/acme/open/tree/main/a%2Fb.txt").status()).isEqualTo(404);
  }

  @Test
  void a_disabled_repo_says_so() {
    hub.repo("model", "acme/open").disabled(true);
    for (String target : List.of("/acme/open/resolve/main/a/b.txt", "/api/models/acme/open")) {
      assertRefused(anonymous.get(target), 403, "", "Access to this resource is disabled.");
    }
  }

  @Test
  void renamed_repos_and_other_spellings_are_relative_307s() {
    hub.repo("model", "acme/open").renamedFrom("acme/old-name").renamedFrom("open");
    for (String id : List.of("acme/old-name", "Acme/OPEN", "open")) {
      assertThat(anonymous.get("/" + id + "/resolve/main/a%2Fb.txt?x=1").header("Location"))
          .contains("/acme/open/resolve/main/a%2Fb.txt?x=1");
      DevCaller.Answer api = anonymous.get("/api/models/" + id + "/tree/main?recursive=true");
      assertThat(api.status()).isEqualTo(307);
      assertThat(api.header("Location")).contains("/api/models/acme/open/tree/main?recursive=true");
    }
    assertThat(
            anonymous
                .post("/api/models/acme/old-name/paths-info/main", "application/json", "{}")
                .status())
        .isEqualTo(307);
    assertThat(alice.get("/api/models/acme/formerly").header("Location"))
        .contains("/api/models/acme/private");
  }

  @Test
  void a_repo_made_again_has_another_internal_id() {
    String before = hub.repo("model", "acme/open").internalId();
    hub.delete("model", "acme/open");
    assertThat(anonymous.get("/api/models/acme/open").status()).isEqualTo(401);
    assertThat(hub.repo("model", "acme/open").internalId()).isNotEqualTo(before);
  }

  @Test
  void unknown_pages_and_writes_are_404() {
    hub.expectUnknownRoutes();
    for (String target :
        List.of("/api/nonsense", "/api/models/acme/open/nonsense", "/favicon.ico")) {
      assertRefused(
          anonymous.get(target), 404, "", "Sorry, we can't find the page you are looking for.");
    }
    assertThat(anonymous.post("/api/models/acme/open", "application/json", "{}").status())
        .isEqualTo(404);
  }
}
