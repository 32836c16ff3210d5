package io.intrahub.store.fs;

import static io.intrahub.access.TestGrants.everybody;
import static io.intrahub.store.TestBlobs.bytes;
import static io.intrahub.store.TestBlobs.gitSha1;
import static io.intrahub.store.TestBlobs.piece;
import static io.intrahub.store.TestBlobs.publish;
import static io.intrahub.store.TestBlobs.put;
import static io.intrahub.store.TestBlobs.read;
import static io.intrahub.store.TestBlobs.sha256;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Observation;
import io.intrahub.store.PartialBlob;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real processes that work with a store and are killed at random moments. */
final class FsKillIT {
  private static final int ROUNDS = Integer.getInteger("intrahub.kill.rounds", 12);

  /** On a slow disk the first kills may all come before anything is on it, and prove nothing. */
  private static final int MOST_ROUNDS = 4 * ROUNDS;

  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/tiny");

  @TempDir Path folder;

  private static CommitHash commit(int number) {
    return new CommitHash("%040x".formatted(number));
  }

  private static byte[] content(int number) {
    // Every tenth is so large that opening it does not check it by itself.
    return bytes(number, number % 10 == 9 ? 3_000_000 : 1 + number * 7919 % 200_000);
  }

  private static BlobId blob(int number) {
    return number % 2 == 0 ? gitSha1(content(number)) : sha256(content(number));
  }

  /** Publishes blob after blob and says which one is done, from three threads. */
  static final class Worker {
    public static void main(String[] args) throws Exception {
      loadClasses(Path.of(args[0] + "-before"));
      FsStore store =
          FsStore.open(
              Path.of(args[0]), Clock.systemUTC(), DiskBudgetSettings.DEFAULT, Runnable::run);
      int first = Integer.parseInt(args[1]);
      // Before the threads write lines of their own.
      System.out.println("open");
      Thread.ofVirtual().start(store::scan);
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        int start = first + i;
        threads.add(Thread.ofPlatform().start(() -> work(store, start)));
      }
      for (Thread thread : threads) {
        thread.join();
      }
    }

    /** Else most kills would come before the first blob is published. */
    private static void loadClasses(Path folder) throws Exception {
      try (FsStore store =
          FsStore.open(folder, Clock.systemUTC(), DiskBudgetSettings.DEFAULT, Runnable::run)) {
        publish(store, REPO, blob(0), content(0));
        store
            .repos()
            .putRevision(REPO, new Revision("main"), new Observation<>(commit(0), Instant.now()));
      }
    }

