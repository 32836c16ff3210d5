package io.intrahub.cachefolder;

import static io.intrahub.cachefolder.StoredRepo.CLOCK;
import static io.intrahub.cachefolder.StoredRepo.FIRST;
import static io.intrahub.cachefolder.StoredRepo.NOW;
import static io.intrahub.cachefolder.StoredRepo.REPO;
import static io.intrahub.cachefolder.StoredRepo.SECOND;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.intrahub.access.Authority;
import io.intrahub.access.Grant;
import io.intrahub.access.ReadScope;
import io.intrahub.cachefolder.CacheExport.Method;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Observation;
import io.intrahub.store.ImportGuard;
import io.intrahub.store.Manifest;
import io.intrahub.store.RepoStore;
import io.intrahub.store.RepoStore.ObservedRevision;
import io.intrahub.store.TestBlobs;
import io.intrahub.store.TestRepos;
import io.intrahub.store.Tombstone;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.MemoryFolder;
import io.intrahub.store.fs.ReadOnlyStore;
import io.intrahub.store.fs.TestDisk;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CacheImportTest {
  @TempDir(factory = MemoryFolder.class)
  Path tmp;

  private static final Tombstone MISSING =
      new Tombstone(Tombstone.Kind.MISSING, true, "Repository not found");

  private Path data;
  private Path cache;
  private CacheLayout layout;

  @BeforeEach
  void folder() throws Exception {
    data = tmp.resolve("data");
    cache = tmp.resolve("hub");
    layout = new CacheLayout(cache);
    Path source = tmp.resolve("source");
    StoredRepo.put(source, FIRST, StoredRepo.files(), Set.of());
    export(source, cache);
  }

  private static void export(Path data, Path cache) throws Exception {
    try (CacheExport export =
        CacheExport.open(ReadOnlyStore.open(data), cache, Method.COPY, (repo, path, bytes) -> {})) {
      export.export(REPO, Revision.MAIN, PathPatterns.ALL);
    }
  }

  private ImportResult importInto(FsStore store, CachedFiles folder, boolean link)
      throws IOException {
    return new CacheImport(
            store,
            ImportGuard.offline(store.repos(), CLOCK),
            TestRepos.budget(),
            CLOCK,
            link,
            (repo, path, bytes) -> {})
        .run(folder, REPO);
  }

  private ImportResult importCache() throws Exception {
    try (FsStore store = StoredRepo.open(data)) {
      return importInto(store, new CacheFolderReader(cache), false);
    }
  }

  private void expectStored(Map<String, byte[]> files) throws Exception {
    try (FsStore store = StoredRepo.open(data)) {
      Manifest manifest = store.readOnly().manifest(REPO, FIRST).orElseThrow();
      StoredRepo.expectFiles(store, manifest, files);
    }
  }

  private Path blob(String path) {
    return layout.blob(REPO, StoredRepo.blob(path, StoredRepo.files().get(path)).digest());
  }

  @Test
  void what_was_exported_is_imported_and_exported_again_is_the_same() throws Exception {
    ImportResult result = importCache();

    assertThat(result.files()).isEqualTo(5);
    assertThat(result.added()).isEqualTo(4);
    assertThat(result.skipped()).isEmpty();
    assertThat(result.commits()).containsExactly(FIRST);
    assertThat(result.revisions()).containsExactly(Revision.MAIN);
    expectStored(StoredRepo.files());
    Path again = tmp.resolve("again");
    export(data, again);
    // Of an imported commit, the list is never known to be whole.
    assertThat(CacheFiles.names(again))
        .isEqualTo(
            CacheFiles.names(cache).stream().filter(name -> !name.contains("/trees")).toList());
    CacheFiles.expect(new CacheLayout(again).snapshot(REPO, FIRST), StoredRepo.files());
  }

  @Test
  void an_import_lets_nobody_read_and_what_it_says_of_a_commit_is_partial() throws Exception {
    importCache();

    try (FsStore store = StoredRepo.open(data)) {
      for (ReadScope scope : ReadScope.values()) {
        assertThat(store.repos().confirmedAt(new Grant(REPO, new Authority.Anonymous(), scope)))
            .isEmpty();
      }
      assertThat(store.readOnly().manifest(REPO, FIRST).orElseThrow().complete()).isFalse();
    }
    // Kept within the repo: another repo that names the digest must not be given the bytes.
    assertThat(data.resolve("blobs/sha256")).isEmptyDirectory();
  }

  @Test
  void an_import_that_adds_files_ends_what_the_hub_said_earlier_about_who_may_read()
      throws Exception {
    Set<Grant> all = new HashSet<>();
    for (ReadScope scope : ReadScope.values()) {
      all.add(new Grant(REPO, new Authority.Anonymous(), scope));
      all.add(new Grant(REPO, new Authority.TokenHolder("a".repeat(64)), scope));
    }
    Grant other =
        new Grant(
            new RepoId(RepoType.MODEL, "acme/other"), new Authority.Anonymous(), ReadScope.CONTENT);
    try (FsStore store = StoredRepo.open(data)) {
      all.forEach(grant -> store.repos().remember(grant, NOW));
      store.repos().remember(other, NOW);
      store.repos().putTombstone(REPO, new Observation<>(MISSING, NOW));
    }

    importCache();

    try (FsStore store = StoredRepo.open(data)) {
      assertThat(all).allSatisfy(g -> assertThat(store.repos().confirmedAt(g)).isEmpty());
      assertThat(store.repos().confirmedAt(other)).hasValue(NOW);
      assertThat(store.repos().tombstones().get(REPO).value()).isEqualTo(MISSING.closed());
      all.forEach(grant -> store.repos().remember(grant, NOW));
    }
    importCache();
    try (FsStore store = StoredRepo.open(data)) {
      assertThat(all)
          .as("nothing was added")
          .allSatisfy(g -> assertThat(store.repos().confirmedAt(g)).hasValue(NOW));
    }
  }

  @Test
  void nothing_is_imported_if_an_earlier_grant_stays() throws Exception {
    Grant everybody = new Grant(REPO, new Authority.Anonymous(), ReadScope.CONTENT);
    TestDisk disk = new TestDisk(data);
    try (FsStore store =
        FsStore.open(data, CLOCK, DiskBudgetSettings.DEFAULT, disk, new Random(1))) {
      store.repos().remember(everybody, NOW);
      // The first change is the removal of the grant.
      disk.fail(1, TestDisk.Fault.DISK_FULL);
      assertThatThrownBy(() -> importInto(store, new CacheFolderReader(cache), false))
          .hasMessageContaining("who may read model acme/tiny could not be removed");
    }
    try (FsStore store = StoredRepo.open(data)) {
      assertThat(store.readOnly().manifest(REPO, FIRST)).isEmpty();
    }
  }

  /** Ends an import at a moment when it reads. */
  private static final class Impatient implements CacheImport.Progress {
    private int left;

    Impatient(int left) {
      this.left = left;
    }

    @Override
    public void added(RepoId repo, FilePath path, long bytes) {}

    @Override
    public void reading() {
      if (left == 0) {
        throw new UncheckedIOException(new IOException("nobody waits"));
      }
      left--;
    }
  }

  @Test
  void an_import_can_be_ended_whenever_it_reads_and_is_continued_by_the_next_one()
      throws Exception {
    int ended = 0;
    for (int before = 0; ; before++) {
      data = tmp.resolve("data-" + before);
      try (FsStore store = StoredRepo.open(data)) {
        new CacheImport(
                store,
                ImportGuard.offline(store.repos(), CLOCK),
                TestRepos.budget(),
                CLOCK,
                false,
                new Impatient(before))
            .run(new CacheFolderReader(cache), REPO);
        break;
      } catch (UncheckedIOException e) {
        ended++;
      }
      assertThat(data.resolve("partial")).isEmptyDirectory();
      assertThat(importCache().files()).isEqualTo(5);
      expectStored(StoredRepo.files());
    }
    // At each file, and while each of the four that are not empty is copied and hashed.
    assertThat(ended).isGreaterThanOrEqualTo(5 + 4 * 2);
  }

  @Test
  void the_same_import_again_adds_nothing() throws Exception {
    importCache();

    ImportResult again = importCache();

    assertThat(again.added()).isZero();
    assertThat(again.files()).isEqualTo(5);
    assertThat(again.revisions()).isEmpty();
    expectStored(StoredRepo.files());
  }

  @Test
  void damaged_content_is_named_and_skipped_and_the_rest_is_imported() throws Exception {
    byte[] bytes = Files.readAllBytes(blob("model.safetensors"));
    bytes[200_000] ^= 1;
    Files.write(blob("model.safetensors"), bytes);
    byte[] shorter = StoredRepo.files().get("config.json");
    Files.write(blob("config.json"), java.util.Arrays.copyOf(shorter, 5));

    ImportResult result = importCache();

    assertThat(result.files()).isEqualTo(3);
    assertThat(result.skipped())
        .allSatisfy(s -> assertThat(s.why()).contains("damaged"))
        .extracting(s -> s.path().getFileName().toString())
        .containsExactlyInAnyOrder(
            blob("model.safetensors").getFileName().toString(),
            blob("config.json").getFileName().toString());
    Map<String, byte[]> good = StoredRepo.files();
    good.keySet().removeAll(Set.of("model.safetensors", "config.json"));
    expectStored(good);
    try (FsStore store = StoredRepo.open(data)) {
      assertThat(
              store
                  .readOnly()
                  .manifest(REPO, FIRST)
                  .orElseThrow()
                  .find(new io.intrahub.hub.FilePath("config.json")))
          .isEmpty();
    }
  }

  @Test
  void a_file_that_is_too_large_for_the_store_is_skipped_and_the_rest_is_imported()
      throws Exception {
    DiskBudgetSettings small = new DiskBudgetSettings(100_000, 0, 90, 80);
    ImportResult result;
    try (FsStore store = FsStore.open(data, CLOCK, small, Runnable::run)) {
      result = importInto(store, new CacheFolderReader(cache), false);
    }

    assertThat(result.skipped())
        .singleElement()
        .satisfies(s -> assertThat(s.why()).contains("too large", "store.max-size"));
    Map<String, byte[]> rest = StoredRepo.files();
    rest.remove("model.safetensors");
    expectStored(rest);
  }

  @Test
  void nothing_is_evicted_for_a_file_that_turns_out_to_be_damaged() throws Exception {
    BlobId kept = TestBlobs.sha256(TestBlobs.bytes(5, 200_000));
    Files.write(blob("model.safetensors"), new byte[300_000]);
    DiskBudgetSettings tight = new DiskBudgetSettings(400_000, 0, 90, 80);
    try (FsStore store = FsStore.open(data, CLOCK, tight, Runnable::run)) {
      TestBlobs.publish(store, REPO, kept, TestBlobs.bytes(5, 200_000));
      store.scan();

      ImportResult result = importInto(store, new CacheFolderReader(cache), false);

      assertThat(result.skipped())
          .singleElement()
          .satisfies(s -> assertThat(s.why()).contains("damaged"));
      assertThat(store.usage().evictedBlobs()).isZero();
      assertThat(store.readOnly().file(REPO, kept)).isPresent();
    }
  }

  @Test
  void the_hub_must_say_which_repo_an_imported_one_is() throws Exception {
    try (FsStore store = StoredRepo.open(data)) {
      store.repos().putInternalId(REPO, new Observation<>("0123456789abcdef01234567", NOW));
    }

    importCache();

    try (FsStore store = StoredRepo.open(data)) {
      assertThat(store.repos().internalId(REPO)).hasValue(RepoStore.IMPORTED);
    }
  }

  @Test
  void the_hubs_word_on_which_repo_it_is_stays_if_the_hub_has_listed_all_that_is_imported()
      throws Exception {
    Grant everybody = new Grant(REPO, new Authority.Anonymous(), ReadScope.CONTENT);
    String id = "0123456789abcdef01234567";
    StoredRepo.put(data, FIRST, StoredRepo.files(), Set.of("model.safetensors"));
    try (FsStore store = StoredRepo.open(data)) {
      store.repos().putInternalId(REPO, new Observation<>(id, NOW));
      store.repos().remember(everybody, NOW);
    }

    ImportResult result = importCache();

    assertThat(result.added()).isEqualTo(1);
    try (FsStore store = StoredRepo.open(data)) {
      assertThat(store.repos().internalId(REPO)).hasValue(id);
      assertThat(store.readOnly().manifest(REPO, FIRST).orElseThrow().complete()).isTrue();
      assertThat(store.repos().confirmedAt(everybody)).as("who may read it now").isEmpty();
    }
  }

  @Test
  void a_list_of_the_hub_proves_nothing_once_another_repo_has_the_name() throws Exception {
    StoredRepo.put(data, FIRST, StoredRepo.files(), Set.of("model.safetensors"));
    try (FsStore store = StoredRepo.open(data)) {
      store.repos().putInternalId(REPO, new Observation<>("0123456789abcdef01234567", NOW));
      CachedFiles folder = new CacheFolderReader(cache);
      ImportGuard guard = ImportGuard.offline(store.repos(), CLOCK);
      new CacheImport(
              store,
              (repo, provenId, change) -> {
                // As the mirror does at this moment, when it hears of another id.
                store.repos().forgetRepo(repo);
                store.repos().putInternalId(repo, new Observation<>("fedcba9876543210", NOW));
                guard.change(repo, provenId, change);
              },
              TestRepos.budget(),
              CLOCK,
              false,
              (repo, path, bytes) -> {})
          .run(folder, REPO);

      assertThat(store.repos().internalId(REPO)).hasValue(RepoStore.IMPORTED);
    }
  }

  /** Has the list of a commit evicted before one of the files. */
  private record EvictingFolder(CachedFiles folder, Path list, int before) implements CachedFiles {
    @Override
    public List<RepoId> repos() throws IOException {
      return folder.repos();
    }

    @Override
    public List<CommitHash> commits(RepoId repo, Skips skips) throws IOException {
      return folder.commits(repo, skips);
    }

    @Override
    public void files(RepoId repo, CommitHash commit, Receiver to) throws IOException {
      int[] count = new int[1];
      folder.files(
          repo,
          commit,
          new Receiver() {
            @Override
            public void file(CachedFile file) throws IOException {
              if (count[0] == before) {
                Files.delete(list);
              }
              count[0]++;
              to.file(file);
            }

            @Override
            public void reading() {
              to.reading();
            }

            @Override
            public void skipped(Path path, String why) {
              to.skipped(path, why);
            }
          });
    }

    @Override
    public List<CachedRef> refs(RepoId repo, Skips skips) {
      return folder.refs(repo, skips);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void an_import_goes_on_if_the_list_of_its_commit_is_evicted_meanwhile(boolean complete)
      throws Exception {
    for (int before = 0; before < 5; before++) {
      data = tmp.resolve("data-" + before);
      Set<String> absent = Set.of("model.safetensors", "onnx/model.safetensors");
      StoredRepo.put(data, FIRST, StoredRepo.files(), absent, complete);
      Path list;
      try (var files = Files.walk(data)) {
        list = files.filter(f -> f.endsWith("manifest")).findFirst().orElseThrow();
      }
      try (FsStore store = StoredRepo.open(data)) {
        CachedFiles folder = new EvictingFolder(new CacheFolderReader(cache), list, before);
        ImportResult result = importInto(store, folder, false);
        assertThat(result.files()).as("before %d", before).isEqualTo(5);
        assertThat(result.skipped()).isEmpty();
      }
      expectStored(StoredRepo.files());
    }
  }

  @Test
  void the_folders_of_the_files_are_listed_with_gits_id_of_nothing() throws Exception {
    importCache();

    try (FsStore store = StoredRepo.open(data)) {
      Manifest manifest = store.readOnly().manifest(REPO, FIRST).orElseThrow();
      Map<String, String> listed = new TreeMap<>();
      manifest.list(
          Optional.of(new FilePath("onnx")),
          false,
          entry -> listed.put(entry.entry().path().value(), entry.json()));
      assertThat(listed.keySet()).containsExactly("onnx/model.safetensors", "onnx/sub dir");
      assertThat(listed.get("onnx/sub dir"))
          .isEqualTo(
              "{\"type\":\"directory\",\"oid\":\"%s\",\"size\":0,\"path\":\"onnx/sub dir\"}"
                  .formatted("0".repeat(40)));
    }
  }

  @Test
  void nothing_is_imported_unless_it_is_durable_that_the_hub_must_say_which_repo_it_is()
      throws Exception {
    for (int call = 1; ; call++) {
      data = tmp.resolve("data-" + call);
      TestDisk disk = new TestDisk(data);
      try (FsStore store =
          FsStore.open(data, CLOCK, DiskBudgetSettings.DEFAULT, disk, new Random(1))) {
        store.repos().putInternalId(REPO, new Observation<>("0123456789abcdef01234567", NOW));
        disk.fail(call, TestDisk.Fault.IO_ERROR);
        new CacheImport(
                store,
                ImportGuard.offline(store.repos(), CLOCK),
                TestRepos.budget(),
                CLOCK,
                false,
                (repo, path, bytes) -> {
                  // Before anything else is written, which would write the mark again.
                  throw new UncheckedIOException(new IOException("stopped"));
                })
            .run(new CacheFolderReader(cache), REPO);
      } catch (IOException | UncheckedIOException e) {
        assertThat(e.getMessage()).isNotBlank();
      }
      try (FsStore store = StoredRepo.open(data)) {
        if (!store.repos().internalId(REPO).equals(Optional.of(RepoStore.IMPORTED))) {
          assertThat(store.readOnly().manifest(REPO, FIRST)).as("failed at %d", call).isEmpty();
          assertThat(store.readOnly().publishedBytes()).as("failed at %d", call).isZero();
        }
      }
      if (!disk.failed()) {
        break;
      }
    }
  }

  @Test
  void links_that_dangle_or_lead_out_and_unfinished_downloads_are_skipped() throws Exception {
    Path snapshot = layout.snapshot(REPO, FIRST);
    Path secret = Files.writeString(tmp.resolve("secret"), "of somebody else");
    Path outside = layout.blob(REPO, TestBlobs.gitSha1("of somebody else".getBytes()).digest());
    Files.createSymbolicLink(outside, secret);
    Files.createSymbolicLink(
        snapshot.resolve("outside.txt"), Path.of("../../blobs/" + outside.getFileName()));
    Files.createSymbolicLink(snapshot.resolve("direct.txt"), secret);
    Files.createSymbolicLink(
        snapshot.resolve("dangling.txt"), Path.of("../../blobs/" + "a".repeat(40)));
    Files.createSymbolicLink(snapshot.resolve("ref.txt"), Path.of("../../refs/main"));
    Files.createSymbolicLink(snapshot.resolve("folder"), Path.of("/etc"));
    Files.writeString(snapshot.resolve("plain.txt"), "of a client without links");
    Files.write(layout.blobs(REPO).resolve("b".repeat(64) + ".1234abcd.incomplete"), new byte[9]);
    Files.createDirectories(cache.resolve(".locks/models--acme--tiny"));
    Files.writeString(cache.resolve(".locks/models--acme--tiny/x.lock"), "");
    Files.createDirectories(layout.repo(REPO).resolve(".no_exist/" + FIRST));
    Files.writeString(layout.repo(REPO).resolve(".no_exist/" + FIRST + "/nope.json"), "");

    ImportResult result = importCache();

    assertThat(result.files()).isEqualTo(5);
    assertThat(result.skipped())
        .extracting(s -> snapshot.relativize(s.path()).toString(), ImportResult.SkippedFile::why)
        .containsExactlyInAnyOrder(
            tuple("outside.txt", "it is a link that leads out of the folder"),
            tuple("direct.txt", "it is a link that leads out of the folder"),
            tuple("folder", "it is a link that leads out of the folder"),
            tuple("dangling.txt", "it is a link to a file that does not exist"),
            tuple("ref.txt", "it does not lead to a blob of its repo"),
            tuple("plain.txt", "the client's list of the commit does not have it"));
    expectStored(StoredRepo.files());
    assertThat(CacheFiles.names(data)).noneMatch(n -> n.contains(outside.getFileName().toString()));
  }

  @Test
  void blobs_that_a_client_shares_between_repos_are_found() throws Exception {
    Path shared = cache.resolve("blobs/ab/ab" + "0".repeat(62));
    Files.createDirectories(shared.getParent());
    Files.writeString(cache.resolve("blobs/.huggingface-shared-blobs"), "1\n");
    Path own = blob("model.safetensors");
    Files.move(own, shared);
    Files.createSymbolicLink(own, own.getParent().relativize(shared));

    assertThat(importCache().skipped()).isEmpty();
    expectStored(StoredRepo.files());
  }

  @Test
  void a_download_to_a_plain_folder_is_imported_by_what_the_client_noted() throws Exception {
    Path local = tmp.resolve("local");
    for (Map.Entry<String, byte[]> file : StoredRepo.files().entrySet()) {
      Path noted = local.resolve(".cache/huggingface/download/" + file.getKey() + ".metadata");
      Files.createDirectories(noted.getParent());
      String etag = StoredRepo.blob(file.getKey(), file.getValue()).digest().hex();
      Files.writeString(noted, FIRST + "\n" + etag + "\n1769428800.25\n");
      Files.createDirectories(local.resolve(file.getKey()).getParent());
      Files.write(local.resolve(file.getKey()), file.getValue());
    }
    Files.writeString(local.resolve("config.json"), "changed by the user");
    Files.delete(local.resolve("onnx/model.safetensors"));
    Files.writeString(local.resolve("notes.txt"), "of the user");

    ImportResult result;
    try (FsStore store = StoredRepo.open(data)) {
      result =
          importInto(store, new LocalFolderReader(local, REPO, Optional.of(Revision.MAIN)), false);
    }

    assertThat(result.files()).isEqualTo(3);
    assertThat(result.skipped())
        .singleElement()
        .satisfies(s -> assertThat(s.path()).endsWithRaw(Path.of("config.json")));
    assertThat(result.revisions()).containsExactly(Revision.MAIN);
    Map<String, byte[]> good = StoredRepo.files();
    good.keySet().removeAll(Set.of("config.json", "onnx/model.safetensors"));
    expectStored(good);
  }

  @Test
  void what_the_store_has_observed_itself_stays() throws Exception {
    Map<String, byte[]> other = StoredRepo.files();
    other.put("config.json", "{}".getBytes());
    StoredRepo.put(data, FIRST, other, Set.of());
    StoredRepo.put(data, SECOND, StoredRepo.files(), Set.of());

    ImportResult result = importCache();

    assertThat(result.skipped())
        .singleElement()
        .satisfies(s -> assertThat(s.why()).contains("names another content for config.json"));
    assertThat(result.revisions()).isEmpty();
    try (FsStore store = StoredRepo.open(data)) {
      assertThat(store.readOnly().revisions(REPO))
          .extracting(seen -> seen.commit().value())
          .containsExactly(SECOND);
      assertThat(store.readOnly().manifest(REPO, FIRST).orElseThrow().complete()).isTrue();
    }
  }

  @Test
  void a_revision_is_as_old_as_the_client_noted_it_and_never_from_the_future() throws Exception {
    Path ref = layout.ref(REPO, Revision.MAIN);
    Files.setLastModifiedTime(ref, FileTime.from(NOW.minus(Duration.ofDays(30))));
    Path later = Files.copy(ref, ref.resolveSibling("v1"));
    Files.setLastModifiedTime(later, FileTime.from(NOW.plus(Duration.ofDays(1))));
    Files.writeString(ref.resolveSibling("broken"), "no commit");
    Files.writeString(ref.resolveSibling("empty"), SECOND.hex());

    importCache();

    try (FsStore store = StoredRepo.open(data)) {
      assertThat(store.readOnly().revisions(REPO))
          .extracting(ObservedRevision::revision, seen -> seen.commit().learnedAt())
          .containsExactlyInAnyOrder(
              tuple(Revision.MAIN, NOW.minus(Duration.ofDays(30))), tuple(new Revision("v1"), NOW));
    }
  }

  @Test
  void a_hard_link_takes_no_space_and_is_verified_too() throws Exception {
    byte[] bytes = Files.readAllBytes(blob("onnx/model.safetensors"));
    bytes[0] ^= 1;
    Files.write(blob("onnx/model.safetensors"), bytes);
    try (FsStore store = StoredRepo.open(data)) {
      ImportResult result = importInto(store, new CacheFolderReader(cache), true);

      assertThat(result.files()).isEqualTo(4);
      assertThat(result.skippedCount()).isEqualTo(1);
      Path stored =
          store
              .readOnly()
              .file(
                  REPO,
                  StoredRepo.blob("model.safetensors", StoredRepo.files().get("model.safetensors")))
              .orElseThrow();
      assertThat(Files.isSameFile(stored, blob("model.safetensors"))).isTrue();
    }
    assertThat(blob("onnx/model.safetensors")).exists();
  }

  @Test
  @Tag("slow")
  void an_import_that_is_killed_anywhere_is_continued() throws Exception {
    for (int call = 1; ; call++) {
      data = tmp.resolve("data-" + call);
      TestDisk disk = new TestDisk(data);
      boolean killed = false;
      FsStore store = FsStore.open(data, CLOCK, DiskBudgetSettings.DEFAULT, disk, new Random(1));
      disk.fail(call, TestDisk.Fault.KILLED);
      try {
        importInto(store, new CacheFolderReader(cache), false);
      } catch (Error e) {
        assertThat(e).hasMessage("killed");
        killed = true;
      }
      store.release();
      if (!killed) {
        break;
      }
      ImportResult again = importCache();
      assertThat(again.files()).as("killed at call %d", call).isEqualTo(5);
      expectStored(StoredRepo.files());
      assertThat(data.resolve("quarantine")).isEmptyDirectory();
      assertThat(data.resolve("partial")).isEmptyDirectory();
    }
  }

  @Test
  @Tag("slow")
  void a_store_that_cannot_write_keeps_what_is_whole_and_the_next_import_continues()
      throws Exception {
    for (int call = 1; ; call += 3) {
      data = tmp.resolve("data-" + call);
      TestDisk disk = new TestDisk(data);
      boolean failed = false;
      try (FsStore store =
          FsStore.open(data, CLOCK, DiskBudgetSettings.DEFAULT, disk, new Random(1))) {
        disk.fail(call, TestDisk.Fault.DISK_FULL);
        importInto(store, new CacheFolderReader(cache), false);
      } catch (IOException e) {
        failed = true;
      }
      if (!disk.failed()) {
        break;
      }
      ImportResult again = importCache();
      assertThat(again.files()).as("failed %s at call %d", failed, call).isEqualTo(5);
      expectStored(StoredRepo.files());
    }
  }

  @Test
  void repos_of_a_folder_are_found_by_type() throws Exception {
    Files.createDirectories(cache.resolve("datasets--acme--data/snapshots/" + SECOND));
    Files.createDirectories(cache.resolve("models--gpt2"));
    Files.createDirectories(cache.resolve("kernels--acme--k"));
    Files.createDirectories(cache.resolve("models--..--x"));

    assertThat(new CacheFolderReader(cache).repos())
        .extracting(RepoId::toString)
        .containsExactly("model acme/tiny", "model gpt2", "dataset acme/data", "kernel acme/k");
  }
}
