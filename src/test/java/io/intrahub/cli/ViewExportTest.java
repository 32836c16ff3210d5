package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.cachefolder.CacheView;
import io.intrahub.cli.command.ExitCode;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Visibility;
import io.intrahub.testing.FreePorts;
import io.intrahub.testing.MirrorUnderTest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code intrahub export --view}, through a mirror of this process and without one. */
@Timeout(120)
class ViewExportTest {
  private static final String ALICE = "hf_viewAlice";
  private static final Map<String, DevFile> FILES =
      Map.of("config.json", DevFile.text("{}\n"), "model.bin", DevFile.lfsGenerated(3, 400_000));

  @TempDir Path tmp;
  private MirrorUnderTest mirror;
  private DevRepo open;

  @BeforeEach
  void start() {
    mirror = new MirrorUnderTest(tmp.resolve("running"));
    mirror.hub().token(ALICE, "alice");
    open = mirror.hub().repo("model", "acme/open");
    open.commit("Add it", FILES);
    mirror
        .hub()
        .repo("model", "acme/private")
        .visibility(Visibility.PRIVATE)
        .allow(ALICE)
        .commit("Add it", FILES);
  }

  @AfterEach
  void stop() {
    mirror.close();
  }

  private CommandRun run(List<String> where, String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(where);
    return CommandRun.of(Map.of("HF_TOKEN", ALICE, "HF_HOME", tmp.resolve("home").toString()), all);
  }

  /** Through the mirror that runs. */
  private List<String> running() {
    return List.of(
        "--data",
        mirror.data().toString(),
        "--admin-port",
        String.valueOf(mirror.app().adminUri().getPort()));
  }

  /** On a folder without a mirror, in front of the same Hub. */
  private List<String> alone() throws Exception {
    int free = FreePorts.next();
    Path file =
        Files.writeString(
            tmp.resolve("intrahub.yaml"),
            "admin:\n  port: %d\nupstream:\n  endpoints: http://127.0.0.1:%d#send-tokens\n"
                .formatted(free, mirror.hub().port()));
    return List.of("--config", file.toString(), "--data", tmp.resolve("alone").toString());
  }

  private static Path repo(Path data, String id) {
    return CacheView.folder(data).resolve("models--" + id.replace("/", "--"));
  }

  private Path shownFile(Path data) {
    return repo(data, "acme/open")
        .resolve("snapshots/" + open.commitOf("main").orElseThrow() + "/model.bin");
  }

  @Test
  void without_a_mirror_the_command_shows_what_everybody_may_read() throws Exception {
    Path data = tmp.resolve("alone");
    run(alone(), "pull", "acme/open", "acme/private").expectSuccess();

    CommandRun ran = run(alone(), "export", "--view").expectSuccess();

    assertThat(ran.out())
        .contains(CacheView.folder(data) + " is up to date, with 1 repo.")
        .contains("Without acme/private: as far as the mirror knows, not everybody may read it")
        .contains("run intrahub serve with store.view: open-repos");
    assertThat(shownFile(data)).hasBinaryContent(FILES.get("model.bin").allBytes());
    assertThat(repo(data, "acme/private")).doesNotExist();

    run(alone(), "pull", "acme/open").expectSuccess();
    assertThat(shownFile(data)).as("after another command").exists();
  }

  @Test
  void a_running_mirror_does_it_and_keeps_it_current_until_it_stops() {
    Path data = mirror.data();
    run(running(), "pull", "acme/open", "acme/private").expectSuccess();
    mirror.awaitIdle();
    assertThat(CacheView.folder(data)).doesNotExist();

    CommandRun ran = run(running(), "export", "--view", "--json").expectSuccess();

    assertThat(ran.json().path("folder").asString()).isEqualTo(CacheView.folder(data).toString());
    assertThat(ran.json().path("view").asString()).isEqualTo("none");
    assertThat(ran.json().at("/shown/0").asString()).isEqualTo("acme/open");
    assertThat(ran.json().at("/left/0/repo").asString()).isEqualTo("acme/private");
    assertThat(shownFile(data)).exists();

    open.visibility(Visibility.PRIVATE);
    mirror.clock().pass(Duration.ofMinutes(70));
    mirror.app().refreshView();
    mirror.awaitIdle();
    mirror.app().refreshView();
    assertThat(repo(data, "acme/open")).as("once it is closed").doesNotExist();

    mirror.restart();
    assertThat(CacheView.folder(data)).as("without store.view").doesNotExist();
  }

  @Test
  void a_repo_of_which_a_file_is_missing_is_named() throws Exception {
    run(alone(), "pull", "--exclude", "*.bin", "acme/open").expectSuccess();

    CommandRun ran = run(alone(), "export", "--view").expectSuccess();

    assertThat(ran.out())
        .contains("is up to date, with 0 repos.")
        .contains("Without acme/open: no branch or tag of it is stored with all its files");
  }

  @Test
  void a_repo_that_could_not_be_brought_up_to_date_is_an_error() throws Exception {
    run(alone(), "pull", "acme/open").expectSuccess();
    Path shown = Files.createDirectories(repo(tmp.resolve("alone"), "acme/open"));
    Files.createFile(shown.resolve("blobs"));

    CommandRun ran = run(alone(), "export", "--view");

    assertThat(ran.status()).isEqualTo(ExitCode.INCOMPLETE.status());
    assertThat(ran.out()).contains(" has 1 repo, and is not up to date.");
    assertThat(ran.err())
        .contains("intrahub: acme/open: it could not be brought up to date in the folder");
  }

  @Test
  void a_closed_repo_that_could_not_be_taken_out_is_an_error() throws Exception {
    Path data = mirror.data();
    run(running(), "pull", "acme/open").expectSuccess();
    mirror.awaitIdle();
    run(running(), "export", "--view").expectSuccess();
    Path hidden = CacheView.folder(data).resolveSibling("hidden");
    Files.delete(hidden);
    Files.createFile(hidden);
    open.visibility(Visibility.PRIVATE);
    mirror.clock().pass(Duration.ofMinutes(70));
    mirror.app().refreshView();
    mirror.awaitIdle();

    CommandRun ran = run(running(), "export", "--view", "--json");

    assertThat(shownFile(data)).exists();
    assertThat(ran.status()).isEqualTo(ExitCode.INCOMPLETE.status());
    assertThat(ran.json().at("/failed/0/repo").asString()).isEqualTo("acme/open");
    assertThat(ran.json().at("/failed/0/why").asString()).contains("could not be taken out");
    assertThat(ran.json().at("/shown/0").asString()).isEqualTo("acme/open");
  }

  @Test
  void a_folder_that_is_no_store_stays_as_it_is() throws Exception {
    CommandRun ran = run(alone(), "export", "--view");

    assertThat(ran.status()).isEqualTo(ExitCode.CONFIG.status());
    assertThat(ran.err()).contains("is not a store").hasLineCount(1);
    assertThat(tmp.resolve("alone")).doesNotExist();
  }
}
