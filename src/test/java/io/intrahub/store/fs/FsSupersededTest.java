package io.intrahub.store.fs;

import static io.intrahub.access.TestGrants.everybody;
import static io.intrahub.store.TestBlobs.bytes;
import static io.intrahub.store.TestBlobs.gitSha1;
import static io.intrahub.store.TestBlobs.publish;
import static io.intrahub.store.TestBlobs.sha256;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.Entry;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Observation;
import io.intrahub.store.CommitRole;
import io.intrahub.store.ManifestEntry;
import io.intrahub.store.TestRepos;
import io.intrahub.store.fs.disk.StoreLayout;
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
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What no branch leads to any more goes before what is older. */
final class FsSupersededTest {
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/tiny");
  private static final RepoId OTHER = new RepoId(RepoType.DATASET, "acme/other");
  private static final Revision MAIN = new Revision("main");
  private static final CommitHash FIRST = new CommitHash("1".repeat(40));
  private static final CommitHash SECOND = new CommitHash("2".repeat(40));
  private static final int SIZE = 100_000;

  /** Shared by both commits; the oldest of all, and the smallest. */
  private static final BlobId CONFIG = gitSha1(bytes(1, SIZE - 2000));

  private static final BlobId OLD_WEIGHTS = sha256(bytes(2, SIZE));
  private static final BlobId OLD_CODE = gitSha1(bytes(3, SIZE + 1000));
  private static final BlobId NEW_WEIGHTS = sha256(bytes(4, SIZE + 2000));

  @TempDir Path folder;

  private final SettableClock clock = new SettableClock();
  private FsStore store;

  /** Four blobs and what is known of them fit, and a fifth makes room down to three and itself. */
  @BeforeEach
  void openAndLoad() throws Exception {
    open(new DiskBudgetSettings(52L * SIZE / 10, 0, 90, 80));
    store.scan();
    add(REPO, CONFIG, 1);
    add(REPO, NEW_WEIGHTS, 4);
    add(REPO, OLD_WEIGHTS, 2);
    add(REPO, OLD_CODE, 3);
    manifest(REPO, FIRST, CONFIG, OLD_WEIGHTS, OLD_CODE);
    manifest(REPO, SECOND, CONFIG, NEW_WEIGHTS);
    point(REPO, MAIN, FIRST);
    point(REPO, Revision.DEFAULT, FIRST);
  }

  private void open(DiskBudgetSettings settings) throws Exception {
    store = FsStore.open(folder, clock, settings, new TestDisk(folder), new Random(1));
  }

  @AfterEach
  void close() {
    store.close();
  }

  private void add(RepoId repo, BlobId blob, int seed) throws IOException {
    clock.pass(Duration.ofSeconds(1));
    publish(store, repo, blob, bytes(seed, (int) blob.size()));
  }

  private void addOneMore() throws IOException {
    add(OTHER, sha256(bytes(99, SIZE)), 99);
  }

  private void point(RepoId repo, Revision revision, CommitHash commit) {
    clock.pass(Duration.ofMinutes(2));
    store.repos().putRevision(repo, revision, new Observation<>(commit, clock.instant()));
  }

  private void manifest(RepoId repo, CommitHash commit, BlobId... blobs) throws IOException {
    List<ManifestEntry> entries = new ArrayList<>();
    for (BlobId blob : blobs) {
      Optional<Entry.Lfs> lfs =
          blob.digest() instanceof Digest.Sha256 sha256
              ? Optional.of(new Entry.Lfs(sha256, blob.size(), 130))
              : Optional.empty();
      String oid = lfs.isPresent() ? "a".repeat(40) : blob.digest().hex();
      FilePath path = new FilePath("dir/" + blob.digest().hex());
      Entry entry = new Entry(Entry.Kind.FILE, path, oid, blob.size(), lfs);
      entries.add(new ManifestEntry(entry, "{}"));
    }
    TestRepos.putManifest(store.repos(), repo, commit, entries, true);
  }

  private List<BlobId> gone() {
    return Stream.of(CONFIG, OLD_WEIGHTS, OLD_CODE, NEW_WEIGHTS)
        .filter(blob -> !store.published().contains(everybody(REPO, blob)))
        .toList();
  }

  @Test
  void what_no_branch_has_any_more_goes_before_what_is_older() throws Exception {
    point(REPO, MAIN, SECOND);
    point(REPO, Revision.DEFAULT, SECOND);

    addOneMore();
    assertThat(gone()).containsExactly(OLD_WEIGHTS);

    add(OTHER, sha256(bytes(98, SIZE)), 98);
    // The stranger of before belongs to no commit at all, but was used later.
    assertThat(gone()).containsExactly(OLD_WEIGHTS, OLD_CODE);
  }

