package io.intrahub.cachefolder;

import static io.intrahub.cachefolder.StoredRepo.FIRST;
import static io.intrahub.cachefolder.StoredRepo.REPO;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.cachefolder.CacheExport.Method;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.Digest;
import io.intrahub.hub.Revision;
import io.intrahub.store.Manifest;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.MemoryFolder;
import io.intrahub.store.fs.ReadOnlyStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The lists of a commit's files that an export writes, and what they are worth to an import. */
class CommitListExportTest {
  private static final PathPatterns SOME = PathPatterns.of(List.of("*.safetensors"), List.of());

  @TempDir(factory = MemoryFolder.class)
  Path tmp;

  private final Map<String, byte[]> files = StoredRepo.files();
  private Path data;
  private CacheLayout layout;
  private Path tree;
  private Path known;

  @BeforeEach
  void store() throws Exception {
    data = tmp.resolve("data");
    layout = new CacheLayout(tmp.resolve("hub"));
    tree = layout.tree(REPO, FIRST);
    known = layout.knownFiles(REPO, FIRST);
    StoredRepo.put(data, FIRST, files, Set.of());
  }

  private static FolderWriter writer(boolean links) {
    return links ? new JdkFolderWriter() : FaultyWriter.withoutLinks();
  }

  private static void export(Path data, Path cache, PathPatterns files, FolderWriter writer)
      throws Exception {
    try (CacheExport export =
        CacheExport.open(
            ReadOnlyStore.open(data), cache, Method.COPY, (repo, path, bytes) -> {}, writer)) {
      assertThat(export.export(REPO, Revision.MAIN, files))
          .isInstanceOf(ExportResult.Exported.class);
    }
  }

  private void export(PathPatterns files, boolean links) throws Exception {
    export(data, layout.root(), files, writer(links));
  }

  private ImportResult importInto(Path other) throws Exception {
    try (FsStore store = StoredRepo.open(other)) {
      return StoredRepo.importInto(store, new CacheFolderReader(layout.root()));
    }
  }

  private static void expectStored(Path data, Map<String, byte[]> expected) throws Exception {
    try (FsStore store = StoredRepo.open(data)) {
      Manifest manifest = store.readOnly().manifest(REPO, FIRST).orElseThrow();
      StoredRepo.expectFiles(store, manifest, expected);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void a_whole_snapshot_has_the_list_that_clients_keep(boolean links) throws Exception {
    export(PathPatterns.ALL, links);

    JsonNode list = JsonMapper.shared().readTree(Files.readAllBytes(tree));
    assertThat(list.get("format_version").asInt()).isEqualTo(1);
    assertThat(list.get("files").propertyNames()).containsExactlyElementsOf(files.keySet());
    files.forEach((path, content) -> {
      JsonNode file = list.get("files").get(path);
      BlobId blob = StoredRepo.blob(path, content);
      assertThat(file.get("size").asLong()).isEqualTo(content.length);
      if (blob.digest() instanceof Digest.Sha256 sha256) {
        assertThat(file.propertyNames())
            .containsExactly("size", "blob_id", "lfs_sha256", "lfs_size");
        assertThat(file.get("blob_id").asString()).hasSize(40);
        assertThat(file.get("lfs_sha256").asString()).isEqualTo(sha256.hex());
        assertThat(file.get("lfs_size").asLong()).isEqualTo(content.length);
      } else {
        assertThat(file.propertyNames()).containsExactly("size", "blob_id");
        assertThat(file.get("blob_id").asString()).isEqualTo(blob.digest().hex());
      }
    });
    assertThat(known).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void clients_get_no_list_of_a_snapshot_that_lacks_files(boolean links) throws Exception {
    export(SOME, links);

    assertThat(tree).doesNotExist();
    assertThat(Files.exists(known)).as("what an import needs").isEqualTo(!links);

    // Together they are all.
    export(PathPatterns.of(List.of(), List.of("*.safetensors")), links);
    assertThat(tree).exists();
    assertThat(known).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void clients_get_no_list_of_a_commit_of_which_not_all_files_are_known(boolean links)
      throws Exception {
    data = tmp.resolve("imported");
    StoredRepo.put(data, FIRST, files, Set.of(), false);

    export(PathPatterns.ALL, links);

    assertThat(tree).doesNotExist();
  }

  @Test
  void the_list_of_a_client_stays_and_a_wrong_one_is_replaced() throws Exception {
    export(PathPatterns.ALL, true);
    String clients =
        Files.readString(tree).replace("\"lfs_size\"", "\"xet_hash\":\"x\",\"lfs_size\"");
    Files.writeString(tree, clients);

    export(PathPatterns.ALL, true);
    assertThat(tree).hasContent(clients);

    for (String wrong :
        List.of(
            "",
            clients.replaceFirst("[0-9a-f]{40}", "0".repeat(40)),
            clients.replace("empty", "e"),
            firstInPlaceOfSecond(clients))) {
      Files.writeString(tree, wrong);
      export(PathPatterns.ALL, true);
      assertThat(Files.readString(tree))
          .isEqualTo(clients.replace("\"xet_hash\":\"x\",\"lfs_size\"", "\"lfs_size\""));
    }
  }

  /** As many files as there are, and each is right; but one is there twice, and one is missing. */
  private static String firstInPlaceOfSecond(String list) {
    List<String> entries =
        Pattern.compile("\"[^\"]+\":\\{\"size\"[^}]*}")
            .matcher(list)
            .results()
            .map(MatchResult::group)
            .toList();
    return list.replace(entries.get(1), entries.getFirst());
  }

  @Test
  void what_was_exported_without_links_is_imported_and_exported_with_links_is_the_same()
      throws Exception {
    export(PathPatterns.ALL, false);
    Path other = tmp.resolve("other");

    assertThat(importInto(other).skipped()).isEmpty();

    expectStored(other, files);
    CacheLayout direct = new CacheLayout(tmp.resolve("direct"));
    export(data, direct.root(), PathPatterns.ALL, new JdkFolderWriter());
    CacheLayout again = new CacheLayout(tmp.resolve("again"));
    export(other, again.root(), PathPatterns.ALL, new JdkFolderWriter());
    assertThat(CacheFiles.names(again.blobs(REPO))).isEqualTo(CacheFiles.names(direct.blobs(REPO)));
    CacheFiles.expect(again.snapshot(REPO, FIRST), files);
  }

  @Test
  void a_part_of_a_commit_and_an_imported_one_keep_their_digests_without_links() throws Exception {
    export(SOME, false);
    Path second = tmp.resolve("second");
    assertThat(importInto(second).skipped()).isEmpty();
    files.keySet().removeIf(path -> !path.endsWith(".safetensors"));
    expectStored(second, files);

    layout = new CacheLayout(tmp.resolve("second stick"));
    export(second, layout.root(), PathPatterns.ALL, FaultyWriter.withoutLinks());
    Path third = tmp.resolve("third");
    assertThat(importInto(third).skipped()).isEmpty();
    expectStored(third, files);
  }

  @Test
  void a_file_that_a_client_adds_to_a_part_of_a_commit_is_imported_too() throws Exception {
    export(SOME, false);
    Files.write(layout.snapshot(REPO, FIRST).resolve("config.json"), files.get("config.json"));
    Path other = tmp.resolve("other");

    assertThat(importInto(other).files()).isEqualTo(3);

    files.keySet().removeIf(path -> !path.endsWith(".safetensors") && !path.equals("config.json"));
    expectStored(other, files);
  }
}
