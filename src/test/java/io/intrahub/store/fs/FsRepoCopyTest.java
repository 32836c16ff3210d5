package io.intrahub.store.fs;

import static io.intrahub.access.TestGrants.everybody;
import static io.intrahub.store.TestBlobs.bytes;
import static io.intrahub.store.TestBlobs.gitSha1;
import static io.intrahub.store.TestBlobs.publish;
import static io.intrahub.store.TestBlobs.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.access.TestGrants;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Entry;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Observation;
import io.intrahub.store.CommitRole;
import io.intrahub.store.ManifestEntry;
import io.intrahub.store.RepoStore;
import io.intrahub.store.StoredAnswer;
import io.intrahub.store.TestRepos;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import java.io.IOException;
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

/** What a repo has under another name once it was copied, and if that did not come to its end. */
final class FsRepoCopyTest {
  private static final Instant NOW = Instant.parse("2026-11-24T10:00:00Z");
  private static final RepoId FROM = new RepoId(RepoType.MODEL, "acme/old");
  private static final RepoId TO = new RepoId(RepoType.MODEL, "acme/new");
  private static final CommitHash FIRST = new CommitHash("1".repeat(40));
  private static final CommitHash SECOND = new CommitHash("2".repeat(40));
  private static final byte[] CONTENT = bytes(4, 70_000);
  private static final byte[] SMALL = bytes(5, 100);
  private static final byte[] LARGE = bytes(6, StoredAnswer.SMALL + 1);

  @TempDir(factory = MemoryFolder.class)
  Path folder;

  private Path data = Path.of("");

  private FsStore open(TestDisk disk) throws Exception {
    return FsStore.open(
        data, Clock.fixed(NOW, ZoneOffset.UTC), DiskBudgetSettings.DEFAULT, disk, new Random(1));
  }

  private FsStore fill(TestDisk disk) throws Exception {
    FsStore store = open(disk);
    publish(store, FROM, gitSha1(CONTENT), CONTENT);
    RepoStore repos = store.repos();
    TestRepos.putManifest(repos, FROM, FIRST, List.of(entry()), true);
    TestRepos.putManifest(repos, FROM, SECOND, List.of(entry()), false);
    repos.putRevision(FROM, Revision.MAIN, new Observation<>(FIRST, NOW));
    repos.putRevision(FROM, Revision.MAIN, CommitRole.NEWEST, new Observation<>(SECOND, NOW));
    repos.putRevision(FROM, Revision.DEFAULT, new Observation<>(FIRST, NOW));
    repos.putAnswer(FROM, FIRST, "info", new Observation<>(SMALL, NOW));
    repos.putAnswer(FROM, FIRST, "large", new Observation<>(LARGE, NOW));
    repos.remember(TestGrants.open(FROM), NOW);
    repos.putInternalId(FROM, new Observation<>("a1b2", NOW));
    return store;
  }

  private static ManifestEntry entry() {
    String oid = gitSha1(CONTENT).digest().hex();
    FilePath path = new FilePath("config.json");
    return new ManifestEntry(
        new Entry(Entry.Kind.FILE, path, oid, CONTENT.length, Optional.empty()), "{}");
  }

  private static void assertWhole(FsStore store, RepoId repo) throws IOException {
    RepoStore repos = store.repos();
    assertThat(repos.revision(everybody(repo), Revision.MAIN))
        .hasValue(new Observation<>(FIRST, NOW));
    assertThat(repos.revision(everybody(repo), Revision.MAIN, CommitRole.NEWEST))
        .hasValue(new Observation<>(SECOND, NOW));
    assertThat(repos.revisions(everybody(repo))).hasSize(2);
    assertThat(repos.manifest(everybody(repo), FIRST).orElseThrow().complete()).isTrue();
    assertThat(repos.manifest(everybody(repo), SECOND).orElseThrow().complete()).isFalse();
    assertThat(repos.manifest(everybody(repo), FIRST).orElseThrow().find(entry().entry().path()))
        .hasValue(entry());
    assertThat(answer(repos, repo, "info")).hasValue(SMALL);
    assertThat(answer(repos, repo, "large")).hasValue(LARGE);
    assertThat(read(store, repo, gitSha1(CONTENT))).hasValue(CONTENT);
  }

  private static Optional<byte[]> answer(RepoStore repos, RepoId repo, String name)
      throws IOException {
    return TestRepos.answer(repos, everybody(repo), FIRST, name).map(Observation::value);
  }

  @Test
  void a_copy_has_everything_but_grants_and_the_id() throws Exception {
    data = folder.resolve("data");
    try (FsStore store = fill(new TestDisk(data))) {
      long bytes = store.usage().bytes();
      assertThat(store.repos().revision(everybody(TO), Revision.MAIN)).isEmpty();
      store.repos().copyRepo(FROM, TO);
      assertWhole(store, FROM);
      assertWhole(store, TO);
      assertThat(store.repos().internalId(TO)).isEmpty();
      assertThat(store.repos().confirmedAt(TestGrants.open(TO))).isEmpty();
      assertThat(store.usage().bytes()).isEqualTo(2 * bytes);
    }
    try (FsStore next = open(new TestDisk(data))) {
      assertWhole(next, FROM);
      assertWhole(next, TO);
    }
  }

