package io.intrahub.cachefolder;

import static io.intrahub.cachefolder.StoredRepo.CLOCK;
import static io.intrahub.cachefolder.StoredRepo.FIRST;
import static io.intrahub.cachefolder.StoredRepo.NOW;
import static io.intrahub.cachefolder.StoredRepo.REPO;
import static io.intrahub.cachefolder.StoredRepo.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Observation;
import io.intrahub.store.TestBlobs;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.MemoryFolder;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The cache folder inside the folder of a store. */
class CacheViewTest {
  private static final String WEIGHTS = "model.safetensors";

  @TempDir(factory = MemoryFolder.class)
  Path tmp;

  private final Map<String, byte[]> files = new TreeMap<>(StoredRepo.files());
  private final Map<String, byte[]> changed = new TreeMap<>(files);
  private Path data;
  private CacheLayout layout;

  @BeforeEach
  void folder() {
    data = tmp.resolve("data");
    layout = new CacheLayout(CacheView.folder(data));
    changed.put("config.json", TestBlobs.bytes(9, 100));
    changed.remove("onnx/model.safetensors");
  }

  /** Does something to an open view, as one process does. */
  private interface Work {
    void with(FsStore store, CacheView view) throws Exception;
  }

  private void open(DiskBudgetSettings settings, Work work) throws Exception {
    try (FsStore store = FsStore.open(data, CLOCK, settings, Runnable::run)) {
      CacheView view = CacheView.open(store, data);
      store.scan();
      work.with(store, view);
      view.deleteHidden();
    }
  }

  private void show() throws Exception {
    open(DiskBudgetSettings.DEFAULT, (_, view) -> view.show(REPO));
  }

  private void expectShown(CommitHash commit, Map<String, byte[]> expected) throws Exception {
    assertThat(layout.ref(REPO, Revision.MAIN)).hasContent(commit.hex());
    Path snapshot = layout.snapshot(REPO, commit);
    for (Map.Entry<String, byte[]> file : expected.entrySet()) {
      assertThat(snapshot.resolve(file.getKey())).hasBinaryContent(file.getValue());
    }
    try (Stream<Path> all = Files.walk(snapshot)) {
      assertThat(all.filter(Files::isSymbolicLink)).hasSize(expected.size());
    }
    try (Stream<Path> snapshots = Files.list(layout.snapshots(REPO))) {
      assertThat(snapshots).containsExactly(snapshot);
    }
    try (Stream<Path> blobs = Files.list(layout.blobs(REPO))) {
      assertThat(blobs.map(blob -> blob.getFileName().toString()))
          .containsExactlyInAnyOrderElementsOf(
              expected.entrySet().stream()
                  .map(file -> StoredRepo.blob(file.getKey(), file.getValue()).digest().hex())
                  .toList());
    }
  }

  private void expectNothing() {
    assertThat(layout.repo(REPO)).doesNotExist();
    assertThat(data.resolve("view/hidden")).isEmptyDirectory();
  }

  @Test
  void a_commit_whose_files_are_all_stored_is_shown_without_taking_space() throws Exception {
    StoredRepo.put(data, FIRST, files, Set.of());

    show();

    expectShown(FIRST, files);
    BlobId weights = StoredRepo.blob(WEIGHTS, files.get(WEIGHTS));
    assertThat(Files.getAttribute(layout.blob(REPO, weights.digest()), "unix:nlink")).isEqualTo(2);
    show();
    expectShown(FIRST, files);
  }

  @Test
  void a_commit_that_lacks_a_file_is_not_shown_before_it_is_stored() throws Exception {
    StoredRepo.put(data, FIRST, files, Set.of(WEIGHTS));
    show();
    expectNothing();

    StoredRepo.put(data, FIRST, files, Set.of());
    show();
    expectShown(FIRST, files);
  }

  @Test
  void a_commit_whose_list_of_files_is_not_the_hubs_is_not_shown() throws Exception {
    StoredRepo.put(data, FIRST, files, Set.of(), false);

    show();

    expectNothing();
  }

  @Test
  void a_branch_moves_once_the_new_commit_is_whole_and_the_old_one_leaves() throws Exception {
    StoredRepo.put(data, FIRST, files, Set.of());
    show();
    StoredRepo.put(data, SECOND, changed, Set.of("config.json"));
    show();
    expectShown(FIRST, files);

    StoredRepo.put(data, SECOND, changed, Set.of());
    show();
    expectShown(SECOND, changed);
  }

