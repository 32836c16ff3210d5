package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.cli.command.ExitCode;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.store.TestBlobs;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import io.intrahub.testing.SettableClock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** {@code intrahub ls} and {@code intrahub du}: what they print, and with which status. */
class StoreListingTest {
  private static final String COMMIT = "1234567890".repeat(4);
  private static final String WEIGHTS = "weights ".repeat(128);

  @TempDir Path tmp;
  private Path data;
  private Path cache;

  /** Two models share their weights; one of them and a dataset have a small file of their own. */
  @BeforeEach
  void store() throws Exception {
    data = tmp.resolve("data");
    cache = tmp.resolve("hub");
    put("models--acme--tiny", "config.json", git("hello\n"), "hello\n");
    put("models--acme--tiny", "model.bin", sha256(WEIGHTS), WEIGHTS);
    put("models--acme--copy", "model.bin", sha256(WEIGHTS), WEIGHTS);
    put("datasets--acme--rows", "rows.csv", git("1,2\n"), "1,2\n");
    // Repos share the blobs of public repos, which clients loaded; an import shares none.
    try (FsStore store =
        FsStore.open(data, new SettableClock(), DiskBudgetSettings.DEFAULT, Runnable::run)) {
      byte[] weights = WEIGHTS.getBytes(StandardCharsets.UTF_8);
      TestBlobs.publish(
          store, new RepoId(RepoType.MODEL, "acme/tiny"), TestBlobs.sha256(weights), weights);
    }
    assertThat(run("import", "--hf-cache", cache.toString()).status()).isZero();
  }

  private static String git(String content) {
    return TestBlobs.gitSha1(content.getBytes(StandardCharsets.UTF_8)).digest().hex();
  }

  private static String sha256(String content) {
    return TestBlobs.sha256(content.getBytes(StandardCharsets.UTF_8)).digest().hex();
  }

  private void put(String folder, String path, String etag, String content) throws Exception {
    Path repo = cache.resolve(folder);
    for (String name : List.of("blobs", "refs", "snapshots/" + COMMIT)) {
      Files.createDirectories(repo.resolve(name));
    }
    Files.writeString(repo.resolve("refs/main"), COMMIT);
    Files.writeString(repo.resolve("blobs").resolve(etag), content);
    Files.createSymbolicLink(
        repo.resolve("snapshots/" + COMMIT + "/" + path), Path.of("../../blobs/" + etag));
  }

  private CommandRun run(String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--data", data.toString(), "--admin-port", "0"));
    return CommandRun.of(all);
  }

  private Path stored(String digest) throws Exception {
    try (Stream<Path> files = Files.walk(data)) {
      return files.filter(file -> file.endsWith(digest)).findFirst().orElseThrow();
    }
  }

  @Test
  void repos_are_listed_with_size_and_last_use_while_a_mirror_has_the_store_open()
      throws Exception {
    Files.setLastModifiedTime(
        stored(git("1,2\n")), FileTime.from(Instant.parse("2099-06-01T10:00:00Z")));
    try (FsStore _ =
        FsStore.open(data, new SettableClock(), DiskBudgetSettings.DEFAULT, Runnable::run)) {
      CommandRun ran = run("ls");

      assertThat(ran.status()).as(ran.err()).isZero();
      assertThat(ran.out()).hasLineCount(4);
      assertThat(ran.out().lines())
          .anySatisfy(line -> assertThat(line).matches("acme/tiny +1\\.0 KiB +2 +1  20.*Z"))
          .anySatisfy(line ->
              assertThat(line).matches("datasets/acme/rows +4 B +1 +1  2099-06-01T10:00:00Z"));
    }
    assertThat(run("ls", "datasets/acme/*").out()).hasLineCount(2).contains("acme/rows");
  }

