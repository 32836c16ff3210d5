package io.intrahub.store.fs;

import static io.intrahub.access.TestGrants.everybody;
import static io.intrahub.store.TestBlobs.bytes;
import static io.intrahub.store.TestBlobs.gitSha1;
import static io.intrahub.store.TestBlobs.publish;
import static io.intrahub.store.TestBlobs.read;
import static io.intrahub.store.TestBlobs.sha256;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.Authority;
import io.intrahub.access.Grant;
import io.intrahub.access.ReadScope;
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
import io.intrahub.store.RemovalGuard;
import io.intrahub.store.Store;
import io.intrahub.store.StoredBlob;
import io.intrahub.store.TestRepos;
import io.intrahub.store.fs.RemovalPlan.Target;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a removal takes away, what it leaves, and what is left if it does not come to its end. */
final class FsRemovalTest {
  private static final Instant NOW = Instant.parse("2026-11-24T10:00:00Z");
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/tiny");
  private static final RepoId OTHER = new RepoId(RepoType.DATASET, "acme/other");
  private static final RepoId OLD_NAME = new RepoId(RepoType.MODEL, "acme/was-tiny");
  private static final Revision V1 = new Revision("v1");
  private static final Revision STABLE = new Revision("stable");
  private static final CommitHash FIRST = new CommitHash("1".repeat(40));
  private static final CommitHash SECOND = new CommitHash("2".repeat(40));

  private static final byte[] SHARED = bytes(1, 3_000);
  private static final byte[] OLD = bytes(2, 70_000);
  private static final byte[] NEW = bytes(3, 2_000);
  private static final byte[] CONFIG = bytes(4, 500);

  @TempDir(factory = MemoryFolder.class)
  Path folder;

  private Path data = Path.of("");

  private FsStore open(TestDisk disk) throws Exception {
    return FsStore.open(
        data, Clock.fixed(NOW, ZoneOffset.UTC), DiskBudgetSettings.DEFAULT, disk, new Random(1));
  }

  /** A repo with two commits, and another one that shares a blob with both. */
  private FsStore fill(TestDisk disk) throws Exception {
    FsStore store = open(disk);
    for (byte[] content : List.of(SHARED, OLD, NEW)) {
      publish(store, REPO, sha256(content), content);
    }
    publish(store, REPO, gitSha1(CONFIG), CONFIG);
    publish(store, OTHER, gitSha1(CONFIG), CONFIG);
    manifest(store, REPO, FIRST, sha256(SHARED), sha256(OLD), gitSha1(CONFIG));
    manifest(store, REPO, SECOND, sha256(SHARED), sha256(NEW), gitSha1(CONFIG));
    manifest(store, OTHER, FIRST, sha256(SHARED), gitSha1(CONFIG));
    point(store, REPO, V1, FIRST);
    point(store, REPO, new Revision(FIRST.hex()), FIRST);
    point(store, REPO, Revision.MAIN, SECOND);
    point(store, REPO, Revision.DEFAULT, SECOND);
    point(store, OTHER, Revision.MAIN, FIRST);
    store.repos().putAnswer(REPO, SECOND, "info", new Observation<>(bytes(5, 100), NOW));
    for (RepoId repo : List.of(REPO, OTHER)) {
      store.repos().remember(TestGrants.open(repo), NOW);
      store.repos().putInternalId(repo, new Observation<>("a1b2", NOW));
    }
    store.repos().putAlias(OLD_NAME, new Observation<>(REPO, NOW));
    return store;
  }

  private static void point(Store store, RepoId repo, Revision revision, CommitHash commit) {
    store.repos().putRevision(repo, revision, new Observation<>(commit, NOW));
  }