  @Test
  void a_branch_that_is_deleted_leaves() throws Exception {
    StoredRepo.put(data, FIRST, files, Set.of());
    Revision branch = new Revision("refs/pr/1");
    open(
        DiskBudgetSettings.DEFAULT,
        (store, view) -> {
          store.repos().putRevision(REPO, branch, new Observation<>(FIRST, NOW));
          view.show(REPO);
          assertThat(layout.ref(REPO, branch)).hasContent(FIRST.hex());
          store.repos().forgetRevision(REPO, branch);
          view.show(REPO);
        });

    assertThat(layout.ref(REPO, branch)).doesNotExist();
    expectShown(FIRST, files);
  }

  @Test
  void a_repo_that_is_hidden_leaves_and_comes_back() throws Exception {
    StoredRepo.put(data, FIRST, files, Set.of());
    open(
        DiskBudgetSettings.DEFAULT,
        (_, view) -> {
          view.show(REPO);
          assertThat(view.shown()).containsExactly(REPO);
          view.hide(REPO);
          assertThat(view.shown()).isEmpty();
          assertThat(layout.repo(REPO)).doesNotExist();
          view.show(REPO);
        });

    expectShown(FIRST, files);
  }

  @Test
  void eviction_of_a_blob_takes_its_commit_out_and_frees_the_space() throws Exception {
    StoredRepo.put(data, FIRST, files, Set.of());
    show();
    RepoId other = new RepoId(RepoType.MODEL, "acme/other");
    byte[] large = TestBlobs.bytes(7, 400_000);
    BlobId weights = StoredRepo.blob(WEIGHTS, files.get(WEIGHTS));

    open(
        new DiskBudgetSettings(500_000, 0, 95, 90),
        (store, view) -> {
          TestBlobs.publish(store, other, TestBlobs.sha256(large), large);
          assertThat(store.readOnly().file(REPO, weights)).as("evicted").isEmpty();
          assertThat(layout.blob(REPO, weights.digest())).doesNotExist();
          assertThat(layout.snapshot(REPO, FIRST)).doesNotExist();
          assertThat(layout.ref(REPO, Revision.MAIN)).doesNotExist();
          view.show(REPO);
        });

    expectNothing();
  }

  /** As if the process was killed between the two. */
  @Test
  void a_blob_that_left_the_store_without_a_word_leaves_at_the_next_start() throws Exception {
    StoredRepo.put(data, FIRST, files, Set.of());
    show();
    BlobId weights = StoredRepo.blob(WEIGHTS, files.get(WEIGHTS));
    try (FsStore store = StoredRepo.open(data)) {
      Files.delete(store.readOnly().file(REPO, weights).orElseThrow());
    }

    show();

    expectNothing();
  }

  @Test
  void what_a_killed_process_left_is_cleared_away() throws Exception {
    StoredRepo.put(data, FIRST, files, Set.of());
    show();
    Path staged = layout.stagedSnapshot(REPO, SECOND);
    Files.createDirectories(staged.resolve("onnx"));
    Files.createSymbolicLink(staged.resolve("onnx/a"), Path.of("../../../blobs/none"));
    Files.createDirectories(layout.snapshot(REPO, SECOND));
    Files.createFile(layout.blobs(REPO).resolve("a.intrahub.incomplete"));
    Files.createDirectories(data.resolve("view/hidden/7/snapshots"));

    show();

    expectShown(FIRST, files);
    assertThat(Files.exists(layout.staging(REPO), LinkOption.NOFOLLOW_LINKS)).isFalse();
  }

  @Test
  void a_damaged_blob_takes_its_commit_out() throws Exception {
    StoredRepo.put(data, FIRST, files, Set.of());
    show();
    String path = "onnx/model.safetensors";
    BlobId blob = StoredRepo.blob(path, files.get(path));

    open(
        DiskBudgetSettings.DEFAULT,
        (store, view) -> {
          Path stored = store.readOnly().file(REPO, blob).orElseThrow();
          stored.toFile().setWritable(true);
          Files.write(stored, TestBlobs.bytes(8, files.get(path).length));
          assertThat(TestBlobs.read(store, REPO, blob)).as("quarantined").isEmpty();
          assertThat(layout.snapshot(REPO, FIRST)).doesNotExist();
          view.show(REPO);
        });

    expectNothing();
  }

  @Test
  void without_the_option_nothing_is_left() throws Exception {
    StoredRepo.put(data, FIRST, files, Set.of());
    show();

    CacheView.remove(data);

    assertThat(data.resolve("view")).doesNotExist();
    try (FsStore store = StoredRepo.open(data)) {
      BlobId weights = StoredRepo.blob(WEIGHTS, files.get(WEIGHTS));
      assertThat(TestBlobs.read(store, REPO, weights)).hasValue(files.get(WEIGHTS));
    }
  }
}