  @Test
  void a_repo_is_listed_with_its_revisions_and_files_and_says_what_is_not_stored()
      throws Exception {
    Files.delete(stored(sha256(WEIGHTS)));

    CommandRun ran = run("ls", "acme/tiny");
    assertThat(ran.status()).as(ran.err()).isZero();
    assertThat(ran.out().lines())
        .containsExactly(
            "acme/tiny@main  " + COMMIT,
            "         6 B  config.json",
            "     1.0 KiB  model.bin  (not stored)",
            "         6 B  in 1 of 2 files; the commit may have more, since the Hub's list is not"
                + " stored");
    assertThat(run("ls", "acme/tiny@main").out()).isEqualTo(ran.out());
    assertThat(run("ls", "acme/tiny@" + COMMIT).out()).isEqualTo(ran.out());

    JsonNode json = run("ls", "--json", "acme/tiny").json();
    assertThat(json.at("/commits/0/revisions/0").asString()).isEqualTo("main");
    assertThat(json.at("/commits/0/commit").asString()).isEqualTo(COMMIT);
    assertThat(json.at("/commits/0/listed").asBoolean(true)).isFalse();
    assertThat(json.at("/commits/0/bytes").asInt()).isEqualTo(1030);
    assertThat(json.at("/commits/0/storedBytes").asInt()).isEqualTo(6);
    assertThat(json.at("/commits/0/files/1/path").asString()).isEqualTo("model.bin");
    assertThat(json.at("/commits/0/files/1/stored").asBoolean(true)).isFalse();
  }

  /** No store keeps their content, and no load misses it. */
  @Test
  void empty_files_count_as_stored() throws Exception {
    put("models--acme--py", "__init__.py", git(""), "");
    put("models--acme--py", "config.json", git("hello\n"), "hello\n");
    put("models--acme--py", "py.typed", git(""), "");
    assertThat(run("import", "--hf-cache", cache.toString(), "--repo", "acme/py").out())
        .contains("model acme/py: 3 files of 1 commit; added 1 file, 6 B");

    assertThat(run("ls", "acme/py").out().lines())
        .contains("         0 B  __init__.py", "         0 B  py.typed")
        .anySatisfy(line -> assertThat(line).startsWith("         6 B  in 3 of 3 files"));
    JsonNode listed = run("ls", "--json", "acme/py").json();
    assertThat(listed.at("/commits/0/files/0/stored").asBoolean()).isTrue();
    assertThat(listed.at("/commits/0/storedBytes").asInt()).isEqualTo(6);
    for (String command : List.of("ls", "du")) {
      for (JsonNode repo : run(command, "--json").json().path("repos")) {
        if (repo.path("repo").asString().equals("acme/py")) {
          assertThat(repo.path("files").asInt()).as("distinct contents").isEqualTo(2);
          assertThat(repo.path("bytes").asInt()).isEqualTo(6);
        }
      }
    }
  }

  @Test
  void a_path_that_would_control_the_terminal_is_printed_encoded() throws Exception {
    put("models--acme--odd", "a\u001b[2J.txt", git("odd\n"), "odd\n");
    assertThat(run("import", "--hf-cache", cache.toString()).err()).isEmpty();

    assertThat(run("ls", "acme/odd").out()).contains("a%1B%5B2J.txt").doesNotContain("\u001b");
    assertThat(run("ls", "--json", "acme/odd").json().at("/commits/0/files/0/path").asString())
        .isEqualTo("a\u001b[2J.txt");
  }

  @Test
  void the_bytes_of_repos_are_listed_with_what_they_share_and_the_total_counts_it_once()
      throws Exception {
    // What is left of a repo whose commits were evicted.
    Path other = stored(git("hello\n")).resolveSibling("a".repeat(40));
    Files.writeString(other, "xyz");

    CommandRun ran = run("du");
    assertThat(ran.status()).as(ran.err()).isZero();
    assertThat(ran.out().lines().map(line -> line.replaceAll(" {2,}", "|")))
        .containsExactly(
            "SIZE|SHARED|REPO",
            "1.0 KiB|1.0 KiB|acme/tiny",
            "1.0 KiB|1.0 KiB|acme/copy",
            "4 B|0 B|datasets/acme/rows",
            "3 B|-|(of no stored commit)",
            "1.0 KiB|-|(total)");

    JsonNode json = run("du", "--json").json();
    assertThat(json.at("/repos/0/repo").asString()).isEqualTo("acme/tiny");
    assertThat(json.at("/repos/0/bytes").asInt()).isEqualTo(1030);
    assertThat(json.at("/repos/0/sharedBytes").asInt()).isEqualTo(1024);
    assertThat(json.at("/repos/1/bytes").asInt()).isEqualTo(1024);
    assertThat(json.at("/repos/1/sharedBytes").asInt()).isEqualTo(1024);
    assertThat(json.at("/bytes").asInt()).isEqualTo(1024 + 6 + 4 + 3);
    assertThat(json.at("/otherBytes").asInt()).isEqualTo(3);
  }

