package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.local.AccessMode;
import io.intrahub.access.local.AccessRule;
import io.intrahub.access.local.AccessRules;
import io.intrahub.base.MemoryBudget;
import io.intrahub.cachefolder.CacheFolderReader;
import io.intrahub.cachefolder.CacheImport;
import io.intrahub.cli.SiteAccess;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Visibility;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoPattern;
import io.intrahub.hub.RepoType;
import io.intrahub.store.ImportGuard;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import io.intrahub.testing.SettableClock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * A repo that was imported from a client's cache folder: who may read it, and what of it counts.
 */
class ImportedRepoTest {
  private static final String ID = "acme/carried";
  private static final RepoId REPO = new RepoId(RepoType.MODEL, ID);
  private static final String ALICE = "hf_importAlice";
  private static final Map<String, DevFile> FILES =
      Map.of(
          "config.json", DevFile.text("{\"model_type\": \"bert\"}\n"),
          "model.bin", DevFile.lfsGenerated(3, 400_000),
          "onnx/deep/config.json", DevFile.text("{}"));
  private static final String FORGED = "forged by whoever filled the folder\n";

  @TempDir Path tmp;
  private Path data;
  private String commit = "";
  private Rig rig;

  @BeforeEach
  void names() {
    data = tmp.resolve("data");
    try (DevHub before = DevHub.builder().clock(new SettableClock()).start()) {
      commit = before.repo("model", ID).commit("Add it", FILES);
    }
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  private void carry(String path, byte[] content, String etag) throws Exception {
    Path repo = tmp.resolve("hub/models--acme--carried");
    Files.createDirectories(repo.resolve("blobs"));
    Files.createDirectories(repo.resolve("refs"));
    Files.createDirectories(repo.resolve("snapshots/" + commit));
    Files.write(repo.resolve("blobs/" + etag), content);
    Files.writeString(repo.resolve("refs/main"), commit);
    Path link = repo.resolve("snapshots/" + commit + "/" + path);
    Files.createDirectories(link.getParent());
    Files.createSymbolicLink(link, link.getParent().relativize(repo.resolve("blobs/" + etag)));
  }

  private void importAll() throws Exception {
    SettableClock clock = new SettableClock();
    try (FsStore store = FsStore.open(data, clock, DiskBudgetSettings.DEFAULT, Runnable::run)) {
      new CacheImport(
              store,
              ImportGuard.offline(store.repos(), clock),
              new MemoryBudget(8 << 20, Duration.ZERO),
              clock,
              false,
              (repo, path, bytes) -> {})
          .run(new CacheFolderReader(tmp.resolve("hub")), REPO);
    }
  }

  private void importTrue() throws Exception {
    for (Map.Entry<String, DevFile> file : FILES.entrySet()) {
      carry(file.getKey(), file.getValue().allBytes(), file.getValue().etag());
    }
    importAll();
  }

  private void start(Optional<SiteAccess> site, Visibility visibility) {
    assertThat(begin(site, visibility).commit("Add it", FILES)).isEqualTo(commit);
  }

  private DevRepo begin(Optional<SiteAccess> site, Visibility visibility) {
    rig = new Rig(data, s -> site.map(s::withSite).orElse(s));
    rig.hub.token(ALICE, "alice");
    return rig.hub.repo("model", ID).visibility(visibility).allow(ALICE);
  }

  private List<Recorded> contentReads() {
    rig.settle();
    return rig.hub.log().stream()
        .filter(r -> Set.of(Route.CDN, Route.RESOLVE_CACHE).contains(r.route()))
        .toList();
  }

  private Rig.Answer get(String path, Optional<String> token) {
    return rig.get("/" + ID + "/resolve/main/" + path, token);
  }

  @Test
  void a_public_repo_is_served_as_soon_as_the_hub_says_so_and_its_content_is_not_fetched()
      throws Exception {
    importTrue();
    start(Optional.empty(), Visibility.PUBLIC);

    for (Map.Entry<String, DevFile> file : FILES.entrySet()) {
      Rig.Answer answer = get(file.getKey(), Optional.empty());
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.body()).isEqualTo(file.getValue().allBytes());
    }
    rig.settle();
    assertThat(contentReads()).isEmpty();
  }

