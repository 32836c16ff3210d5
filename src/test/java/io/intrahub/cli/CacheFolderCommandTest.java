package io.intrahub.cli;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.cachefolder.Git;
import io.intrahub.cli.command.ExitCode;
import io.intrahub.cli.command.TerminalWriter;
import io.intrahub.store.TestBlobs;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import io.intrahub.testing.SettableClock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;

/** {@code intrahub import} and {@code intrahub export}: what they say, and with which status. */
class CacheFolderCommandTest {
  private static final int USAGE = 2;
  private static final String COMMIT = "1234567890".repeat(4);

  /** The git blob id of {@code hello\n}. */
  private static final String HELLO = "ce013625030ba8dba906f756967f9e9ca394464a";

  @TempDir Path tmp;
  private Path data;
  private Path cache;

  @BeforeEach
  void folder() throws Exception {
    data = tmp.resolve("data");
    cache = tmp.resolve("hub");
    put("models--acme--tiny", "config.json", HELLO, "hello\n");
  }

  private void put(String folder, String path, String etag, String content) throws Exception {
    Path repo = cache.resolve(folder);
    for (String name : List.of("blobs", "refs", "snapshots/" + COMMIT)) {
      Files.createDirectories(repo.resolve(name));
    }
    Files.writeString(repo.resolve("refs/main"), COMMIT);
    Files.write(repo.resolve("blobs").resolve(etag), content.getBytes(StandardCharsets.UTF_8));
    Files.createSymbolicLink(
        repo.resolve("snapshots/" + COMMIT + "/" + path), Path.of("../../blobs/" + etag));
  }

  private CommandRun run(String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--data", data.toString()));
    return CommandRun.of(all);
  }

  @Test
  void names_of_skipped_files_do_not_control_the_terminal() throws Exception {
    String name = "a\u001b[2Jb\nintrahub: everything is stored";
    Files.writeString(cache.resolve("models--acme--tiny/snapshots/" + COMMIT).resolve(name), "x");

    CommandRun ran = run("import", "--hf-cache", cache.toString());

    assertThat(ran.status()).isEqualTo(ImportCommand.INCOMPLETE);
    assertThat(ran.err()).contains("a\\u001b[2Jb\\nintrahub: everything").doesNotContain("\u001b");
    assertThat(ran.err().lines()).hasSize(1);
  }

  @Test
  void all_commands_print_through_the_writer_that_shows_escape_sequences() {
    CommandLine all = Main.commandLine();
    assertThat(all.getSubcommands()).isNotEmpty();
    assertThat(all.getSubcommands().values())
        .allSatisfy(one -> assertThat(one.getOut()).isInstanceOf(TerminalWriter.class))
        .allSatisfy(one -> assertThat(one.getErr()).isInstanceOf(TerminalWriter.class));
  }

  @Test
  void a_repo_goes_in_and_out_and_both_say_what_they_did() throws Exception {
    CommandRun in = run("import", "--hf-cache", cache.toString());
    assertThat(in.status()).as(in.err()).isZero();
    assertThat(in.out())
        .contains("model acme/tiny: 1 file of 1 commit; added 1 file, 6 B; new revisions: main");

    Path target = tmp.resolve("target");
    CommandRun out = run("export", "--hf-cache", target.toString(), "acme/*");
    assertThat(out.status())
        .as("the Hub's list is not stored")
        .isEqualTo(ExitCode.INCOMPLETE.status());
    assertThat(out.err()).contains("acme/tiny@main may have more files").hasLineCount(1);
    assertThat(out.out())
        .contains("Writing to " + target + " as ")
        .contains("model acme/tiny@main (12345678): 1 file, 6 B; added 1 file, 6 B")
        .contains("HF_HUB_OFFLINE=1 HF_HUB_CACHE=" + target);
    assertThat(target.resolve("models--acme--tiny/snapshots/" + COMMIT + "/config.json"))
        .hasContent("hello\n");
  }

  private void expectExported(String typed, String folder, String commit) {
    Path target = tmp.resolve("target");
    CommandRun out = run("export", "--hf-cache", target.toString(), typed);
    assertThat(out.out()).as(out.err()).contains("1 file, 6 B; added 1 file, 6 B");
    assertThat(target.resolve(folder + "/snapshots/" + commit + "/config.json"))
        .hasContent("hello\n");
  }

  @Test
  void a_git_clone_goes_in_as_the_commit_that_is_checked_out() throws Exception {
    Path clone = Files.createDirectory(tmp.resolve("clone"));
    Git.run(clone, "init", "-q", "-b", "main");
    Files.writeString(clone.resolve("config.json"), "hello\n");
    Git.run(clone, "add", "-A");
    Git.run(clone, "commit", "-q", "-m", "Add it");
    String commit = Git.run(clone, "rev-parse", "HEAD");

    CommandRun in = run("import", "--git", clone.toString(), "--repo", "acme/cloned@v1");

    assertThat(in.expectSuccess().out())
        .contains("model acme/cloned: 1 file of 1 commit; added 1 file, 6 B; new revisions: v1");
    expectExported("acme/cloned@v1", "models--acme--cloned", commit);
  }

