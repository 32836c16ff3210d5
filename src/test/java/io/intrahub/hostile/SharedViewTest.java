package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.access.local.AccessMode;
import io.intrahub.access.local.AccessRule;
import io.intrahub.access.local.AccessRules;
import io.intrahub.base.AddressRanges;
import io.intrahub.cachefolder.CacheView;
import io.intrahub.cli.SiteAccess;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Visibility;
import io.intrahub.hub.RepoPattern;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which repos the folder has that is shared with clients without asking who they are. */
class SharedViewTest {
  private static final String ALICE = "hf_viewAlice";
  private static final String SERVICE = "hf_viewService";
  private static final Map<String, DevFile> FILES =
      Map.of("config.json", DevFile.text("{}\n"), "model.bin", DevFile.lfsGenerated(3, 400_000));

  @TempDir Path tmp;
  private Rig rig;

  @AfterEach
  void stop() {
    rig.close();
  }

  private void start(Optional<SiteAccess> site) {
    rig = new Rig(tmp.resolve("data"), s -> site.map(s::withSite).orElse(s).withView(true));
    rig.hub.token(ALICE, "alice");
    rig.hub.token(SERVICE, "site");
  }

  private DevRepo repo(String id, Visibility visibility) {
    DevRepo repo = rig.hub.repo("model", id).visibility(visibility).allow(ALICE, SERVICE);
    repo.commit("Add it", FILES);
    return repo;
  }

  private void load(String id, Optional<String> token) {
    for (String path : FILES.keySet()) {
      assertThat(rig.get("/" + id + "/resolve/main/" + path, token).status()).isEqualTo(200);
    }
    assertThat(rig.get("/api/models/" + id + "/tree/main?recursive=true", token).status())
        .isEqualTo(200);
    rig.settle();
  }

  private Path folder(String id) {
    return CacheView.folder(rig.data()).resolve("models--" + id.replace("/", "--"));
  }

  private void refresh() {
    rig.app().refreshView();
    rig.settle();
  }

  private void awaitShown(String id) {
    await()
        .untilAsserted(() -> {
          refresh();
          assertThat(folder(id)).exists();
        });
  }

  private void awaitHidden(String id) {
    await()
        .untilAsserted(() -> {
          refresh();
          assertThat(folder(id)).doesNotExist();
        });
  }

  @Test
  void public_repos_are_shown_and_what_only_a_token_reads_is_not() throws Exception {
    start(Optional.empty());
    String commit = repo("acme/open", Visibility.PUBLIC).commitOf("main").orElseThrow();
    repo("acme/private", Visibility.PRIVATE);
    repo("acme/gated", Visibility.GATED);
    load("acme/private", Optional.of(ALICE));
    load("acme/gated", Optional.of(ALICE));
    load("acme/open", Optional.empty());

    awaitShown("acme/open");

    assertThat(folder("acme/open").resolve("snapshots/" + commit + "/model.bin"))
        .hasBinaryContent(FILES.get("model.bin").allBytes());
    assertThat(folder("acme/private")).doesNotExist();
    assertThat(folder("acme/gated")).doesNotExist();
    rig.restartOffline();
    refresh();
    assertThat(folder("acme/open")).exists();
    assertThat(folder("acme/private")).doesNotExist();
  }

  @Test
  void a_repo_that_becomes_private_leaves_when_the_hub_says_so_to_a_client() {
    start(Optional.empty());
    DevRepo repo = repo("acme/open", Visibility.PUBLIC);
    load("acme/open", Optional.empty());
    awaitShown("acme/open");
    repo.visibility(Visibility.PRIVATE);
    rig.clock.pass(Duration.ofMinutes(20));
    assertThat(rig.get("/acme/open/resolve/main/config.json", Optional.empty()).status())
        .isEqualTo(401);

    awaitHidden("acme/open");
  }

  @Test
  void the_hub_is_asked_once_an_hour_and_a_repo_that_became_gated_leaves() {
    start(Optional.empty());
    DevRepo repo = repo("acme/open", Visibility.PUBLIC);
    load("acme/open", Optional.empty());
    awaitShown("acme/open");
    int asked = rig.hub.log().size();
    rig.clock.pass(Duration.ofMinutes(50));
    refresh();
    assertThat(rig.hub.log()).as("not yet").hasSize(asked);
    repo.visibility(Visibility.GATED);
    rig.clock.pass(Duration.ofMinutes(20));

    awaitHidden("acme/open");
  }

  @Test
  void a_new_commit_is_shown_without_a_client_that_asks_for_it() {
    start(Optional.empty());
    DevRepo repo = repo("acme/open", Visibility.PUBLIC);
    load("acme/open", Optional.empty());
    awaitShown("acme/open");
    String next = repo.commit("Change it", Map.of("config.json", DevFile.text("{\"a\": 1}\n")));
    rig.clock.pass(Duration.ofMinutes(70));

    await()
        .untilAsserted(() -> {
          refresh();
          rig.clock.pass(Duration.ofSeconds(10));
          assertThat(folder("acme/open").resolve("refs/main")).hasContent(next);
        });
    assertThat(folder("acme/open").resolve("snapshots/" + next + "/config.json"))
        .hasContent("{\"a\": 1}\n");
  }

  private static AccessRule rule(Optional<String> network, String repos) {
    return new AccessRule(
        network.map(text -> AddressRanges.of(List.of(text))),
        List.of(),
        List.of(RepoPattern.parse(repos).orElseThrow()),
        true,
        true);
  }

  @Test
  void with_rules_those_repos_are_shown_that_they_open_to_all_clients() throws Exception {
    Path secret = Files.writeString(tmp.resolve("token"), SERVICE);
    start(
        Optional.of(
            new SiteAccess(
                AccessMode.SERVICE,
                AccessRules.of(
                    List.of(
                        rule(Optional.empty(), "acme/*"),
                        rule(Optional.of("127.0.0.0/8"), "local/*"))),
                Optional.of(secret),
                Optional.empty(),
                Duration.ofMinutes(5),
                Duration.ofHours(1))));
    for (String id : List.of("acme/private", "local/open")) {
      repo(id, id.startsWith("acme") ? Visibility.PRIVATE : Visibility.PUBLIC);
      load(id, Optional.empty());
    }

    awaitShown("acme/private");

    assertThat(folder("local/open")).doesNotExist();
    rig.restartOffline();
    refresh();
    assertThat(folder("acme/private")).exists();
    assertThat(folder("local/open")).doesNotExist();
  }
}
