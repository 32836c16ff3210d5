package io.intrahub.store.fs;

import static io.intrahub.access.TestGrants.everybody;
import static io.intrahub.store.TestBlobs.bytes;
import static io.intrahub.store.TestBlobs.gitSha1;
import static io.intrahub.store.TestBlobs.publish;
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
import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real processes that work with a store and are killed at random moments. */
final class FsKillIT {
  private static final int ROUNDS = 20;
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
      FsStore store = FsStore.open(Path.of(args[0]), Clock.systemUTC(), FsStore.Settings.DEFAULT);
      int first = Integer.parseInt(args[1]);
      Thread.ofVirtual().start(store::survey);
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        int start = first + i;
        threads.add(Thread.ofPlatform().start(() -> work(store, start)));
      }
      System.out.println("open");
      for (Thread thread : threads) {
        thread.join();
      }
    }

    private static void work(FsStore store, int start) {
      try {
        for (int number = start; ; number += 3) {
          PartialBlob.Verdict verdict = publish(store.blobs(), REPO, blob(number), content(number));
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

  private Process start(int first) throws Exception {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xshare:auto",
            "-cp",
            System.getProperty("java.class.path"),
            Worker.class.getName(),
            folder.resolve("data").toString(),
            Integer.toString(first))
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  @Test
  void a_store_survives_kills_without_a_hand() throws Exception {
    long seed = System.nanoTime();
    System.out.println("FsKillIT seed " + seed);
    Random random = new Random(seed);
    List<Integer> done = new ArrayList<>();
    int first = 0;
    for (int round = 0; round < ROUNDS; round++) {
      Process worker = start(first);
      BufferedReader out = worker.inputReader();
      assertThat(out.readLine()).as("round %d of seed %d", round, seed).isEqualTo("open");
      // A random moment, not a wait for something: the kill may hit anything, even nothing.
      worker.waitFor(random.nextInt(350), TimeUnit.MILLISECONDS);
      worker.toHandle().destroyForcibly();
      worker.waitFor();
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        // The last line may be cut.
        if (line.matches("PUBLISHED \\d+") && out.ready()) {
          done.add(Integer.valueOf(line.substring("PUBLISHED ".length())));
        }
        assertThat(line).as("seed %d", seed).doesNotStartWith("FAILED").doesNotStartWith("WRONG");
      }
      check(done, seed);
      first = done.stream().mapToInt(n -> n).max().orElse(first) + 50;
    }
    assertThat(done).as("seed %d", seed).hasSizeGreaterThan(ROUNDS);
  }

  private void check(List<Integer> done, long seed) throws Exception {
    Path data = folder.resolve("data");
    try (FsStore store = FsStore.open(data, Clock.systemUTC(), FsStore.Settings.DEFAULT)) {
      store.survey();
      assertThat(store.usage().counted()).isTrue();
      assertThat(store.usage().blobs()).isGreaterThanOrEqualTo(done.size());
      for (int number : done) {
        assertThat(read(store.blobs(), REPO, blob(number)))
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
    assertThat(FsStoreTest.leftovers(data)).as("seed %d", seed).isEmpty();
    // A kill is no damage: whatever has a name is whole, acknowledged or not.
    try (Stream<Path> quarantine = Files.list(data.resolve("quarantine"))) {
      assertThat(quarantine).as("seed %d", seed).isEmpty();
    }
  }
}
