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
import io.intrahub.hub.Digest;
import io.intrahub.hub.Entry;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.store.ManifestEntry;
import io.intrahub.store.RemovalGuard;
import io.intrahub.store.Store;
import io.intrahub.store.TestRepos;
import io.intrahub.store.fs.RemovalPlan.Target;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import io.intrahub.testing.SettableClock;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A removal while commits are stored that name what it is about to remove. */
@Timeout(60)
final class FsRemovalRaceTest {
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/tiny");
  private static final RepoId OTHER = new RepoId(RepoType.MODEL, "acme/other");
  private static final CommitHash FIRST = new CommitHash("1".repeat(40));
  private static final Target ALL = new Target(REPO, Optional.empty());

  private static final byte[] WEIGHTS = bytes(1, 3_000);
  private static final byte[] MORE = bytes(2, 2_000);
  private static final byte[] CONFIG = bytes(3, 500);

  @TempDir(factory = MemoryFolder.class)
  Path folder;

  private FsStore store;

  @BeforeEach
  void fill() throws Exception {
    Path data = folder.resolve("data");
    store =
        FsStore.open(
            data,
            new SettableClock(),
            DiskBudgetSettings.DEFAULT,
            new TestDisk(data),
            new Random(1));
    publish(store, REPO, sha256(WEIGHTS), WEIGHTS);
    publish(store, REPO, sha256(MORE), MORE);
    publish(store, REPO, gitSha1(CONFIG), CONFIG);
    manifest(store, REPO, FIRST, sha256(WEIGHTS), sha256(MORE), gitSha1(CONFIG));
  }

  @AfterEach
  void close() {
    store.close();
  }

  private static void manifest(Store store, RepoId repo, CommitHash commit, BlobId... blobs)
      throws IOException {
    List<ManifestEntry> entries = Stream.of(blobs).map(FsRemovalRaceTest::entry).toList();
    TestRepos.putManifest(store.repos(), repo, commit, entries, true);
  }

  private static ManifestEntry entry(BlobId blob) {
    Optional<Entry.Lfs> lfs =
        blob.digest() instanceof Digest.Sha256 sha256
            ? Optional.of(new Entry.Lfs(sha256, blob.size(), 130))
            : Optional.empty();
    String oid = lfs.isPresent() ? "a".repeat(40) : blob.digest().hex();
    FilePath path = new FilePath("dir/" + blob.digest().hex());
    return new ManifestEntry(new Entry(Entry.Kind.FILE, path, oid, blob.size(), lfs), "{}");
  }

  /** Does something once the metadata of the repo has gone. */
  private record Afterwards(RemovalGuard.Change then) implements RemovalGuard {
    @Override
    public void removeRepo(RepoId repo, Change change) throws IOException {
      change.run();
      then.run();
    }

    @Override
    public void removeCommits(RepoId repo, Change change) throws IOException {
      throw new AssertionError("the repo goes as a whole");
    }
  }

  private RepoRemoval.Outcome remove(RemovalGuard.Change afterwards) throws IOException {
    try (RepoRemoval removal = store.remover().begin(List.of(ALL))) {
      assertThat(removal.plan().shared().files()).isZero();
      return removal.run(new Afterwards(afterwards));
    }
  }

  @Test
  void what_another_repo_came_to_name_since_the_plan_stays() throws Exception {
    RepoRemoval.Outcome outcome = remove(() -> manifest(store, OTHER, FIRST, sha256(WEIGHTS)));

    assertThat(outcome.spared()).isEqualTo(1);
    assertThat(outcome.files()).isEqualTo(2);
    assertThat(read(store, OTHER, sha256(WEIGHTS))).hasValue(WEIGHTS);
    assertThat(store.published().contains(everybody(OTHER, sha256(MORE)))).isFalse();
    assertThat(store.usage().bytes()).isEqualTo(WEIGHTS.length);
  }

  @Test
  void a_repo_that_is_loaded_again_meanwhile_keeps_what_its_new_list_names() throws Exception {
    byte[] late = bytes(4, 700);
    byte[] unnamed = bytes(5, 800);

    RepoRemoval.Outcome outcome =
        remove(() -> {
          publish(store, REPO, gitSha1(late), late);
          publish(store, REPO, gitSha1(unnamed), unnamed);
          manifest(store, REPO, FIRST, gitSha1(CONFIG), gitSha1(late));
        });

    assertThat(outcome.spared()).isEqualTo(2);
    assertThat(outcome.files()).isEqualTo(3);
    assertThat(read(store, REPO, gitSha1(CONFIG))).hasValue(CONFIG);
    assertThat(read(store, REPO, gitSha1(late))).hasValue(late);
    assertThat(read(store, REPO, gitSha1(unnamed))).isEmpty();
  }

  /** Whoever stored a list and then found a blob of it stored counts on that blob. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void what_a_new_list_names_and_finds_stored_is_never_removed(long seed) throws Exception {
    List<byte[]> contents = new ArrayList<>();
    List<BlobId> blobs = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      byte[] content = bytes(seed * 1000 + i, 900);
      contents.add(content);
      blobs.add(sha256(content));
      publish(store, REPO, sha256(content), content);
    }
    manifest(store, REPO, FIRST, blobs.toArray(BlobId[]::new));
    AtomicBoolean removed = new AtomicBoolean();
    CountDownLatch atWork = new CountDownLatch(3);
    List<Future<Set<BlobId>>> found = new ArrayList<>();
    RepoRemoval.Outcome outcome;
    try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
      try {
        outcome =
            remove(() -> {
              for (int t = 0; t < 3; t++) {
                RepoId repo = new RepoId(RepoType.MODEL, "acme/other-" + t);
                Random random = new Random(seed * 31 + t);
                found.add(threads.submit(() -> list(repo, blobs, random, atWork, removed)));
              }
              await(atWork);
            });
      } finally {
        removed.set(true);
      }
    }
    assertThat(outcome.spared()).isGreaterThan(0);
    for (Future<Set<BlobId>> one : found) {
      for (BlobId blob : one.get()) {
        assertThat(read(store, OTHER, blob)).hasValue(contents.get(blobs.indexOf(blob)));
      }
    }
  }

  /** Stores one list after the other, each with one blob. Returns the blobs that it found then. */
  private Set<BlobId> list(
      RepoId repo, List<BlobId> blobs, Random random, CountDownLatch atWork, AtomicBoolean removed)
      throws IOException {
    Set<BlobId> found = new HashSet<>();
    for (int n = 0; !removed.get(); n++) {
      BlobId blob = blobs.get(random.nextInt(blobs.size()));
      manifest(store, repo, new CommitHash("%040x".formatted(n)), blob);
      if (store.published().contains(everybody(repo, blob))) {
        found.add(blob);
      }
      atWork.countDown();
    }
    return found;
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