  @Test
  void plain_files_go_in_as_the_commit_that_is_named() throws Exception {
    Path files = Files.createDirectory(tmp.resolve("files"));
    Files.writeString(files.resolve("config.json"), "hello\n");

    CommandRun in =
        run(
            "import",
            "--files",
            files.toString(),
            "--repo",
            "datasets/acme/rows@main",
            "--commit",
            COMMIT);

    assertThat(in.expectSuccess().out())
        .contains("dataset acme/rows: 1 file of 1 commit; added 1 file, 6 B; new revisions: main");
    expectExported("datasets/acme/rows", "datasets--acme--rows", COMMIT);
  }

  /** The files below a folder that are the same file as another one. */
  private static List<Path> links(Path folder, Path file) throws Exception {
    List<Path> links = new ArrayList<>();
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.filter(p -> Files.isRegularFile(p, NOFOLLOW_LINKS)).toList()) {
        if (Files.isSameFile(path, file)) {
          links.add(path);
        }
      }
    }
    return links;
  }

  @Test
  void with_link_both_folders_and_the_store_have_one_file_and_else_their_own() throws Exception {
    Path downloaded = cache.resolve("models--acme--tiny/blobs/" + HELLO);

    run("import", "--hf-cache", cache.toString(), "--link").expectSuccess();
    assertThat(links(data, downloaded)).hasSize(1);
    Path linked = tmp.resolve("linked");
    run("export", "--hf-cache", linked.toString(), "--link", "acme/tiny");
    assertThat(links(linked, downloaded)).hasSize(1);

    Path copied = tmp.resolve("copied");
    run("export", "--hf-cache", copied.toString(), "acme/tiny");
    assertThat(copied.resolve("models--acme--tiny/blobs/" + HELLO)).hasContent("hello\n");
    assertThat(links(copied, downloaded)).isEmpty();
    data = tmp.resolve("other");
    run("import", "--hf-cache", cache.toString()).expectSuccess();
    assertThat(links(data, downloaded)).isEmpty();
  }

  @Test
  void an_export_has_the_files_that_are_included_and_not_excluded() throws Exception {
    for (String name : List.of("notes.txt", "vocab.txt", "model.bin")) {
      byte[] content = name.getBytes(StandardCharsets.UTF_8);
      put("models--acme--tiny", name, TestBlobs.gitSha1(content).digest().hex(), name);
    }
    run("import", "--hf-cache", cache.toString()).expectSuccess();
    Path target = tmp.resolve("target");

    CommandRun out =
        run(
            "export",
            "--hf-cache",
            target.toString(),
            "--include",
            "*.json",
            "--include",
            "*.txt",
            "--exclude",
            "vocab*",
            "acme/tiny");

    assertThat(out.out()).as(out.err()).contains("model acme/tiny@main (12345678): 2 files, 15 B");
    try (Stream<Path> shown =
        Files.list(target.resolve("models--acme--tiny/snapshots/" + COMMIT))) {
      assertThat(shown.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder("config.json", "notes.txt");
    }
    try (Stream<Path> blobs = Files.list(target.resolve("models--acme--tiny/blobs"))) {
      assertThat(blobs).hasSize(2);
    }
  }

  @Test
  void results_are_printed_as_json() {
    JsonNode in = run("import", "--hf-cache", cache.toString(), "--json").json();
    assertThat(in.at("/repos/0/repo").asString()).isEqualTo("acme/tiny");
    assertThat(in.at("/repos/0/commits/0").asString()).isEqualTo(COMMIT);
    assertThat(in.at("/repos/0/revisions/0").asString()).isEqualTo("main");
    assertThat(in.at("/repos/0/addedBytes").asInt()).isEqualTo(6);

    CommandRun ran =
        run(
            "export",
            "--json",
            "--hf-cache",
            tmp.resolve("target").toString(),
            "acme/tiny",
            "gpt2");
    assertThat(ran.status()).isEqualTo(ExitCode.INCOMPLETE.status());
    assertThat(ran.err()).isEmpty();
    assertThat(ran.json().at("/revisions/0/commit").asString()).isEqualTo(COMMIT);
    assertThat(ran.json().at("/revisions/0/missingCount").asInt()).isZero();
    assertThat(ran.json().at("/revisions/0/listed").asBoolean(true)).isFalse();
    assertThat(ran.json().at("/revisions/1/error").asString()).isEqualTo("nothing of it is stored");
  }

  @Test
  void what_is_damaged_or_not_there_is_named_and_ends_with_1() throws Exception {
    put("models--acme--tiny", "vocab.txt", "a".repeat(40), "other");

    CommandRun in = run("import", "--hf-cache", cache.toString());
    assertThat(in.status()).isEqualTo(ImportCommand.INCOMPLETE);
    assertThat(in.err()).contains("Skipped", "a".repeat(40), "damaged").hasLineCount(1);

    CommandRun other = run("import", "--hf-cache", cache.toString(), "--repo", "other/*");
    assertThat(other.status()).isEqualTo(ImportCommand.INCOMPLETE);
    assertThat(other.err()).contains("has no such repo").hasLineCount(1);

    CommandRun out = run("export", "--hf-cache", tmp.resolve("x").toString(), "acme/tiny@v1");
    assertThat(out.status()).isEqualTo(ExitCode.NOT_FOUND.status());
    assertThat(out.err()).contains("model acme/tiny@v1: this revision is not stored, but main");
  }

  @Test
  void an_export_of_nothing_says_so_and_not_how_to_load_it() throws Exception {
    put("datasets--acme--rows", "a.txt", HELLO, "hello\n");
    run("import", "--hf-cache", cache.toString());

    CommandRun none = run("export", "--hf-cache", tmp.resolve("x").toString(), "a/b", "acme/rows");

    assertThat(none.status()).isEqualTo(ExitCode.NOT_FOUND.status());
    assertThat(none.out()).doesNotContain("To load from it");
    assertThat(none.err())
        .isEqualTo(
            """
            intrahub: Nothing is stored of a/b.
            intrahub: Nothing is stored of acme/rows; did you mean datasets/acme/rows?
            """);
    CommandRun one = run("export", "--hf-cache", tmp.resolve("y").toString(), "a/b", "acme/tiny");
    assertThat(one.status()).isEqualTo(ExitCode.INCOMPLETE.status());
    assertThat(one.out()).contains("To load from it");
  }

  @Test
  void a_store_that_is_too_small_is_named() throws Exception {
    String large = "x".repeat(600_000);
    for (String name : List.of("one", "two", "three")) {
      byte[] content = (name + large).getBytes(StandardCharsets.UTF_8);
      put(
          "models--acme--" + name,
          "a.txt",
          TestBlobs.gitSha1(content).digest().hex(),
          name + large);
    }
    Path config =
        Files.writeString(tmp.resolve("small.yaml"), "store: {max-size: 1MiB, min-free: 0}\n");

    CommandRun ran = run("import", "--hf-cache", cache.toString(), "--config", config.toString());

    assertThat(ran.status()).isEqualTo(ImportCommand.INCOMPLETE);
    assertThat(ran.err()).contains("The store is full", "store.max-size");
  }

  @Test
  void a_store_in_use_is_not_imported_into_but_exported_from() throws Exception {
    run("import", "--hf-cache", cache.toString());
    try (FsStore _ =
        FsStore.open(data, new SettableClock(), DiskBudgetSettings.DEFAULT, Runnable::run)) {
      CommandRun out = run("export", "--hf-cache", tmp.resolve("x").toString(), "acme/tiny");
      assertThat(out.out()).as(out.err()).contains("1 file, 6 B; added 1 file, 6 B");
    }
    assertThat(run("export", "--hf-cache", tmp.resolve("y").toString(), "acme/tiny").out())
        .contains("1 file, 6 B; added 1 file, 6 B");
  }

  @Test
  void a_folder_that_is_no_store_stays_as_it_is() {
    CommandRun ran = run("export", "--hf-cache", tmp.resolve("x").toString(), "acme/tiny");

    assertThat(ran.status()).isEqualTo(Main.EX_CONFIG);
    assertThat(ran.err()).contains("is not a store", "--data").hasLineCount(1);
    assertThat(data).doesNotExist();
    assertThat(tmp.resolve("x")).doesNotExist();
  }

  @Test
  void a_folder_that_is_not_there_is_named() {
    CommandRun ran = run("import", "--hf-cache", tmp.resolve("nowhere").toString());

    assertThat(ran.status()).isEqualTo(Main.EX_IOERR);
    assertThat(ran.err()).contains(tmp.resolve("nowhere").toString()).hasLineCount(1);
    assertThat(data).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          export acme/tiny                       | Missing required argument (specify one of these): (--hf-cache=FOLDER | --view)
          export --view --hf-cache x             | --hf-cache=FOLDER, --view are mutually exclusive (specify only one)
          export --view acme/tiny                | --view shows all that everybody may read: name no repos with it
          export --view --exclude x              | --view shows all that everybody may read: name no repos with it
          export --hf-cache x                    | Missing required parameter: 'REPO[@REVISION]'
          export --hf-cache x a/b/c              | 'a/b/c' is not a repo such as gpt2, acme/tiny
          export --hf-cache x acme/tiny@a..b     | 'a..b' is not a branch, tag or commit
          import --hf-cache x --repo a/b/c       | --repo: 'a/b/c' is not a pattern of repos
          import --local-dir x                   | --local-dir: name the repo of the folder
          import --local-dir x --repo acme/*     | --repo: 'acme/*' is not a repo such as gpt2
          import --git x                         | --git: name the repo of the folder
          import --git x --repo a/b --commit 1   | --commit is for --files only
          import --files x --repo acme/tiny@main | --files: name the commit of the files with --commit
          export --view --link                   | --view shows all that everybody may read: name no repos with it
          """)
  void what_was_typed_wrong_is_said_in_one_line(String typed, String said) {
    CommandRun ran = run(typed.split(" "));

    assertThat(ran.status()).isEqualTo(USAGE);
    assertThat(ran.err()).startsWith("intrahub: " + said).hasLineCount(1);
  }
}