  @Test
  void a_private_repo_is_served_to_those_only_whom_the_hub_lets_read_it() throws Exception {
    importTrue();
    start(Optional.empty(), Visibility.PRIVATE);

    assertThat(get("model.bin", Optional.empty()).status()).isEqualTo(401);
    assertThat(get("model.bin", Optional.of("hf_importBob")).status()).isEqualTo(401);
    Rig.Answer alice = get("model.bin", Optional.of(ALICE));
    assertThat(alice.status()).isEqualTo(200);
    assertThat(alice.body()).isEqualTo(FILES.get("model.bin").allBytes());
    assertThat(contentReads()).isEmpty();
  }

  @Test
  void while_the_hub_has_not_said_who_may_read_it_nobody_may() throws Exception {
    importTrue();
    start(Optional.empty(), Visibility.PUBLIC);
    rig.restartOffline();

    assertThat(get("config.json", Optional.empty()).status()).isEqualTo(501);
    assertThat(get("config.json", Optional.of(ALICE)).status()).isEqualTo(501);
    assertThat(rig.hub.log()).isEmpty();
  }

  @Test
  void what_was_public_before_an_import_is_refused_until_the_hub_says_so_again() throws Exception {
    start(Optional.empty(), Visibility.PUBLIC);
    assertThat(get("config.json", Optional.empty()).status()).isEqualTo(200);
    rig.settle();
    rig.close();
    importTrue();
    start(Optional.empty(), Visibility.PUBLIC);

    rig.hub.goDark();
    for (String path : FILES.keySet()) {
      assertThat(get(path, Optional.empty()).status()).as(path).isEqualTo(504);
    }
  }

  @Test
  void a_public_repo_that_took_the_name_opens_nothing_of_the_imported_one() throws Exception {
    importTrue();
    DevRepo other = begin(Optional.empty(), Visibility.PUBLIC);
    other.commit("Another one", Map.of("config.json", DevFile.text("{}")));
    String old = "/" + ID + "/resolve/" + commit + "/";

    assertThat(get("config.json", Optional.empty()).text()).isEqualTo("{}");
    rig.settle();
    assertThat(rig.get(old + "model.bin", Optional.empty()).status()).isEqualTo(404);
    rig.restartOffline();
    for (String path : FILES.keySet()) {
      assertThat(rig.get(old + path, Optional.empty()).status()).as(path).isGreaterThan(499);
    }
    assertThat(get("config.json", Optional.empty()).text()).isEqualTo("{}");
    assertThat(get("model.bin", Optional.empty()).status()).isGreaterThan(399);
  }

  private void startInAirGap() throws Exception {
    importTrue();
    Path secret = Files.writeString(tmp.resolve("token"), "hf_importService");
    AccessRule rule =
        new AccessRule(
            Optional.empty(),
            List.of(),
            List.of(RepoPattern.parse("acme/*").orElseThrow()),
            true,
            true);
    start(
        Optional.of(
            new SiteAccess(
                AccessMode.SERVICE,
                AccessRules.of(List.of(rule)),
                Optional.of(secret),
                Optional.empty(),
                Duration.ofMinutes(5),
                Duration.ofHours(1))),
        Visibility.PUBLIC);
    rig.restartOffline();
  }

  @Test
  void in_an_air_gap_a_rule_of_the_operator_says_who_may_read_it() throws Exception {
    startInAirGap();
    for (Map.Entry<String, DevFile> file : FILES.entrySet()) {
      Rig.Answer answer = get(file.getKey(), Optional.empty());
      assertThat(answer.status()).as(answer.text()).isEqualTo(200);
      assertThat(answer.body()).isEqualTo(file.getValue().allBytes());
    }
    // The folder does not say what else the commit has, so no absence is made up.
    assertThat(get("tokenizer.json", Optional.empty()).status()).isEqualTo(501);
    assertThat(rig.hub.log()).isEmpty();
  }