  @Test
  void what_is_younger_or_complete_under_the_other_name_stays() throws Exception {
    data = folder.resolve("data");
    try (FsStore store = fill(new TestDisk(data))) {
      RepoStore repos = store.repos();
      Revision tag = new Revision("v1");
      repos.putRevision(FROM, tag, new Observation<>(FIRST, NOW.minusSeconds(1)));
      repos.putRevision(TO, tag, new Observation<>(SECOND, NOW));
      TestRepos.putManifest(repos, TO, SECOND, List.of(entry()), true);
      repos.copyRepo(FROM, TO);
      assertThat(repos.revision(everybody(TO), tag)).hasValue(new Observation<>(SECOND, NOW));
      assertThat(repos.manifest(everybody(TO), SECOND).orElseThrow().complete()).isTrue();
    }
  }

  @Test
  void a_commit_with_another_role_does_not_come_beside_a_younger_one() throws Exception {
    data = folder.resolve("data");
    try (FsStore store = fill(new TestDisk(data))) {
      RepoStore repos = store.repos();
      Revision tag = new Revision("v1");
      Observation<CommitHash> younger = new Observation<>(SECOND, NOW.minusSeconds(1));
      Observation<CommitHash> older = new Observation<>(FIRST, NOW.minusSeconds(3));
      repos.putRevision(FROM, tag, older);
      for (CommitRole role : CommitRole.values()) {
        repos.putRevision(FROM, tag, role, new Observation<>(FIRST, NOW.minusSeconds(2)));
      }
      repos.putRevision(TO, tag, younger);
      repos.copyRepo(FROM, TO);
      assertThat(repos.revision(everybody(TO), tag)).hasValue(younger);
      for (CommitRole role : CommitRole.values()) {
        assertThat(repos.revision(everybody(TO), tag, role)).isEmpty();
      }
      assertThat(repos.revision(everybody(TO), Revision.MAIN, CommitRole.NEWEST)).isPresent();
    }
  }

  @Test
  void a_damaged_answer_keeps_nothing_else_back() throws Exception {
    data = folder.resolve("data");
    try (FsStore store = fill(new TestDisk(data))) {
      damage(large());
      store.repos().copyRepo(FROM, TO);
      assertThat(answer(store.repos(), TO, "large")).isEmpty();
      assertThat(answer(store.repos(), TO, "info")).hasValue(SMALL);
      assertThat(store.repos().revision(everybody(TO), Revision.MAIN)).isPresent();
    }
  }

  private Path large() throws IOException {
    try (Stream<Path> files = Files.walk(data)) {
      return files
          .filter(path -> String.valueOf(path.getFileName()).contains("large"))
          .findFirst()
          .orElseThrow();
    }
  }

  private static void damage(Path path) throws IOException {
    byte[] content = Files.readAllBytes(path);
    content[content.length / 2] ^= 1;
    Files.write(path, content);
  }

  @Test
  void the_revisions_are_copied_although_the_rest_can_not_be() throws Exception {
    data = folder.resolve("data");
    TestDisk disk = new TestDisk(data);
    try (FsStore store = fill(disk)) {
      disk.fail(1, TestDisk.Fault.IO_ERROR);
      assertThatThrownBy(() -> store.repos().copyRepo(FROM, TO)).isInstanceOf(IOException.class);
      assertThat(store.repos().revision(everybody(TO), Revision.MAIN)).isPresent();
    }
  }

  @Tag("slow")
  @ParameterizedTest
  @EnumSource(
      value = TestDisk.Fault.class,
      names = {"KILLED", "IO_ERROR"})
  void a_copy_that_ends_at_any_call_loses_nothing_and_can_be_repeated(TestDisk.Fault fault)
      throws Exception {
    boolean failed = true;
    for (int n = 1; failed; n++) {
      data = folder.resolve(fault + "-" + n);
      failed = isCutShort(new TestDisk(data), n, fault);
      assertRepeatable();
    }
  }

  @Tag("slow")
  @Test
  void a_power_cut_at_any_call_of_a_copy_loses_nothing() throws Exception {
    boolean failed = true;
    for (int n = 1; failed; n++) {
      data = folder.resolve("cut-" + n);
      Path backups = Files.createDirectory(folder.resolve("backups-" + n));
      PowerCutDisk disk = new PowerCutDisk(data, backups, new Random(n));
      failed = isCutShort(disk, n, TestDisk.Fault.KILLED);
      disk.cut();
      assertRepeatable();
    }
  }

  /** Returns whether the copy met the fault. */
  private boolean isCutShort(TestDisk disk, int n, TestDisk.Fault fault) throws Exception {
    FsStore store = fill(disk);
    disk.fail(n, fault);
    try {
      store.repos().copyRepo(FROM, TO);
    } catch (IOException | TestDisk.Killed e) {
      assertThat(disk.failed()).isTrue();
    }
    store.release();
    assertThat(n).isLessThan(500);
    return disk.failed();
  }

  private void assertRepeatable() throws Exception {
    try (FsStore next = open(new TestDisk(data))) {
      next.scan();
      assertWhole(next, FROM);
      next.repos().copyRepo(FROM, TO);
      assertWhole(next, FROM);
      assertWhole(next, TO);
      assertThat(FsStoreTest.leftovers(data)).isEmpty();
    }
  }
}