    private static void work(FsStore store, int start) {
      try {
        for (int number = start; ; number += 3) {
          PartialBlob.Verdict verdict = publish(store, REPO, blob(number), content(number));
          store
              .repos()
              .putRevision(
                  REPO,
                  new Revision("r" + number % 7),
                  new Observation<>(commit(number), Instant.now()));
          System.out.println(verdict + " " + number);
        }
      } catch (Exception e) {
        System.out.println("FAILED " + e);
        Runtime.getRuntime().halt(1);
      }
    }
  }

  private static final byte[] LARGE = bytes(-1, 60 * PartialBlob.PIECE + 99);

  /** Writes pieces in any order and says which ones are marked, from three threads. */
  static final class Gatherer {
    public static void main(String[] args) throws Exception {
      FsStore store =
          FsStore.open(
              Path.of(args[0]), Clock.systemUTC(), DiskBudgetSettings.DEFAULT, Runnable::run);
      PartialBlob partial = store.scratch().write(everybody(REPO, sha256(LARGE)));
      System.out.println("open");
      List<Integer> missing = new ArrayList<>(IntStream.range(0, 61).boxed().toList());
      missing.removeIf(partial.found()::get);
      Collections.shuffle(missing);
      for (int i = 0; i < 3; i++) {
        int start = i;
        Thread.ofPlatform()
            .start(() -> {
              for (int at = start; at < missing.size(); at += 3) {
                gather(partial, missing.get(at));
              }
            });
      }
      // Until it is killed.
      Thread.currentThread().join();
    }

    private static void gather(PartialBlob partial, int piece) {
      try {
        put(partial, LARGE, piece);
        System.out.println("MARKED " + piece);
        if (piece % 8 == 0) {
          synchronized (LARGE) {
            partial.sync();
          }
        }
      } catch (Exception e) {
        System.out.println("FAILED " + e);
        Runtime.getRuntime().halt(1);
      }
    }
  }

  @Test
  void a_blob_in_pieces_survives_kills_with_all_that_was_marked() throws Exception {
    long seed = System.nanoTime();
    System.out.printf(
        "FsKillIT: %d rounds, seed %d; more with -Dintrahub.kill.rounds=200%n", ROUNDS, seed);
    Random random = new Random(seed);
    Set<Integer> marked = new HashSet<>();
    int longest = 15;
    for (int round = 0;
        (round < ROUNDS || marked.isEmpty()) && round < MOST_ROUNDS && marked.size() < 55;
        round++) {
      Process gatherer = start(Gatherer.class, 0);
      BufferedReader out = gatherer.inputReader();
      assertThat(out.readLine()).as("round %d of seed %d", round, seed).isEqualTo("open");
      // A random moment, not a wait for something.
      gatherer.waitFor(random.nextInt(longest), TimeUnit.MILLISECONDS);
      gatherer.toHandle().destroyForcibly();
      gatherer.waitFor();
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        assertThat(line).as("seed %d", seed).doesNotStartWith("FAILED");
        // The last line may be cut.
        if (line.matches("MARKED \\d+") && out.ready()) {
          marked.add(Integer.valueOf(line.substring("MARKED ".length())));
        }
      }
      if (marked.isEmpty()) {
        longest = Math.min(2 * longest, 2000);
      }
      try (FsStore store =
              FsStore.open(
                  folder.resolve("data"),
                  Clock.systemUTC(),
                  DiskBudgetSettings.DEFAULT,
                  Runnable::run);
          PartialBlob partial = store.scratch().write(everybody(REPO, sha256(LARGE)))) {
        List<Integer> found = partial.found().stream().boxed().toList();
        assertThat(found).as("round %d of seed %d", round, seed).containsAll(marked);
        for (int piece : found) {
          assertThat(piece(partial, LARGE.length, piece))
              .as("piece %d of seed %d", piece, seed)
              .isEqualTo(piece(LARGE, piece));
        }
      }
    }
    assertThat(marked).as("seed %d", seed).isNotEmpty();
  }

  private Process start(Class<?> main, int first) throws Exception {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xshare:auto",
            "-cp",
            System.getProperty("java.class.path"),
            main.getName(),
            folder.resolve("data").toString(),
            Integer.toString(first))
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  @Test
  void a_store_survives_kills_without_a_hand() throws Exception {
    long seed = System.nanoTime();
    System.out.printf(
        "FsKillIT: %d rounds, seed %d; more with -Dintrahub.kill.rounds=200%n", ROUNDS, seed);
    Random random = new Random(seed);
    List<Integer> done = new ArrayList<>();
    int longest = 350;
    int first = 0;
    for (int round = 0; round < ROUNDS || done.size() <= ROUNDS && round < MOST_ROUNDS; round++) {
      Process worker = start(Worker.class, first);
      BufferedReader out = worker.inputReader();
      assertThat(out.readLine()).as("round %d of seed %d", round, seed).isEqualTo("open");
      // A random moment, not a wait for something: the kill may hit anything, even nothing.
      worker.waitFor(random.nextInt(longest), TimeUnit.MILLISECONDS);
      worker.toHandle().destroyForcibly();
      worker.waitFor();
      int before = done.size();
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        // The last line may be cut.
        if (line.matches("PUBLISHED \\d+") && out.ready()) {
          done.add(Integer.valueOf(line.substring("PUBLISHED ".length())));
        }
        assertThat(line).as("seed %d", seed).doesNotStartWith("FAILED").doesNotStartWith("WRONG");
      }
      if (done.size() == before) {
        longest = Math.min(2 * longest, 5000);
      }
      check(done, seed);
      first = done.stream().mapToInt(n -> n).max().orElse(first) + 50;
    }
    assertThat(done).as("seed %d", seed).hasSizeGreaterThan(ROUNDS);
  }

  private void check(List<Integer> done, long seed) throws Exception {
    Path data = folder.resolve("data");
    try (FsStore store =
        FsStore.open(data, Clock.systemUTC(), DiskBudgetSettings.DEFAULT, Runnable::run)) {
      store.scan();
      assertThat(store.usage().counted()).isTrue();
      // Large ones that were on their way are there to go on with.
      assertThat(FsStoreTest.leftovers(data)).as("seed %d", seed).hasSize(store.usage().partials());
      assertThat(store.usage().blobs()).isGreaterThanOrEqualTo(done.size());
      for (int number : done) {
        assertThat(read(store, REPO, blob(number)))
            .as("blob %d of seed %d", number, seed)
            .hasValue(content(number));
      }
      for (int i = 0; i < 7; i++) {
        int remainder = i;
        Optional<Observation<CommitHash>> seen =
            store.repos().revision(everybody(REPO), new Revision("r" + i));
        if (done.stream().anyMatch(n -> n % 7 == remainder)) {
          assertThat(seen).isPresent();
        }
      }
    }
    // A kill is no damage: whatever has a name is whole, acknowledged or not.
    try (Stream<Path> quarantine = Files.list(data.resolve("quarantine"))) {
      assertThat(quarantine).as("seed %d", seed).isEmpty();
    }
  }
}