  @Test
  void what_clients_see_is_not_evicted_for_the_commit_that_is_to_follow_it() throws Exception {
    clock.pass(Duration.ofMinutes(2));
    store
        .repos()
        .putRevision(REPO, MAIN, CommitRole.NEWEST, new Observation<>(SECOND, clock.instant()));

    // The newest of the four, and the only one that clients can do without.
    addOneMore();
    assertThat(gone()).containsExactly(NEW_WEIGHTS);
  }

  @Test
  void a_commit_that_never_became_visible_keeps_nothing_for_ever() throws Exception {
    store
        .repos()
        .putRevision(REPO, MAIN, CommitRole.NEWEST, new Observation<>(SECOND, clock.instant()));
    clock.pass(Duration.ofHours(2));

    addOneMore();

    assertThat(gone()).containsExactly(CONFIG);
  }

  @Test
  void a_commit_that_serves_in_an_outage_is_current() throws Exception {
    point(REPO, MAIN, SECOND);
    point(REPO, Revision.DEFAULT, SECOND);
    store
        .repos()
        .putRevision(REPO, MAIN, CommitRole.SERVABLE, new Observation<>(FIRST, clock.instant()));

    addOneMore();

    assertThat(gone()).containsExactly(CONFIG);
  }

  @Test
  void as_long_as_a_tag_has_it_it_is_current() throws Exception {
    point(REPO, MAIN, SECOND);
    point(REPO, Revision.DEFAULT, SECOND);
    point(REPO, new Revision("v1.0"), FIRST);

    addOneMore();

    assertThat(gone()).containsExactly(CONFIG);
  }

  @Test
  void who_asks_for_a_commit_by_its_hash_makes_nothing_current() throws Exception {
    point(REPO, MAIN, SECOND);
    point(REPO, Revision.DEFAULT, SECOND);
    point(REPO, new Revision(FIRST.hex()), FIRST);

    addOneMore();

    assertThat(gone()).containsExactly(OLD_WEIGHTS);
  }

  @Test
  void a_shared_blob_is_current_if_it_is_so_in_any_repo() throws Exception {
    manifest(OTHER, FIRST, OLD_WEIGHTS);
    point(OTHER, MAIN, FIRST);
    point(REPO, MAIN, SECOND);
    point(REPO, Revision.DEFAULT, SECOND);

    addOneMore();

    assertThat(gone()).containsExactly(OLD_CODE);
  }

  @Test
  void what_can_not_be_read_is_taken_for_current() throws Exception {
    point(REPO, MAIN, SECOND);
    point(REPO, Revision.DEFAULT, SECOND);
    manifest(OTHER, FIRST, NEW_WEIGHTS);
    point(OTHER, MAIN, FIRST);
    Path manifest = new StoreLayout(folder).manifest(OTHER, FIRST);
    byte[] damaged = Files.readAllBytes(manifest);
    damaged[10] ^= 1;
    Files.write(manifest, damaged);

    addOneMore();

    // Any shared blob may be in the damaged one, and no git blob of another repo can be.
    assertThat(gone()).containsExactly(OLD_CODE);
  }

  @Test
  void a_damaged_ref_keeps_all_of_its_repo() throws Exception {
    point(REPO, Revision.DEFAULT, SECOND);
    point(REPO, MAIN, SECOND);
    Files.write(new StoreLayout(folder).ref(REPO, MAIN), new byte[] {1, 2, 3});

    addOneMore();

    assertThat(gone()).containsExactly(CONFIG);
  }

  @Test
  void the_listing_of_a_huge_commit_is_read() throws Exception {
    store.close();
    open(new DiskBudgetSettings(6_000_000, 0, 95, 92));
    store.scan();
    point(REPO, MAIN, SECOND);
    point(REPO, Revision.DEFAULT, SECOND);
    List<ManifestEntry> entries = new ArrayList<>();
    for (int i = 0; i < 5000; i++) {
      Entry entry =
          new Entry(
              Entry.Kind.FILE,
              new FilePath("file" + i),
              i == 4321 ? OLD_CODE.digest().hex() : "%040x".formatted(i),
              i,
              Optional.empty());
      entries.add(new ManifestEntry(entry, "{}"));
    }
    CommitHash third = new CommitHash("3".repeat(40));
    TestRepos.putManifest(store.repos(), REPO, third, entries, true);
    point(REPO, new Revision("huge"), third);

    // Two blobs have to go for one that brings the store just above its high mark.
    long used = store.usage().used();
    byte[] filler = bytes(98, (int) (5_700_000 - used + 1000));
    publish(store, OTHER, sha256(filler), filler);

    assertThat(gone()).hasSize(2).contains(OLD_WEIGHTS).doesNotContain(OLD_CODE);
  }
}
