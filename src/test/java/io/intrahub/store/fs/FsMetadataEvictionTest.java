package io.intrahub.store.fs;

import static io.intrahub.access.TestGrants.everybody;
import static io.intrahub.store.TestBlobs.bytes;
import static io.intrahub.store.TestBlobs.publish;
import static io.intrahub.store.TestBlobs.sha256;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.access.TestGrants;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.Entry;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Observation;
import io.intrahub.store.ManifestEntry;
import io.intrahub.store.TestRepos;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import io.intrahub.testing.SettableClock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is known of repos counts, and goes in its turn; it never pushes out more than its share. */
final class FsMetadataEvictionTest {
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/tiny");
  private static final Revision MAIN = new Revision("main");
  private static final long MAX = 10_000_000;
  private static final long SHARE = MAX / 10;
  private static final int ANSWER = 40_000;

  @TempDir Path folder;

  private final SettableClock clock = new SettableClock();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private TestDisk disk;
  private FsStore store;

  @BeforeEach
  void open() throws Exception {
    disk = new TestDisk(folder);
    store =
        FsStore.open(
            folder, clock, new DiskBudgetSettings(MAX, 0, 95, 90), disk, new Random(1), threads);
    store.scan();
  }

  private void reopen() throws Exception {
    store.close();
    open();
  }

  @AfterEach
  void the_books_are_right() throws Exception {
    long counted = store.usage().metadataBytes();
    assertThat(counted).isEqualTo(bytesOnDisk());
    reopen();
    assertThat(store.usage().metadataBytes()).isEqualTo(counted);
    store.close();
    threads.shutdownNow();
    assertThat(disk.openFiles()).isZero();
  }

  /** All files but blobs and what belongs to the store itself. */
  private long bytesOnDisk() throws IOException {
    long bytes = 0;
    for (String top : List.of("repos", "aliases")) {
      try (Stream<Path> all = Files.walk(folder.resolve(top))) {
        for (Path path : all.filter(Files::isRegularFile).toList()) {
          bytes += path.getParent().endsWith("blobs") ? 0 : Files.size(path);
        }
      }
    }
    return bytes;
  }

  private static CommitHash commit(int number) {
    return new CommitHash("%08x".formatted(number + 1).repeat(5));
  }

  private void answer(CommitHash commit, String name) {
    clock.pass(Duration.ofSeconds(30));
    byte[] body = bytes(name.hashCode(), ANSWER);
    store.repos().putAnswer(REPO, commit, name, new Observation<>(body, clock.instant()));
  }

  private boolean hasAnswer(CommitHash commit, String name) {
    return store.repos().answer(everybody(REPO), commit, name).isPresent();
  }

  private boolean hasManifest(CommitHash commit) {
    return store.repos().manifest(everybody(REPO), commit).isPresent();
  }

  private void point(Revision revision, CommitHash commit) {
    // The marks of what is current hold for a minute.
    clock.pass(Duration.ofMinutes(2));
    store.repos().putRevision(REPO, revision, new Observation<>(commit, clock.instant()));
  }

  private void manifest(CommitHash commit, BlobId... blobs) throws IOException {
    clock.pass(Duration.ofSeconds(1));
    List<ManifestEntry> entries = new ArrayList<>();
    for (BlobId blob : blobs) {
      Entry.Lfs lfs = new Entry.Lfs((Digest.Sha256) blob.digest(), blob.size(), 130);
      FilePath path = new FilePath(blob.digest().hex());
      entries.add(
          new ManifestEntry(
              new Entry(Entry.Kind.FILE, path, "a".repeat(40), blob.size(), Optional.of(lfs)),
              "{}"));
    }
    TestRepos.putManifest(store.repos(), REPO, commit, entries, true);
  }

  private BlobId blob(int seed, int size) throws IOException {
    clock.pass(Duration.ofSeconds(1));
    byte[] content = bytes(seed, size);
    publish(store, REPO, sha256(content), content);
    return sha256(content);
  }

  private boolean isThere(BlobId blob) {
    return store.published().contains(everybody(REPO, blob));
  }

  private void awaitShare() {
    await().until(() -> store.usage().metadataBytes() <= SHARE);
  }

  @Test
  void all_that_is_known_of_repos_counts() throws Exception {
    assertThat(store.usage().metadataBytes()).isZero();
    store.repos().remember(TestGrants.open(REPO), clock.instant());
    RepoId old = new RepoId(RepoType.MODEL, "acme/old");
    store.repos().putAlias(old, new Observation<>(REPO, clock.instant()));
    point(MAIN, commit(1));
    point(MAIN, commit(2));
    manifest(commit(1));
    answer(commit(1), "info");
    answer(commit(1), "info");
    answer(commit(2), "info?blobs=true");
    assertThat(store.usage().metadataBytes()).isEqualTo(bytesOnDisk()).isGreaterThan(2 * ANSWER);
    assertThat(store.usage().used()).isEqualTo(bytesOnDisk());
    store.repos().forgetRevision(REPO, MAIN);
    store.repos().forget(TestGrants.open(REPO));
    assertThat(store.usage().metadataBytes()).isEqualTo(bytesOnDisk());
  }