  /** As {@code snapshot_download}: repo info of a revision, then each file at its commit. */
  @Test
  void in_an_air_gap_a_whole_snapshot_loads_and_says_that_it_may_be_partial() throws Exception {
    startInAirGap();
    Rig.Answer info = rig.get("/api/models/" + ID + "/revision/main", Optional.empty());
    assertThat(info.status()).as(info.text()).isEqualTo(200);
    JsonNode json = new ObjectMapper().readTree(info.text());
    assertThat(json.get("id").asString()).isEqualTo(ID);
    assertThat(json.get("sha").asString()).isEqualTo(commit);
    List<String> names =
        json.get("siblings").valueStream().map(s -> s.get("rfilename").asString()).toList();
    assertThat(names).containsExactlyInAnyOrderElementsOf(FILES.keySet());
    for (String name : names) {
      Rig.Answer file = rig.get("/" + ID + "/resolve/" + commit + "/" + name, Optional.empty());
      assertThat(file.status()).isEqualTo(200);
      assertThat(file.body()).isEqualTo(FILES.get(name).allBytes());
    }
    Rig.Answer tree =
        rig.get("/api/models/" + ID + "/tree/" + commit + "?recursive=true", Optional.empty());
    assertThat(tree.status()).as(tree.text()).isEqualTo(200);
    assertThat(tree.text()).contains("config.json", "model.bin");
    for (Rig.Answer answer : List.of(info, tree)) {
      assertThat(answer.header("Cache-Status").orElseThrow()).contains("detail=stale; partial");
      assertThat(answer.header("X-HF-Warning").orElseThrow())
          .contains("only the files that were imported");
    }
    // A folder that was not imported may be there all the same.
    String folder = "/api/models/" + ID + "/tree/" + commit + "/openvino";
    assertThat(rig.get(folder, Optional.empty()).status()).isEqualTo(501);
    assertThat(rig.hub.log()).isEmpty();
  }

  /** As {@code HfFileSystem.ls} does, and its {@code info} of a folder. */
  @Test
  void in_an_air_gap_the_folders_of_the_imported_files_are_listed() throws Exception {
    startInAirGap();
    String tree = "/api/models/" + ID + "/tree/" + commit;

    assertThat(listed(tree))
        .containsExactlyInAnyOrder("file config.json", "file model.bin", "directory onnx");
    assertThat(listed(tree + "/onnx")).containsExactly("directory onnx/deep");
    assertThat(listed(tree + "?limit=2&recursive=true"))
        .containsExactly("file config.json", "file model.bin");
    Rig.Answer described =
        rig.send(
            rig.app().uri(),
            new Rig.Call(
                "POST",
                "/api/models/" + ID + "/paths-info/" + commit,
                "",
                "{\"paths\": [\"onnx\", \"nothing\"], \"expand\": false}"),
            Optional.empty());
    assertThat(described.text()).contains("\"type\":\"directory\"", "\"path\":\"onnx\"");
    assertThat(rig.hub.log()).isEmpty();
  }

  private List<String> listed(String target) {
    Rig.Answer answer = rig.get(target, Optional.empty());
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    return new ObjectMapper()
        .readTree(answer.text())
        .valueStream()
        .map(one -> one.get("type").asString() + " " + one.get("path").asString())
        .toList();
  }

  @Test
  void what_the_hub_says_of_a_commit_counts_more_than_the_folder() throws Exception {
    byte[] forged = FORGED.getBytes(StandardCharsets.UTF_8);
    carry("config.json", forged, DevFile.text(FORGED).etag());
    importAll();
    start(Optional.empty(), Visibility.PUBLIC);

    for (int i = 0; i < 2; i++) {
      assertThat(get("config.json", Optional.empty()).body())
          .isEqualTo(FILES.get("config.json").allBytes());
      rig.settle();
    }
    rig.restart();
    rig.hub.goDark();
    assertThat(get("config.json", Optional.empty()).body())
        .isEqualTo(FILES.get("config.json").allBytes());
  }
}
