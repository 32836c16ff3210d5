package io.intrahub.cli.upkeep;

import static io.intrahub.store.TestBlobs.bytes;
import static io.intrahub.store.TestBlobs.publish;
import static io.intrahub.store.TestBlobs.sha256;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.cli.command.ReportOutput;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.Entry;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.store.ManifestEntry;
import io.intrahub.store.TestRepos;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.MemoryFolder;
import io.intrahub.store.fs.TestDisk;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import io.intrahub.testing.SettableClock;
import io.intrahub.transfer.limits.BandwidthLimiter;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

/** When damage is named. */
class VerifyRunTest {
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/tiny");
  private static final CommitHash COMMIT = new CommitHash("1".repeat(40));
  private static final int BLOBS = 6;

  @TempDir(factory = MemoryFolder.class)
  Path folder;

  /** Blobs that were opened, lists that were, and lines about damage, in this order. */
  private final List<String> events = new ArrayList<>();

  private final List<ObjectNode> results = new ArrayList<>();
  private FsStore store;
  private boolean hasNoQuarantine;

  /** Notes what is opened. */
  private final class WatchedDisk extends TestDisk {
    WatchedDisk(Path data) {
      super(data);
    }

    @Override
    public File open(Path path) throws IOException {
      String name = String.valueOf(path.getFileName());
      events.add(name.length() == 64 ? "read" : name);
      return super.open(path);
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
      if (hasNoQuarantine) {
        throw new IOException("Permission denied");
      }
      super.rename(from, to);
    }
  }

  /** Notes what is told. */
  private final class Notes implements ReportOutput {
    @Override
    public void line(String text) {}

    @Override
    public void error(String text) {
      events.add("named");
    }

    @Override
    public void progress(String text) {}

    @Override
    public void end(ObjectNode result, boolean complete, String last) {
      results.add(result);
    }
  }

  @BeforeEach
  void damage() throws Exception {
    Path data = folder.resolve("data");
    store =
        FsStore.open(
            data,
            new SettableClock(),
            DiskBudgetSettings.DEFAULT,
            new WatchedDisk(data),
            new Random(1));
    List<ManifestEntry> entries = new ArrayList<>();
    for (int i = 0; i < BLOBS; i++) {
      byte[] content = bytes(i, 1_000);
      publish(store, REPO, sha256(content), content);
      entries.add(entry(sha256(content)));
    }
    TestRepos.putManifest(store.repos(), REPO, COMMIT, entries, true);
    try (Stream<Path> files = Files.walk(data.resolve("blobs"))) {
      for (Path blob : files.filter(Files::isRegularFile).toList()) {
        Files.delete(blob);
        Files.write(blob, bytes(99, 1_000));
      }
    }
    events.clear();
  }

  @AfterEach
  void close() {
    store.close();
  }

  private static ManifestEntry entry(BlobId blob) {
    Entry.Lfs lfs = new Entry.Lfs((Digest.Sha256) blob.digest(), blob.size(), 130);
    FilePath path = new FilePath(blob.digest().hex().substring(0, 8) + ".bin");
    return new ManifestEntry(
        new Entry(Entry.Kind.FILE, path, "a".repeat(40), blob.size(), Optional.of(lfs)), "{}");
  }

  private void verify(LongSupplier nanoTime) throws IOException {
    verify(nanoTime, new BandwidthLimiter(0, System::nanoTime));
  }

  private void verify(LongSupplier nanoTime, BandwidthLimiter pace) throws IOException {
    Notes notes = new Notes();
    VerifyReport report = new VerifyReport(notes, pace, 0);
    new VerifyRun(UpkeepStore.alone(store), notes, report, nanoTime).check(List.of());
  }

  @Test
  void each_damaged_file_is_named_before_the_next_one_is_read() throws Exception {
    verify(() -> 0);

    assertThat(events).containsSubsequence("read", "named", "read", "named", "read", "named");
    assertThat(events.stream().filter(event -> !event.equals("manifest")))
        .startsWith("read", "named")
        .endsWith("read", "named")
        .hasSize(2 * BLOBS);
    assertThat(results.getFirst().path("damaged")).hasSize(BLOBS);
    assertThat(results.getFirst().at("/damaged/0/files/0/repo").asString()).isEqualTo("acme/tiny");
  }

  @Test
  void damage_that_stays_under_its_name_is_not_taken_for_a_new_copy() throws Exception {
    hasNoQuarantine = true;

    verify(() -> 0);

    assertThat(results.getFirst().path("damaged"))
        .hasSize(BLOBS)
        .allSatisfy(damaged -> {
          assertThat(damaged.path("fault").asString()).isEqualTo("not_moved");
          assertThat(damaged.path("refetched").asBoolean(true)).isFalse();
        });
  }

  /** To find out what a blob is called takes as long as reading all lists. */
  @Test
  void many_damaged_files_are_named_together() throws Exception {
    AtomicLong time = new AtomicLong();

    verify(time::incrementAndGet);

    assertThat(events.stream().filter("manifest"::equals)).hasSizeLessThan(BLOBS);
    assertThat(events.stream().filter("named"::equals)).hasSize(BLOBS);
    assertThat(results.getFirst().path("damagedFiles").asInt()).isEqualTo(BLOBS);
    assertThat(results.getFirst().path("damaged")).hasSize(BLOBS);
  }

  /** A million bytes a second, so a byte is a microsecond, in a time that stands still. */
  @Test
  void every_byte_that_is_read_counts_against_the_rate() throws Exception {
    BandwidthLimiter pace = new BandwidthLimiter(1_000_000, () -> 0);

    verify(() -> 0, pace);

    long bytes = BLOBS * 1_000L;
    assertThat(results.getFirst().path("bytes").asLong()).isEqualTo(bytes);
    assertThat(pace.account(0)).as("nanoseconds that they take").isEqualTo(bytes * 1_000);
  }

  /** At a byte a second the first file alone would take a quarter of an hour. */
  @Test
  void a_job_rests_after_what_it_has_read_for_as_long_as_its_rate_says() throws Exception {
    CompletableFuture<Void> outcome = new CompletableFuture<>();
    Thread job =
        Thread.ofPlatform()
            .start(() -> {
              try {
                new VerifyJob(List.of(), 1).run(UpkeepStore.alone(store), new Notes());
                outcome.complete(null);
              } catch (Exception e) {
                outcome.completeExceptionally(e);
              }
            });
    await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> outcome.isDone() || isIn(BandwidthLimiter.class, job));
    job.interrupt();
    job.join();

    assertThat(outcome)
        .failsWithin(Duration.ZERO)
        .withThrowableThat()
        .withCauseInstanceOf(InterruptedIOException.class);
    assertThat(results).isEmpty();
  }

  private static boolean isIn(Class<?> type, Thread thread) {
    return Stream.of(thread.getStackTrace())
        .anyMatch(frame ->
            frame.getClassName().equals(type.getName())
                && frame.getMethodName().equals("throttle"));
  }
}