  @Test
  void questions_that_one_client_makes_up_push_no_blob_out() throws Exception {
    List<BlobId> blobs = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      blobs.add(blob(i, 1_000_000));
    }
    manifest(commit(0), blobs.toArray(BlobId[]::new));
    point(MAIN, commit(0));
    answer(commit(0), "info");
    for (int i = 1; i < 60; i++) {
      answer(commit(i), "info?expand=a");
      answer(commit(i), "info?expand=b");
      manifest(commit(i));
    }
    awaitShare();
    assertThat(store.usage().metadataBytes()).isGreaterThan(SHARE / 2);
    assertThat(blobs).allMatch(this::isThere);
    assertThat(hasManifest(commit(0))).isTrue();
    assertThat(hasAnswer(commit(0), "info")).as("a branch leads to it").isTrue();
    assertThat(hasAnswer(commit(1), "info?expand=a")).as("the oldest").isFalse();
    assertThat(hasAnswer(commit(59), "info?expand=a")).as("the youngest").isTrue();
    assertThat(store.usage().evictedBlobs()).isZero();
    assertThat(folder.resolve("repos/models--acme--tiny/commits/" + commit(1))).doesNotExist();

    answer(commit(1), "info?expand=a");
    manifest(commit(1));
    assertThat(hasAnswer(commit(1), "info?expand=a")).as("learned again").isTrue();
    assertThat(hasManifest(commit(1))).isTrue();
    awaitShare();
  }

  @Test
  void answers_of_current_commits_go_before_their_manifests() throws Exception {
    for (int i = 0; i < 30; i++) {
      // First, or an eviction meanwhile finds a commit that no branch leads to.
      point(new Revision("branch-" + i), commit(i));
      manifest(commit(i));
      answer(commit(i), "info");
    }
    awaitShare();
    for (int i = 0; i < 30; i++) {
      assertThat(hasManifest(commit(i))).as("manifest " + i).isTrue();
    }
    assertThat(hasAnswer(commit(0), "info")).isFalse();
    assertThat(hasAnswer(commit(29), "info")).isTrue();
  }

  @Test
  void what_is_known_of_a_current_commit_stays_as_long_as_a_blob_can_go() throws Exception {
    BlobId oldBlob = blob(1, 1_000_000);
    manifest(commit(1), oldBlob);
    answer(commit(1), "info");
    BlobId newBlob = blob(2, 1_000_000);
    manifest(commit(2), newBlob);
    answer(commit(2), "info");
    point(MAIN, commit(2));
    for (int i = 3; i < 12; i++) {
      blob(i, 1_000_000);
    }
    assertThat(isThere(oldBlob)).isFalse();
    assertThat(hasAnswer(commit(1), "info")).as("superseded, and the oldest").isFalse();
    assertThat(hasAnswer(commit(2), "info")).isTrue();
    assertThat(hasManifest(commit(2))).isTrue();
    assertThat(store.usage().used()).isLessThanOrEqualTo(MAX);
  }

  @Test
  void what_is_asked_for_stays_longest_also_over_a_restart() throws Exception {
    for (int i = 0; i < 20; i++) {
      answer(commit(i), "info");
    }
    clock.pass(Duration.ofMinutes(1));
    assertThat(hasAnswer(commit(0), "info")).isTrue();
    reopen();
    for (int i = 20; i < 30; i++) {
      answer(commit(i), "info");
    }
    awaitShare();
    assertThat(hasAnswer(commit(0), "info")).isTrue();
    assertThat(hasAnswer(commit(1), "info")).isFalse();
  }

  @Test
  void a_file_that_can_not_be_removed_stays_and_counts() throws Exception {
    TestDisk ill =
        new TestDisk(folder) {
          @Override
          public void delete(Path path) throws IOException {
            if (path.getFileName().toString().startsWith("answer-")) {
              throw new IOException("Input/output error");
            }
            super.delete(path);
          }
        };
    store.close();
    store =
        FsStore.open(
            folder, clock, new DiskBudgetSettings(MAX, 0, 95, 90), ill, new Random(1), threads);
    store.scan();
    for (int i = 0; i < 30; i++) {
      answer(commit(i), "info");
    }
    store.tidy();
    assertThat(store.usage().metadataBytes()).isEqualTo(bytesOnDisk()).isGreaterThan(SHARE);
    assertThat(hasAnswer(commit(0), "info")).isTrue();
    assertThat(ill.openFiles()).isZero();
    reopen();
    awaitShare();
  }
}
