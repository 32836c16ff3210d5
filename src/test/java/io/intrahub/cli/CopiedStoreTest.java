package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.cli.command.ExitCode;
import io.intrahub.devhub.DevFile;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import io.intrahub.testing.MirrorUnderTest;
import io.intrahub.testing.SettableClock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two copies of one store, with the same id and key, and a mirror that runs on one of them. */
@Timeout(60)
class CopiedStoreTest {
  private static final String ID = "acme/tiny";

  @TempDir Path tmp;
  private MirrorUnderTest mirror;
  private Path copy;
  private Path config;

  @BeforeEach
  void copy() throws Exception {
    mirror = new MirrorUnderTest(tmp.resolve("data"));
    mirror
        .hub()
        .repo("model", ID)
        .commit("Add it", Map.of("weights.bin", DevFile.lfsGenerated(3, 100_000)));
    assertThat(CommandRun.load(mirror, ID, "weights.bin", "")).isNotEmpty();
    mirror.awaitIdle();
    copy = tmp.resolve("copy");
    try (Stream<Path> files = Files.walk(mirror.data())) {
      // Closing a file to which this process has a lock would release that.
      for (Path file : files.filter(one -> !one.endsWith("lock")).toList()) {
        Files.copy(
            file, copy.resolve(mirror.data().relativize(file)), StandardCopyOption.COPY_ATTRIBUTES);
      }
    }
    config =
        Files.writeString(
            tmp.resolve("intrahub.yaml"),
            "admin: {port: " + mirror.app().adminUri().getPort() + "}\n");
  }

  @AfterEach
  void close() {
    mirror.close();
  }

  private CommandRun remove(Path data) {
    return CommandRun.of(
        List.of("rm", "--yes", ID, "--data", data.toString(), "--config", config.toString()));
  }

  private static String list(Path data) {
    return CommandRun.of(List.of("ls", "--data", data.toString())).expectSuccess().out();
  }

  @Test
  void what_is_removed_from_the_copy_stays_in_the_store_of_the_mirror() throws Exception {
    mirror.mark();

    remove(copy).expectSuccess();

    assertThat(list(copy)).doesNotContain(ID);
    assertThat(list(mirror.data())).contains(ID);
    assertThat(CommandRun.load(mirror, ID, "weights.bin", "")).isNotEmpty();
    assertThat(mirror.contentReads()).isEmpty();
  }

  @Test
  void the_mirror_removes_from_its_own_folder_under_any_name() throws Exception {
    Path link = Files.createSymbolicLink(tmp.resolve("link"), mirror.data());

    remove(link).expectSuccess();

    assertThat(list(mirror.data())).doesNotContain(ID);
    assertThat(list(copy)).contains(ID);
  }

  @Test
  void a_copy_that_another_process_has_open_is_not_changed_and_neither_is_the_original()
      throws Exception {
    try (FsStore _ =
        FsStore.open(copy, new SettableClock(), DiskBudgetSettings.DEFAULT, Runnable::run)) {
      assertThat(remove(copy).status()).isEqualTo(ExitCode.CONFIG.status());
    }

    assertThat(list(copy)).contains(ID);
    assertThat(list(mirror.data())).contains(ID);
  }

  @Test
  void a_mirror_that_is_named_and_runs_on_a_copy_is_an_error_and_changes_nothing() {
    CommandRun ran =
        CommandRun.of(
            List.of(
                "rm",
                "--yes",
                ID,
                "--data",
                copy.toString(),
                "--admin-port",
                String.valueOf(mirror.app().adminUri().getPort())));

    assertThat(ran.status()).isEqualTo(ExitCode.CONFIG.status());
    assertThat(ran.err()).contains("has another store than " + copy).hasLineCount(1);
    assertThat(list(copy)).contains(ID);
    assertThat(list(mirror.data())).contains(ID);
  }

  @Test
  void if_no_mirror_answers_where_the_configuration_says_the_folder_is_changed() {
    mirror.app().close();

    remove(mirror.data()).expectSuccess();

    assertThat(list(mirror.data())).doesNotContain(ID);
  }

  @Test
  void a_mirror_that_runs_on_the_copy_of_a_store_does_not_pull_into_the_other() {
    CommandRun ran =
        CommandRun.of(
            Map.of("HF_HOME", tmp.resolve("home").toString()),
            List.of(
                "pull",
                ID,
                "--data",
                copy.toString(),
                "--admin-port",
                String.valueOf(mirror.app().adminUri().getPort())));

    assertThat(ran.status()).isEqualTo(ExitCode.CONFIG.status());
    assertThat(ran.err()).contains("has another store than " + copy);
  }
}
