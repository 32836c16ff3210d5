package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.local.AccessMode;
import io.intrahub.access.local.AccessRule;
import io.intrahub.access.local.AccessRules;
import io.intrahub.cli.SiteAccess;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Visibility;
import io.intrahub.hub.RepoPattern;
import io.intrahub.testing.SettableClock;
import java.nio.charset.StandardCharsets;
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
import tools.jackson.databind.ObjectMapper;

/** A repo that is in a folder of {@code store.seeds}: who may read it, and what of it counts. */
class SeedOnlyRepoTest {
  private static final String ID = "acme/carried";
  private static final String SERVICE = "hf_seedService";
  private static final DevFile LARGE = DevFile.lfsGenerated(3, 20_000_000);
  private static final Map<String, DevFile> FILES =
      Map.of(
          "config.json",
          DevFile.text("{\"model_type\": \"bert\"}\n"),
          "model.bin",
          LARGE,
          "empty.txt",
          DevFile.text(""),
          "onnx/deep/config.json",
          DevFile.text("{}"));
  private static final String OTHER = "0123456789abcdef0123456789abcdef01234567";

  @TempDir Path tmp;
  private Path repo;
  private String commit = "";
  private Rig rig;

  @BeforeEach
  void folder() throws Exception {
    repo = tmp.resolve("hub/models--acme--carried");
    try (DevHub before = DevHub.builder().clock(new SettableClock()).start()) {
      commit = before.repo("model", ID).commit("Add it", FILES);
    }
    for (Map.Entry<String, DevFile> file : FILES.entrySet()) {
      carry(commit, file.getKey(), file.getValue());
    }
    moveMain(commit);
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  private Path carry(String in, String path, DevFile file) throws Exception {
    Path blob = Files.createDirectories(repo.resolve("blobs")).resolve(file.etag());
    Files.write(blob, file.allBytes());
    Path link = repo.resolve("snapshots").resolve(in).resolve(path);
    Files.createDirectories(link.getParent());
    return Files.createSymbolicLink(link, link.getParent().relativize(blob));
  }

  private void moveMain(String to) throws Exception {
    Files.createDirectories(repo.resolve("refs"));
    Files.writeString(repo.resolve("refs/main"), to);
  }

  private Rig rig(boolean isPrivate) throws Exception {
    Path secret = Files.writeString(tmp.resolve("token"), SERVICE);
    AccessRule rule =
        new AccessRule(
            Optional.empty(),
            List.of(),
            List.of(
                RepoPattern.parse("acme/*").orElseThrow(),
                RepoPattern.parse("evil/*").orElseThrow()),
            isPrivate,
            isPrivate);
    SiteAccess site =
        new SiteAccess(
            AccessMode.SERVICE,
            AccessRules.of(List.of(rule)),
            Optional.of(secret),
            Optional.empty(),
            Duration.ofMinutes(5),
            Duration.ofHours(1));
    Rig made =
        new Rig(
            tmp.resolve("data"),
            s -> s.withSite(site).withSeeds(List.of(tmp.resolve("none"), tmp.resolve("hub"))));
    made.hub.token(SERVICE, "service");
    return made;
  }

  private void startInAirGap() throws Exception {
    rig = rig(true);
    rig.restartOffline();
  }

  private Rig.Answer get(String revision, String path) {
    return rig.get("/" + ID + "/resolve/" + revision + "/" + path, Optional.empty());
  }

  private int head(String path) {
    Rig.Call call = new Rig.Call("HEAD", "/" + ID + "/resolve/main/" + path, "", "");
    return rig.send(rig.app().uri(), call, Optional.empty()).status();
  }

  private void expectAll(String revision) {
    FILES.forEach((path, file) -> {
      Rig.Answer answer = get(revision, path);
      assertThat(answer.status()).as(path + ": " + answer.text()).isEqualTo(200);
      assertThat(answer.body()).as(path).isEqualTo(file.allBytes());
      assertThat(answer.header("X-Repo-Commit")).contains(commit);
      assertThat(answer.header("Cache-Control")).contains("private, no-store");
    });
  }

  @Test
  void in_an_air_gap_it_loads_by_branch_and_by_commit() throws Exception {
    startInAirGap();

    expectAll("main");
    expectAll(commit);
    // The folder does not say what else the commit has, so no absence is made up.
    assertThat(get("main", "tokenizer.json").status()).isEqualTo(501);
    assertThat(rig.hub.log()).isEmpty();
  }

  /** As {@code snapshot_download} and {@code HfFileSystem} do. */
  @Test
  void in_an_air_gap_its_files_are_listed_as_part_of_the_commit() throws Exception {
    startInAirGap();

    Rig.Answer info = rig.get("/api/models/" + ID + "/revision/main", Optional.empty());
    assertThat(info.status()).as(info.text()).isEqualTo(200);
    assertThat(
            new ObjectMapper()
                .readTree(info.text())
                .get("siblings")
                .valueStream()
                .map(one -> one.get("rfilename").asString()))
        .containsExactlyInAnyOrderElementsOf(FILES.keySet());
    String tree = "/api/models/" + ID + "/tree/" + commit;
    Rig.Answer root = rig.get(tree, Optional.empty());
    assertThat(root.text())
        .contains("\"path\":\"onnx\"", "\"path\":\"model.bin\"", "\"oid\":\"" + LARGE.etag());
    for (Rig.Answer answer : List.of(info, root)) {
      assertThat(answer.header("Cache-Status").orElseThrow()).contains("detail=stale; partial");
    }
    assertThat(rig.get(tree + "/openvino", Optional.empty()).status()).isEqualTo(501);
  }

  @Test
  void a_rule_that_does_not_open_private_repos_opens_nothing_of_a_seed() throws Exception {
    rig = rig(false);
    rig.restartOffline();

    for (String path : FILES.keySet()) {
      assertThat(get("main", path).status()).as(path).isBetween(401, 404);
      assertThat(get(commit, path).status()).as(path).isBetween(401, 404);
    }
  }

  @Test
  void without_a_rule_nobody_reads_it_before_the_hub_has_said_who_may() throws Exception {
    rig = new Rig(tmp.resolve("data"), s -> s.withSeeds(List.of(tmp.resolve("hub"))));
    rig.restartOffline();
    assertThat(get("main", "config.json").status()).isEqualTo(501);
    assertThat(get(commit, "config.json").status()).isEqualTo(501);
  }

  /** The seed may be from a time when the repo was private. */
  @Test
  void what_only_a_seed_names_is_not_public_because_the_hub_said_so_of_the_repo() throws Exception {
    rig = rig(false);
    rig.hub.repo("model", ID).visibility(Visibility.PUBLIC).commit("Add it", FILES);
    assertThat(get("main", "config.json").status()).isEqualTo(200);
    rig.settle();
    carry(OTHER, "config.json", DevFile.text("an earlier secret\n"));
    rig.restartOffline();

    assertThat(get("main", "config.json").status()).isEqualTo(200);
    assertThat(get(OTHER, "config.json").status()).isEqualTo(501);
  }

  @Test
  void what_was_taken_from_a_seed_is_not_given_to_a_public_repo_that_names_its_digest()
      throws Exception {
    DevFile secret = DevFile.lfsGenerated(9, 100_000);
    rig = rig(true);
    rig.hub.repo("model", ID).visibility(Visibility.PUBLIC).commit("Add it", FILES);
    rig.hub
        .repo("model", "evil/claims")
        .visibility(Visibility.PUBLIC)
        .commit("Claim it", Map.of("config.json", DevFile.text("{}"), "stolen.bin", secret));
    String claim = "/evil/claims/resolve/main/";
    assertThat(get("main", "config.json").status()).isEqualTo(200);
    assertThat(rig.get(claim + "config.json", Optional.empty()).status()).isEqualTo(200);
    rig.settle();
    carry(OTHER, "secret.bin", secret);
    rig.restartOffline();

    Rig.Answer own = get(OTHER, "secret.bin");
    assertThat(own.body()).isEqualTo(secret.allBytes());
    assertThat(own.header("Cache-Control")).contains("private, no-store");
    assertThat(rig.get(claim + "stolen.bin", Optional.empty()).status()).isEqualTo(501);
  }

  @Test
  void while_the_hub_answers_its_word_goes_first() throws Exception {
    rig = rig(true);
    Map<String, DevFile> newer =
        Map.of("config.json", DevFile.text("newer\n"), "added.json", DevFile.text("{}"));
    var hub = rig.hub.repo("model", ID).visibility(Visibility.PUBLIC);
    hub.commit("Add it", FILES);
    String second = hub.commit("Change it", newer);

    Rig.Answer answer = get("main", "config.json");
    assertThat(answer.text()).isEqualTo("newer\n");
    assertThat(answer.header("X-Repo-Commit")).contains(second);
    assertThat(get("main", "added.json").status()).isEqualTo(200);
    rig.settle();
    rig.restartOffline();
    assertThat(get("main", "config.json").text()).as("the store's branch").isEqualTo("newer\n");
  }

  @Test
  void a_seed_that_changes_is_answered_from_as_it_is_now() throws Exception {
    startInAirGap();
    assertThat(get("main", "config.json").header("X-Repo-Commit")).contains(commit);

    carry(OTHER, "config.json", DevFile.text("moved\n"));
    moveMain(OTHER);
    assertThat(get("main", "config.json").text()).isEqualTo("moved\n");
    Files.delete(repo.resolve("snapshots/" + OTHER + "/config.json"));
    carry(OTHER, "config.json", DevFile.text("mended\n"));
    assertThat(get("main", "config.json").text()).isEqualTo("mended\n");
    Files.move(tmp.resolve("hub"), tmp.resolve("unmounted"));
    assertThat(get("main", "config.json").status()).isEqualTo(501);
    Files.move(tmp.resolve("unmounted"), tmp.resolve("hub"));
    assertThat(get("main", "config.json").text()).isEqualTo("mended\n");
  }

  @Test
  void damaged_files_and_links_out_of_the_folder_are_not_served() throws Exception {
    byte[] damaged = LARGE.allBytes();
    damaged[19_000_000] ^= 1;
    Files.write(repo.resolve("blobs/" + LARGE.etag()), damaged);
    Files.write(repo.resolve("blobs/" + FILES.get("config.json").etag()), new byte[23]);
    Path secret = Files.writeString(tmp.resolve("secret.txt"), "a secret of the host\n");
    Path snapshot = repo.resolve("snapshots/" + commit);
    Files.createSymbolicLink(snapshot.resolve("out.txt"), secret);
    Path etag = repo.resolve("blobs/" + DevFile.text("a secret of the host\n").etag());
    Files.createSymbolicLink(etag, secret);
    Files.createSymbolicLink(
        snapshot.resolve("named.txt"), Path.of("../../blobs", etag.getFileName().toString()));
    Files.createSymbolicLink(snapshot.resolve("folder"), tmp);
    Files.writeString(snapshot.resolve("plain.txt"), "of no known digest");
    startInAirGap();

    assertThat(head("config.json")).isEqualTo(501);
    for (String path :
        List.of("config.json", "out.txt", "named.txt", "folder/secret.txt", "plain.txt")) {
      assertThat(get("main", path).status()).as(path).isEqualTo(501);
    }
    assertThat(get("main", "model.bin").status()).isEqualTo(501);
    assertThat(head("model.bin")).as("it was found to be damaged").isEqualTo(501);
    assertThat(get("main", "onnx/deep/config.json").body())
        .isEqualTo("{}".getBytes(StandardCharsets.UTF_8));
  }

  /** A share that hangs must not stop what the store has. */
  @Test
  void no_seed_is_asked_about_a_commit_of_which_the_store_has_the_list() throws Exception {
    rig = rig(true);
    rig.hub.repo("model", ID).visibility(Visibility.PUBLIC).commit("Add it", FILES);
    assertThat(get("main", "config.json").status()).isEqualTo(200);
    rig.settle();
    rig.restartOffline();

    String stored = get("main", "config.json").header("X-Repo-Commit").orElseThrow();
    for (String revision : List.of("main", stored)) {
      Rig.Answer answer = get(revision, "config.json");
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.header("Cache-Control").orElse("")).doesNotContain("private");
    }
  }

  @Test
  void a_seed_brings_nothing_back_of_a_repo_that_the_hub_has_disabled() throws Exception {
    rig = rig(true);
    var hub = rig.hub.repo("model", ID).visibility(Visibility.PUBLIC);
    hub.commit("Add it", FILES);
    assertThat(get("main", "config.json").status()).isEqualTo(200);
    rig.settle();
    hub.disabled(true);
    rig.clock.pass(Duration.ofMinutes(11));
    assertThat(get("main", "model.bin").status()).isBetween(401, 404);
    rig.settle();
    assertThat(rig.app().status().removed()).hasSize(1);
    carry(OTHER, "config.json", DevFile.text("carried\n"));
    rig.restartOffline();

    assertThat(get(OTHER, "config.json").status()).isEqualTo(501);
  }
}