  private static void manifest(Store store, RepoId repo, CommitHash commit, BlobId... blobs)
      throws IOException {
    List<ManifestEntry> entries = Stream.of(blobs).map(FsRemovalTest::entry).toList();
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

  private static RepoRemoval.Outcome remove(FsStore store, Target... targets) throws IOException {
    try (RepoRemoval removal = store.remover().begin(List.of(targets))) {
      return removal.run(RemovalGuard.OFFLINE);
    }
  }

  private static RemovalPlan plan(FsStore store, Target... targets) throws IOException {
    try (RepoRemoval removal = store.remover().begin(List.of(targets))) {
      return removal.plan();
    }
  }

  private static Target all(RepoId repo) {
    return new Target(repo, Optional.empty());
  }

  private static Target at(Revision revision) {
    return new Target(REPO, Optional.of(revision));
  }

  private void assertOtherIsWhole(Store store) throws IOException {
    assertThat(read(store, OTHER, sha256(SHARED))).hasValue(SHARED);
    assertThat(read(store, OTHER, gitSha1(CONFIG))).hasValue(CONFIG);
    assertThat(store.repos().manifest(everybody(OTHER), FIRST)).isPresent();
    assertThat(store.repos().revision(everybody(OTHER), Revision.MAIN)).isPresent();
    assertThat(store.repos().confirmedAt(TestGrants.open(OTHER))).isPresent();
    assertThat(store.repos().internalId(OTHER)).isPresent();
  }

  private void assertNothingIsKnown(FsStore store) throws IOException {
    assertThat(store.repos().confirmedAt(TestGrants.open(REPO))).isEmpty();
    assertThat(store.repos().revisions(everybody(REPO))).isEmpty();
    assertThat(store.repos().manifest(everybody(REPO), FIRST)).isEmpty();
    assertThat(store.repos().manifest(everybody(REPO), SECOND)).isEmpty();
    assertThat(store.repos().answer(everybody(REPO), SECOND, "info")).isEmpty();
    assertThat(store.repos().alias(OLD_NAME)).isEmpty();
    assertThat(store.repos().internalId(REPO)).isEmpty();
    assertThat(store.readOnly().repos()).containsExactly(OTHER);
  }

  @Test
  void all_of_a_repo_goes_but_what_another_one_names() throws Exception {
    data = folder.resolve("data");
    try (FsStore store = fill(new TestDisk(data))) {
      RemovalPlan plan = plan(store, all(REPO));
      assertThat(plan.bytes()).isEqualTo(OLD.length + NEW.length + CONFIG.length);
      assertThat(plan.shared().files()).isEqualTo(1);
      assertThat(plan.shared().bytes()).isEqualTo(SHARED.length);
      assertThat(plan.shared().repos()).containsExactly("datasets/acme/other");

      RepoRemoval.Outcome outcome = remove(store, all(REPO));

      assertThat(outcome).isEqualTo(new RepoRemoval.Outcome(3, plan.bytes(), 0, 0, 0));
      assertNothingIsKnown(store);
      assertOtherIsWhole(store);
      assertThat(store.usage().bytes()).isEqualTo(SHARED.length + CONFIG.length);
      assertThat(plan(store, all(REPO)).missing()).containsExactly(all(REPO));
      // It can be stored again, into folders that are made again.
      publish(store, REPO, sha256(OLD), OLD);
      publish(store, REPO, gitSha1(CONFIG), CONFIG);
      point(store, REPO, V1, FIRST);
    }
    try (FsStore store = open(new TestDisk(data))) {
      assertOtherIsWhole(store);
      assertThat(store.repos().revision(everybody(REPO), V1)).isPresent();
      assertThat(read(store, REPO, gitSha1(CONFIG))).hasValue(CONFIG);
    }
  }

  @Test
  void a_revision_goes_with_its_commit_unless_another_one_is_at_it() throws Exception {
    data = folder.resolve("data");
    try (FsStore store = fill(new TestDisk(data))) {
      point(store, REPO, STABLE, SECOND);

      RemovalPlan kept = plan(store, at(Revision.MAIN));
      assertThat(kept.blobs()).isEmpty();
      assertThat(kept.parts().getFirst().kept()).containsEntry(SECOND, List.of(STABLE));
      remove(store, at(Revision.MAIN));
      assertThat(store.repos().revision(everybody(REPO), Revision.MAIN)).isEmpty();
      assertThat(store.repos().manifest(everybody(REPO), SECOND)).isPresent();

      RepoRemoval.Outcome outcome = remove(store, at(V1));
      assertThat(outcome.bytes()).isEqualTo(OLD.length);
      assertThat(store.repos().manifest(everybody(REPO), FIRST)).isEmpty();
      assertThat(store.repos().revision(everybody(REPO), new Revision(FIRST.hex()))).isEmpty();
      assertThat(store.repos().confirmedAt(TestGrants.open(REPO))).isPresent();
      assertThat(read(store, REPO, sha256(NEW))).hasValue(NEW);
      assertThat(read(store, REPO, gitSha1(CONFIG))).hasValue(CONFIG);
      assertOtherIsWhole(store);
    }
  }

  @Test
  void two_repos_that_go_together_take_what_they_share_with_them() throws Exception {
    data = folder.resolve("data");
    try (FsStore store = fill(new TestDisk(data))) {
      assertThat(plan(store, all(REPO), all(OTHER)).shared().files()).isZero();

      remove(store, all(REPO), all(OTHER));

      assertThat(store.usage().bytes()).isZero();
      assertThat(store.readOnly().repos()).isEmpty();
    }
  }

  @Test
  void a_blob_that_is_being_read_stays_until_it_is_evicted() throws Exception {
    data = folder.resolve("data");
    try (FsStore store = fill(new TestDisk(data));
        StoredBlob reading = store.published().open(everybody(REPO, sha256(OLD))).orElseThrow()) {
      RepoRemoval.Outcome outcome = remove(store, all(REPO));

      assertThat(outcome.inUse()).isEqualTo(1);
      assertThat(outcome.bytes()).isEqualTo(NEW.length + CONFIG.length);
      ByteBuffer into = ByteBuffer.allocate(OLD.length);
      while (into.hasRemaining()) {
        reading.read(into, into.position());
      }
      assertThat(into.array()).isEqualTo(OLD);
    }
  }

  @Test
  void a_grant_that_could_not_be_written_ends_too() throws Exception {
    data = folder.resolve("data");
    TestDisk disk = new TestDisk(data);
    try (FsStore store = fill(disk)) {
      Authority alice = new Authority.TokenHolder("ab".repeat(32));
      Grant grant = new Grant(REPO, alice, ReadScope.CONTENT);
      disk.fail(1, TestDisk.Fault.IO_ERROR);
      store.repos().remember(grant, NOW);
      assertThat(disk.failed()).isTrue();
      assertThat(store.repos().confirmedAt(grant)).isPresent();

      remove(store, all(REPO));

      assertThat(store.repos().confirmedAt(grant)).isEmpty();
    }
  }

  @Test
  void nothing_goes_that_a_list_may_name_which_cannot_be_read() throws Exception {
    data = folder.resolve("data");
    try (FsStore store = fill(new TestDisk(data))) {
      Path manifest =
          data.resolve("repos/" + OTHER.folderName() + "/commits/" + FIRST.hex() + "/manifest");
      Files.write(manifest, new byte[] {1, 2, 3});

      RemovalPlan plan = plan(store, all(REPO));

      assertThat(plan.shared().unread()).containsExactly("datasets/acme/other");
      // The small file is kept within the repo.
      assertThat(plan.bytes()).isEqualTo(CONFIG.length);
    }
  }

  /** The grants go first, so whatever is left after that, nobody reads it. */
  @Tag("slow")
  @ParameterizedTest
  @EnumSource(
      value = TestDisk.Fault.class,
      names = {"KILLED", "IO_ERROR"})
  void a_removal_that_ends_at_any_call_leaves_a_good_store_and_can_be_repeated(TestDisk.Fault fault)
      throws Exception {
    boolean failed = true;
    for (int n = 1; failed; n++) {
      data = folder.resolve(fault + "-" + n);
      TestDisk disk = new TestDisk(data);
      failed = isCutShort(disk, n, fault);
      assertGoodAndRepeatable(n);
    }
  }

  @Tag("slow")
  @Test
  void a_power_cut_at_any_call_of_a_removal_leaves_a_good_store() throws Exception {
    boolean failed = true;
    for (int n = 1; failed; n++) {
      data = folder.resolve("cut-" + n);
      Path backups = Files.createDirectory(folder.resolve("backups-" + n));
      PowerCutDisk disk = new PowerCutDisk(data, backups, new Random(n));
      failed = isCutShort(disk, n, TestDisk.Fault.KILLED);
      disk.cut();
      assertGoodAndRepeatable(n);
    }
  }

  /** Returns whether the removal met the fault. */
  private boolean isCutShort(TestDisk disk, int n, TestDisk.Fault fault) throws Exception {
    FsStore store = fill(disk);
    disk.fail(n, fault);
    try {
      remove(store, all(REPO));
    } catch (IOException | TestDisk.Killed e) {
      assertThat(disk.failed()).isTrue();
    }
    store.release();
    assertThat(n).isLessThan(500);
    return disk.failed();
  }

  private void assertGoodAndRepeatable(int n) throws Exception {
    try (FsStore next = open(new TestDisk(data))) {
      next.scan();
      assertOtherIsWhole(next);
      boolean isWhole =
          next.repos().revisions(everybody(REPO)).size() == 4
              && next.repos().manifest(everybody(REPO), FIRST).isPresent()
              && next.repos().manifest(everybody(REPO), SECOND).isPresent()
              && read(next, REPO, sha256(OLD)).isPresent();
      assertThat(isWhole || next.repos().confirmedAt(TestGrants.open(REPO)).isEmpty())
          .as("call %d: what is left is readable", n)
          .isTrue();
      if (next.readOnly().repos().contains(REPO)) {
        remove(next, all(REPO));
      }
      assertNothingIsKnown(next);
      assertOtherIsWhole(next);
      assertThat(FsStoreTest.leftovers(data)).isEmpty();
    }
  }
}
