package io.intrahub.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code intrahub import} and {@code intrahub export} killed at random moments of their work: the
 * same command continues, and nothing is damaged. Only kills count that came after the process had
 * brought a file of its own and before all were there.
 */
class KilledCacheFolderIT {
  private static final int KILLS = Integer.getInteger("intrahub.kill.rounds", 50);

  /** A process that works on while this one does not run ends before it is killed. */
  private static final int MOST_RUNS = 8 * KILLS;

  private static final int FILES = 60;
  private static final int SIZE = 500_000;

  /** About as many files as one process brings until it is killed. */
  private static final int FILES_OF_A_RUN = 8;

  private static final int SIGKILLED = 128 + 9;

  @TempDir Path tmp;
  private final long seed = System.nanoTime();
  private final Random random = new Random(seed);
  private DevHub hub;
  private DevRepo repo;
  private CacheCommands commands;
  private Set<String> contents;

  @BeforeEach
  void start() throws IOException {
    System.out.printf(
        "KilledCacheFolderIT: %d kills each, seed %d; another number with"
            + " -Dintrahub.kill.rounds=8%n",
        KILLS, seed);
    hub = DevHub.builder().start();
    repo = LoadedRepo.install(hub);
    Map<String, DevFile> many = new TreeMap<>();
    for (int i = 0; i < FILES; i++) {
      many.put("part-%02d.safetensors".formatted(i), DevFile.lfsGenerated(100 + i, SIZE));
    }
    repo.commit("Add many", many);
    contents = many.values().stream().map(DevFile::etag).collect(Collectors.toUnmodifiableSet());
    commands = new CacheCommands(tmp, hub);
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  /**
   * The sizes of the large files that a folder has, under the names that they get once they are
   * whole.
   */
  private List<Long> present(Path target) throws IOException {
    List<Long> sizes = new ArrayList<>();
    if (Files.exists(target)) {
      Files.walkFileTree(
          target,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
              if (attributes.isRegularFile() && contents.contains(file.getFileName().toString())) {
                sizes.add(attributes.size());
              }
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) {
              // The process renames its files meanwhile, and deletes folders.
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path listed, @Nullable IOException e) {
              return FileVisitResult.CONTINUE;
            }
          });
    }
    return sizes;
  }

  private static void delete(Path folder) throws IOException {
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path done, @Nullable IOException e)
              throws IOException {
            Files.delete(done);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /**
   * Starts a command until enough kills have met its work. Each process continues what the one
   * before it left, until one ends by itself: then the next begins with nothing.
   *
   * @param target what the command writes
   * @param status with which the command ends if it is not killed
   */
  private void kill(Path target, int status, String... command) throws Exception {
    int met = 0;
    for (int runs = 0; met < KILLS; runs++) {
      assertThat(runs).as("runs until %d kills met work, seed %d", met, seed).isLessThan(MOST_RUNS);
      int before = present(target).size();
      int enough = before + 1 + random.nextInt(FILES_OF_A_RUN);
      Process process = commands.launch(command);
      while (process.isAlive() && present(target).size() < enough) {
        process.waitFor(1, TimeUnit.MILLISECONDS);
      }
      // A random moment, not a wait for something: within the next files, or beyond the last.
      process.waitFor(random.nextInt(10), TimeUnit.MILLISECONDS);
      process.toHandle().destroyForcibly();
      int ended = process.waitFor();
      List<Long> found = present(target);
      assertThat(found).as("sizes after run %d of seed %d", runs, seed).allMatch(n -> n == SIZE);
      int after = found.size();
      if (ended != SIGKILLED) {
        assertThat(ended).as("seed %d: %s", seed, commands.printed()).isEqualTo(status);
        assertThat(after).as("files after run %d of seed %d", runs, seed).isEqualTo(FILES);
        delete(target);
      } else if (before < after && after < FILES) {
        met++;
      }
    }
  }

  @Test
  void both_are_continued_after_kills_at_random_moments() throws Exception {
    PythonClient.Call download = commands.direct("hf-2.4.0");
    download.script("snapshot.py", LoadedRepo.ID).expectSuccess();
    Path cache = download.home().resolve("hub");
    Path data = tmp.resolve("data");
    Path exported = tmp.resolve("exported");

    String[] in = {"import", "--hf-cache", cache.toString(), "--data", data.toString()};
    kill(data, 0, in);
    commands.expectDone(in);
    assertThat(data.resolve("quarantine")).isEmptyDirectory();

    String[] out = {
      "export", "--hf-cache", exported.toString(), "--data", data.toString(), LoadedRepo.ID
    };
    kill(exported, 1, out);
    commands.expectImportedDone(out);

    CacheCommands.expectSame(exported, cache, LoadedRepo.CACHE_FOLDER);
    commands.expectLoadsOffline("hf-2.4.0", exported, repo);
  }
}