  @Test
  void a_repo_that_cannot_be_read_is_named_and_the_others_are_listed() throws Exception {
    try (Stream<Path> files = Files.walk(data.resolve("repos/models--acme--copy/commits"))) {
      Path manifest = files.filter(file -> file.endsWith("manifest")).findFirst().orElseThrow();
      Files.delete(manifest);
      Files.writeString(manifest, "damaged");
    }
    for (String command : List.of("ls", "du")) {
      CommandRun ran = run(command);
      assertThat(ran.status()).as(command).isEqualTo(ExitCode.INCOMPLETE.status());
      assertThat(ran.out()).contains("acme/tiny").doesNotContain("acme/copy");
      assertThat(ran.err()).contains("model acme/copy is not counted").hasLineCount(1);
    }
    CommandRun files = run("ls", "--json", "acme/copy");
    assertThat(files.status()).isEqualTo(ExitCode.INCOMPLETE.status());
    assertThat(files.err()).contains("model acme/copy").hasLineCount(1);
    assertThat(files.json().at("/commits/0/files").isEmpty()).isTrue();
  }

  @Test
  void what_is_not_stored_ends_with_66_and_what_is_no_store_with_78() {
    CommandRun repo = run("ls", "acme/other");
    assertThat(repo.status()).isEqualTo(ExitCode.NOT_FOUND.status());
    assertThat(repo.err()).contains("Nothing is stored of acme/other").hasLineCount(1);
    assertThat(run("ls", "other/*").status()).isEqualTo(ExitCode.NOT_FOUND.status());

    CommandRun revision = run("ls", "acme/tiny@v1");
    assertThat(revision.status()).isEqualTo(ExitCode.NOT_FOUND.status());
    assertThat(revision.err()).contains("acme/tiny@v1 is stored", "intrahub ls acme/tiny");

    CommandRun typed = run("ls", "a/b/c");
    assertThat(typed.status()).isEqualTo(ExitCode.USAGE.status());
    assertThat(typed.err()).startsWith("intrahub: 'a/b/c' is not a repo").hasLineCount(1);

    data = tmp.resolve("nowhere");
    for (String command : List.of("ls", "du")) {
      CommandRun none = run(command);
      assertThat(none.status()).isEqualTo(ExitCode.CONFIG.status());
      assertThat(none.err()).contains("is not a store", "--data").hasLineCount(1);
    }
    assertThat(data).doesNotExist();
  }

  @Test
  void du_says_that_ls_shows_one_repo() {
    CommandRun ran = run("du", "acme/tiny");

    assertThat(ran.status()).isEqualTo(ExitCode.USAGE.status());
    assertThat(ran.err())
        .startsWith("intrahub: du shows all repos and takes none; intrahub ls acme/tiny shows one");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          ls *                 | Nothing is stored of *; a * does not cross a /: use '*/*' or 'datasets/*/*'.
          ls datasets/*        | Nothing is stored of datasets/*; a * does not cross a /: use '*/*' or 'datasets/*/*'.
          ls other/*           | Nothing is stored of other/*.
          ls acme/rows         | Nothing is stored of acme/rows; did you mean datasets/acme/rows?
          rm acme/rows --yes   | Nothing is stored of acme/rows, so nothing was removed; did you mean datasets/acme/rows?
          verify acme/rows     | Nothing is stored of acme/rows; did you mean datasets/acme/rows?
          """)
  void what_may_have_been_meant_is_said(String typed, String said) {
    CommandRun ran = run(typed.split(" "));

    assertThat(ran.status()).isEqualTo(ExitCode.NOT_FOUND.status());
    assertThat(ran.err()).isEqualTo("intrahub: " + said + "\n");
  }
}
