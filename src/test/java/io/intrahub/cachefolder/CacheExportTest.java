package io.intrahub.cachefolder;

import static io.intrahub.cachefolder.StoredRepo.FIRST;
import static io.intrahub.cachefolder.StoredRepo.REPO;
import static io.intrahub.cachefolder.StoredRepo.SECOND;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.intrahub.cachefolder.CacheExport.Method;
import io.intrahub.hub.Revision;
import io.intrahub.store.TestBlobs;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.MemoryFolder;
import io.intrahub.store.fs.ReadOnlyStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CacheExportTest {
  @TempDir(factory = MemoryFolder.class)
  Path tmp;

  private Path data;
  private Path cache;
  private CacheLayout layout;

  @BeforeEach
  void store() throws Exception {
    data = tmp.resolve("data");
    cache = tmp.resolve("hub");
    layout = new CacheLayout(cache);
    StoredRepo.put(data, FIRST, StoredRepo.files(), Set.of());
  }

  private ExportResult export(Revision revision, PathPatterns files, FolderWriter writer)
      throws Exception {
    return export(revision, files, Method.COPY, writer);
  }

  private ExportResult export(
      Revision revision, PathPatterns files, Method method, FolderWriter writer) throws Exception {
    try (CacheExport export =
        CacheExport.open(
            ReadOnlyStore.open(data), cache, method, (repo, path, bytes) -> {}, writer)) {
      return export.export(REPO, revision, files);
    }
  }

  private ExportResult.Exported exportMain() throws Exception {
    return (ExportResult.Exported) export(Revision.MAIN, PathPatterns.ALL, new JdkFolderWriter());
  }

  @Test
  void a_folder_has_the_form_that_clients_read() throws Exception {
    ExportResult.Exported done = exportMain();

    assertThat(done.present()).isEqualTo(5);
    assertThat(done.missing()).isEmpty();
    CacheFiles.expect(layout.snapshot(REPO, FIRST), StoredRepo.files());
    Path repo = cache.resolve("models--acme--tiny");
    assertThat(repo.resolve("refs/main")).hasContent("1".repeat(40)).hasSize(40);
    Path link = repo.resolve("snapshots/" + FIRST + "/onnx/sub dir/f#1 é.json");
    String etag =
        StoredRepo.blob("f.json", StoredRepo.files().get("onnx/sub dir/f#1 é.json")).digest().hex();
    assertThat(Files.readSymbolicLink(link)).hasToString("../../../../blobs/" + etag);
    assertThat(CacheFiles.names(repo.resolve("blobs")))
        .containsExactlyInAnyOrderElementsOf(
            StoredRepo.files().entrySet().stream()
                .map(f -> StoredRepo.blob(f.getKey(), f.getValue()).digest().hex())
                .toList());
    assertThat(CacheFiles.names(repo)).noneMatch(name -> name.contains("intrahub"));
  }

  @Test
  void the_same_export_again_adds_nothing_and_changes_no_file() throws Exception {
    exportMain();
    List<String> before = CacheFiles.names(cache);
    Path blob = layout.blobs(REPO).resolve(TestBlobs.gitSha1(new byte[0]).digest().hex());
    Object key = Files.readAttributes(blob, "unix:ino").get("ino");

    ExportResult.Exported again = exportMain();

    assertThat(again.added()).isZero();
    assertThat(again.present()).isEqualTo(5);
    assertThat(CacheFiles.names(cache)).isEqualTo(before);
    assertThat(Files.readAttributes(blob, "unix:ino")).containsEntry("ino", key);
  }

  @Test
  void patterns_choose_files_and_a_later_export_adds_the_others() throws Exception {
    PathPatterns some = PathPatterns.of(List.of("*.safetensors"), List.of("onnx/"));
    export(Revision.MAIN, some, new JdkFolderWriter());
    assertThat(CacheFiles.snapshot(layout.snapshot(REPO, FIRST)))
        .containsOnlyKeys("model.safetensors");

    assertThat(exportMain().added()).isEqualTo(4);
    CacheFiles.expect(layout.snapshot(REPO, FIRST), StoredRepo.files());
  }

  @Test
  void what_is_not_stored_is_named_and_the_rest_is_exported() throws Exception {
    Map<String, byte[]> files = StoredRepo.files();
    files.put("new.safetensors", TestBlobs.bytes(9, 5_000));
    StoredRepo.put(data, SECOND, files, Set.of("new.safetensors"));

    ExportResult.Exported done = exportMain();

    assertThat(done.missing()).singleElement().asString().contains("new.safetensors", "not stored");
    assertThat(done.missingCount()).isEqualTo(1);
    assertThat(layout.ref(REPO, Revision.MAIN)).hasContent("2".repeat(40));
    CacheFiles.expect(layout.snapshot(REPO, SECOND), StoredRepo.files());
  }

  @Test
  void a_ref_does_not_move_to_a_commit_that_lacks_a_file_of_the_one_before() throws Exception {
    exportMain();
    Map<String, byte[]> files = StoredRepo.files();
    files.put("model.safetensors", TestBlobs.bytes(7, 300_000));
    StoredRepo.put(data, SECOND, files, Set.of("model.safetensors"));

    ExportResult.Exported partial = exportMain();
    assertThat(partial.refKept()).isTrue();
    assertThat(layout.ref(REPO, Revision.MAIN)).hasContent("1".repeat(40));

    StoredRepo.put(data, SECOND, files, Set.of());
    assertThat(exportMain().refKept()).isFalse();
    assertThat(layout.ref(REPO, Revision.MAIN)).hasContent("2".repeat(40));
    CacheFiles.expect(layout.snapshot(REPO, SECOND), files);
  }

  @Test
  void a_ref_does_not_move_to_a_commit_of_which_only_some_files_are_included() throws Exception {
    exportMain();
    Map<String, byte[]> files = StoredRepo.files();
    files.put("config.json", "{}".getBytes());
    files.remove("empty.txt");
    StoredRepo.put(data, SECOND, files, Set.of());

    PathPatterns some = PathPatterns.of(List.of("*.safetensors"), List.of());
    assertThat(export(Revision.MAIN, some, new JdkFolderWriter()))
        .isInstanceOfSatisfying(
            ExportResult.Exported.class, done -> assertThat(done.refKept()).isTrue());
    assertThat(layout.ref(REPO, Revision.MAIN)).hasContent("1".repeat(40));

    assertThat(exportMain().refKept()).as("the Hub's list lacks empty.txt").isFalse();
    assertThat(layout.ref(REPO, Revision.MAIN)).hasContent("2".repeat(40));
  }

  @Test
  void what_was_imported_counts_as_incomplete_and_moves_no_ref() throws Exception {
    exportMain();
    byte[] config = "{}".getBytes();
    StoredRepo.put(data, SECOND, Map.of("config.json", config), Set.of(), false);

    ExportResult.Exported partial = exportMain();

    assertThat(partial.listed()).isFalse();
    assertThat(partial.refKept()).isTrue();
    assertThat(layout.ref(REPO, Revision.MAIN)).hasContent("1".repeat(40));
    CacheFiles.expect(layout.snapshot(REPO, SECOND), Map.of("config.json", config));

    Map<String, byte[]> files = StoredRepo.files();
    files.put("config.json", config);
    StoredRepo.put(data, SECOND, files, Set.of());
    assertThat(exportMain())
        .satisfies(
            done -> assertThat(done.listed()).isTrue(),
            done -> assertThat(done.refKept()).isFalse());
    assertThat(layout.ref(REPO, Revision.MAIN)).hasContent("2".repeat(40));
  }

  @Test
  void a_damaged_file_of_the_store_is_not_exported() throws Exception {
    Path blob = data.resolve("blobs/sha256");
    try (Stream<Path> all = Files.walk(blob)) {
      for (Path file : all.filter(f -> Files.isRegularFile(f)).toList()) {
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 1;
        Files.delete(file);
        Files.write(file, bytes);
      }
    }

    ExportResult.Exported done = exportMain();

    assertThat(done.missing())
        .extracting(m -> m.path().value(), ExportResult.MissingFile::why)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple(
                "model.safetensors", "its copy in the store is damaged"),
            org.assertj.core.groups.Tuple.tuple(
                "onnx/model.safetensors", "its copy in the store is damaged"));
    assertThat(CacheFiles.names(layout.blobs(REPO)))
        .hasSize(3)
        .noneMatch(n -> n.contains("incompl"));
  }

  @Test
  void one_file_that_cannot_be_written_is_named_and_the_rest_is_exported() throws Exception {
    Path taken =
        layout.blob(
            REPO, StoredRepo.blob("f.json", StoredRepo.files().get("config.json")).digest());
    Files.createDirectories(taken.resolve("by somebody else"));

    ExportResult.Exported done = exportMain();

    assertThat(done.missing())
        .singleElement()
        .satisfies(
            m -> assertThat(m.path().value()).isEqualTo("config.json"),
            m -> assertThat(m.why()).contains("can't be written", taken.toString()));
    Map<String, byte[]> rest = StoredRepo.files();
    rest.remove("config.json");
    CacheFiles.expect(layout.snapshot(REPO, FIRST), rest);
  }

  @Test
  void a_list_of_files_that_is_damaged_stops_the_export_of_its_repo_only() throws Exception {
    try (Stream<Path> all = Files.walk(data.resolve("repos"))) {
      for (Path file : all.filter(f -> f.toString().contains("manifest")).toList()) {
        if (Files.isRegularFile(file)) {
          Files.write(file, new byte[100]);
        }
      }
    }

    assertThat(export(Revision.MAIN, PathPatterns.ALL, new JdkFolderWriter()))
        .isInstanceOfSatisfying(
            ExportResult.NotExported.class,
            r -> assertThat(r.why()).contains("list of its files can't be read"));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void content_that_is_there_is_believed_by_its_digest_and_not_by_its_size(boolean links)
      throws Exception {
    FolderWriter writer = links ? new JdkFolderWriter() : FaultyWriter.withoutLinks();
    export(Revision.MAIN, PathPatterns.ALL, writer);
    Path model = layout.snapshot(REPO, FIRST).resolve("model.safetensors").toRealPath();
    Files.write(model, new byte[300_000]);

    ExportResult.Exported again =
        (ExportResult.Exported) export(Revision.MAIN, PathPatterns.ALL, writer);

    assertThat(again.added()).isEqualTo(1);
    CacheFiles.expect(layout.snapshot(REPO, FIRST), StoredRepo.files());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "models--acme--tiny",
        "models--acme--tiny/blobs",
        "models--acme--tiny/snapshots",
        "models--acme--tiny/refs",
        "models--acme--tiny/trees",
        "models--acme--tiny/.intrahub-export",
        "models--acme--tiny/snapshots/1111111111111111111111111111111111111111",
        "models--acme--tiny/snapshots/1111111111111111111111111111111111111111/onnx"
      })
  void a_link_in_the_place_of_a_folder_leads_no_file_out_of_the_cache_folder(String name)
      throws Exception {
    Path outside = Files.createDirectories(tmp.resolve("outside"));
    Path link = cache.resolve(name);
    Files.createDirectories(link.getParent());
    Files.createSymbolicLink(link, outside);

    ExportResult result = export(Revision.MAIN, PathPatterns.ALL, new JdkFolderWriter());

    assertThat(outside).isEmptyDirectory();
    assertThat(result.toString()).contains("is a link in the place of a folder");
  }

  @Test
  void content_outside_of_the_cache_folder_is_not_taken_for_an_exported_file() throws Exception {
    byte[] config = StoredRepo.files().get("config.json");
    Path outside = Files.write(tmp.resolve("config.json"), config);
    Path blob = layout.blob(REPO, StoredRepo.blob("f.json", config).digest());
    Files.createDirectories(blob.getParent());
    Files.createSymbolicLink(blob, outside);

    exportMain();

    assertThat(blob).isRegularFile();
    assertThat(Files.isSymbolicLink(blob)).isFalse();
    assertThat(outside).hasBinaryContent(config);
  }

  @Test
  void a_mirror_may_have_the_store_open_meanwhile() throws Exception {
    try (FsStore running = StoredRepo.open(data)) {
      assertThat(exportMain().present()).isEqualTo(5);
      byte[] small = TestBlobs.bytes(2, 1_000);
      assertThat(TestBlobs.read(running, REPO, TestBlobs.gitSha1(small))).hasValue(small);
    }
  }

  @Test
  void a_commit_gets_no_ref() throws Exception {
    export(FIRST.asRevision(), PathPatterns.ALL, new JdkFolderWriter());

    CacheFiles.expect(layout.snapshot(REPO, FIRST), StoredRepo.files());
    assertThat(layout.refs(REPO)).doesNotExist();
  }

  @Test
  void a_revision_that_is_not_stored_is_refused_with_those_that_are() throws Exception {
    ExportResult result = export(new Revision("v1"), PathPatterns.ALL, new JdkFolderWriter());

    assertThat(result)
        .isInstanceOfSatisfying(
            ExportResult.NotExported.class, r -> assertThat(r.why()).endsWith("but main"));
    assertThat(layout.repo(REPO)).doesNotExist();
  }

  @Test
  void without_symbolic_links_each_snapshot_has_files_of_its_own() throws Exception {
    export(Revision.MAIN, PathPatterns.ALL, FaultyWriter.withoutLinks());

    Path snapshot = layout.snapshot(REPO, FIRST);
    CacheFiles.expect(snapshot, StoredRepo.files());
    assertThat(Files.isSymbolicLink(snapshot.resolve("config.json"))).isFalse();
    assertThat(layout.blobs(REPO)).doesNotExist();
  }

  @Test
  void hard_links_take_no_space() throws Exception {
    export(Revision.MAIN, PathPatterns.ALL, Method.HARD_LINK, new JdkFolderWriter());

    CacheFiles.expect(layout.snapshot(REPO, FIRST), StoredRepo.files());
    String etag = TestBlobs.sha256(TestBlobs.bytes(1, 300_000)).digest().hex();
    assertThat(
            Files.isSameFile(
                layout.blobs(REPO).resolve(etag),
                data.resolve("blobs/sha256").resolve(etag.substring(0, 2)).resolve(etag)))
        .isTrue();
  }

  @Test
  void hard_links_between_file_systems_end_the_export_with_what_to_do(@TempDir Path disk)
      throws Exception {
    assumeThat(Files.getFileStore(disk)).isNotEqualTo(Files.getFileStore(data));
    cache = disk.resolve("hub");
    layout = new CacheLayout(cache);

    assertThatThrownBy(
            () -> export(Revision.MAIN, PathPatterns.ALL, Method.HARD_LINK, new JdkFolderWriter()))
        .isInstanceOf(IOException.class)
        .hasMessageContainingAll("different file systems", "leave --link out");
  }

  @Test
  void two_exports_at_a_time_do_not_write_to_one_folder() throws Exception {
    ReadOnlyStore store = ReadOnlyStore.open(data);
    try (CacheExport _ = CacheExport.open(store, cache, Method.COPY, (repo, path, bytes) -> {})) {
      assertThatThrownBy(() -> exportMain()).hasMessageContaining("another export is writing");
    }
    assertThat(exportMain().present()).isEqualTo(5);
  }

  /** What a client may find at any moment: nothing, or all of it under names that are whole. */
  private void expectNothingHalf(Map<String, byte[]> files) throws Exception {
    Map<String, byte[]> found = CacheFiles.snapshot(layout.snapshot(REPO, FIRST));
    if (!found.isEmpty()) {
      CacheFiles.expect(layout.snapshot(REPO, FIRST), files);
    }
    if (Files.exists(layout.ref(REPO, Revision.MAIN))) {
      assertThat(layout.ref(REPO, Revision.MAIN)).hasContent(FIRST.hex());
      assertThat(found).isNotEmpty();
    }
    if (Files.isDirectory(layout.blobs(REPO))) {
      List<String> right = new ArrayList<>();
      files.forEach((path, content) -> right.add(StoredRepo.blob(path, content).digest().hex()));
      for (String name : CacheFiles.names(layout.blobs(REPO))) {
        if (!name.endsWith(".incomplete")) {
          assertThat(right).contains(name);
        }
      }
    }
  }

  @ParameterizedTest
  @Tag("slow")
  @ValueSource(booleans = {true, false})
  void an_export_that_is_killed_anywhere_shows_nothing_half_and_is_continued(boolean links)
      throws Exception {
    Map<String, byte[]> files = StoredRepo.files();
    for (int call = 1; ; call++) {
      cache = tmp.resolve("hub-" + links + call);
      layout = new CacheLayout(cache);
      FaultyWriter killed = FaultyWriter.killedAt(call);
      if (!links) {
        killed = killed.alsoWithoutLinks();
      }
      try {
        export(Revision.MAIN, PathPatterns.ALL, killed);
        break;
      } catch (FaultyWriter.Killed e) {
        expectNothingHalf(files);
      }
      ExportResult.Exported done =
          (ExportResult.Exported)
              export(
                  Revision.MAIN,
                  PathPatterns.ALL,
                  links ? new JdkFolderWriter() : FaultyWriter.withoutLinks());
      assertThat(done.present()).as("killed at call %d", call).isEqualTo(5);
      CacheFiles.expect(layout.snapshot(REPO, FIRST), files);
      assertThat(layout.ref(REPO, Revision.MAIN)).hasContent(FIRST.hex());
      assertThat(CacheFiles.names(layout.repo(REPO))).noneMatch(n -> n.contains("intrahub"));
    }
  }

  @Test
  @Tag("slow")
  void an_export_that_adds_to_a_snapshot_survives_a_kill_anywhere() throws Exception {
    PathPatterns some = PathPatterns.of(List.of("onnx/*"), List.of());
    for (int call = 1; ; call++) {
      cache = tmp.resolve("hub-" + call);
      layout = new CacheLayout(cache);
      export(Revision.MAIN, some, new JdkFolderWriter());
      Map<String, byte[]> before = CacheFiles.snapshot(layout.snapshot(REPO, FIRST));
      assertThat(before).hasSize(2);
      try {
        export(Revision.MAIN, PathPatterns.ALL, FaultyWriter.killedAt(call));
        break;
      } catch (FaultyWriter.Killed e) {
        Map<String, byte[]> found = CacheFiles.snapshot(layout.snapshot(REPO, FIRST));
        assertThat(found.keySet()).containsAll(before.keySet());
        found.forEach((path, content) ->
            assertThat(content).as(path).isEqualTo(StoredRepo.files().get(path)));
      }
      exportMain();
      CacheFiles.expect(layout.snapshot(REPO, FIRST), StoredRepo.files());
      assertThat(CacheFiles.names(layout.repo(REPO))).noneMatch(n -> n.contains("intrahub"));
    }
  }

  @Test
  @Tag("slow")
  void a_full_disk_leaves_what_is_complete_and_the_next_export_continues() throws Exception {
    for (int call = 5; ; call++) {
      cache = tmp.resolve("hub-" + call);
      layout = new CacheLayout(cache);
      try {
        export(Revision.MAIN, PathPatterns.ALL, FaultyWriter.failingAt(call));
        break;
      } catch (IOException e) {
        assertThat(e).hasMessageContaining("No space left");
        expectNothingHalf(StoredRepo.files());
      }
      exportMain();
      CacheFiles.expect(layout.snapshot(REPO, FIRST), StoredRepo.files());
    }
  }
}
