package io.intrahub.cachefolder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.hub.CommitHash;
import io.intrahub.store.fs.MemoryFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Commits as the real git stores them. */
class GitObjectsTest {
  private static final int COMMITS = 80;

  @TempDir(factory = MemoryFolder.class)
  Path clone;

  private GitObjects objects;
  private final Map<CommitHash, String> trees = new TreeMap<>((a, b) -> a.hex().compareTo(b.hex()));

  /** Commits whose long messages are alike, so that git stores most of them as differences. */
  @BeforeEach
  void commits() throws Exception {
    Git.run(clone, "init", "-q", "-b", "main");
    StringBuilder commands = new StringBuilder();
    for (int i = 0; i < COMMITS; i++) {
      String message = "Number %d: %s".formatted(i, "the same words in each message. ".repeat(60));
      commands
          .append("commit refs/heads/main\n")
          .append("committer a <a@localhost> %d +0000\n".formatted(1_700_000_000 + i))
          .append("data %d\n%s\n".formatted(message.length(), message))
          .append("M 100644 inline file%d.txt\ndata 2\n%d\n\n".formatted(i, i % 10));
    }
    Git.runWith(commands.toString(), clone, "fast-import", "--quiet");
    Git.run(clone, "log", "--format=%H %T", "main")
        .lines()
        .forEach(line -> trees.put(new CommitHash(line.substring(0, 40)), line.substring(41)));
    objects = new GitObjects(clone.resolve(".git/objects"));
  }

  private void expectTrees() throws IOException {
    assertThat(trees).hasSize(COMMITS);
    for (Map.Entry<CommitHash, String> one : trees.entrySet()) {
      assertThat(objects.treeOf(one.getKey())).isEqualTo(one.getValue());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"true", "false"})
  void commits_are_found_in_a_pack_whole_or_as_differences(String offsets) throws Exception {
    Git.run(
        clone,
        "-c",
        "repack.useDeltaBaseOffset=" + offsets,
        "repack",
        "-q",
        "-a",
        "-d",
        "-f",
        "--depth=40");

    assertThat(
            Git.run(
                clone,
                "cat-file",
                "--batch-all-objects",
                "--batch-check=%(objecttype) %(deltabase)"))
        .containsPattern("commit (?!0{40})");
    expectTrees();
  }

  @Test
  void commits_are_found_in_files_of_their_own() throws Exception {
    try (var packs = Files.list(clone.resolve(".git/objects/pack"))) {
      for (Path file : packs.toList()) {
        Files.move(file, clone.resolve(String.valueOf(file.getFileName())));
      }
    }
    Path pack;
    try (var files = Files.list(clone)) {
      pack = files.filter(file -> file.toString().endsWith(".pack")).findFirst().orElseThrow();
    }
    Process unpack =
        new ProcessBuilder("git", "unpack-objects", "-q")
            .directory(clone.toFile())
            .redirectInput(pack.toFile())
            .start();
    assertThat(unpack.waitFor()).isZero();

    expectTrees();
  }

  @Test
  void a_damaged_pack_is_an_error_or_does_no_harm() throws Exception {
    Git.run(clone, "repack", "-q", "-a", "-d", "-f", "--depth=40");
    List<Path> files = new ArrayList<>();
    try (var packs = Files.list(clone.resolve(".git/objects/pack"))) {
      packs
          .filter(file -> file.toString().endsWith(".idx") || file.toString().endsWith(".pack"))
          .forEach(files::add);
    }
    long seed = System.nanoTime();
    Random random = new Random(seed);
    CommitHash commit = trees.keySet().iterator().next();
    for (int round = 0; round < 100; round++) {
      Path file = files.get(round % 2);
      byte[] good = Files.readAllBytes(file);
      byte[] bad = good.clone();
      for (int i = 0; i < bad.length / 40; i++) {
        bad[random.nextInt(bad.length)] = (byte) random.nextInt();
      }
      replace(file, bad);
      try {
        assertThat(objects.treeOf(commit)).as("seed %d", seed).isEqualTo(trees.get(commit));
      } catch (IOException e) {
        assertThat(e.getMessage()).as("seed %d", seed).isNotBlank();
      }
      replace(file, good);
    }
    expectTrees();
  }

  private static void replace(Path file, byte[] content) throws IOException {
    Files.delete(file);
    Files.write(file, content);
  }

  @Test
  void a_commit_that_is_not_there_is_named_with_advice() {
    CommitHash other = new CommitHash("5".repeat(40));

    assertThatThrownBy(() -> objects.treeOf(other))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(other.hex())
        .hasMessageContaining("git repack -a -d");
  }
}
