package io.intrahub.cachefolder;

import static io.intrahub.cachefolder.StoredRepo.FIRST;
import static io.intrahub.cachefolder.StoredRepo.REPO;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.Digest;
import io.intrahub.hub.Revision;
import io.intrahub.store.Manifest;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.MemoryFolder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Imports of cache folders on file systems without symbolic links. */
class PlainSnapshotTest {
  private static final String ATTRIBUTES = "*.safetensors filter=lfs diff=lfs merge=lfs -text\n";

  @TempDir(factory = MemoryFolder.class)
  Path tmp;

  private final Map<String, byte[]> files = StoredRepo.files();
  private CacheLayout layout;
  private Path snapshot;

  @BeforeEach
  void folder() throws Exception {
    layout = new CacheLayout(tmp.resolve("hub"));
    snapshot = layout.snapshot(REPO, FIRST);
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      write(file.getKey(), file.getValue());
    }
    Files.createDirectories(layout.refs(REPO));
    Files.writeString(layout.ref(REPO, Revision.MAIN), FIRST.hex());
  }

  private void write(String path, byte[] content) throws IOException {
    Path file = snapshot.resolve(path);
    Files.createDirectories(file.getParent());
    Files.write(file, content);
  }

  /** As huggingface_hub 2.4.0 writes it. */
  private void writeTree(Map<String, byte[]> listed) throws IOException {
    StringBuilder json = new StringBuilder("{\n \"format_version\": 1,\n \"files\": {");
    String comma = "";
    for (Map.Entry<String, byte[]> file : new TreeMap<>(listed).entrySet()) {
      BlobId blob = StoredRepo.blob(file.getKey(), file.getValue());
      String name = file.getKey().replace("é", "\\u00e9");
      json.append(comma).append("\n  \"%s\": {\n".formatted(name));
      json.append("   \"size\": %d,\n".formatted(blob.size()));
      if (blob.digest() instanceof Digest.Sha256 sha256) {
        json.append("   \"blob_id\": \"%s\",\n".formatted("f".repeat(40)));
        json.append("   \"lfs_sha256\": \"%s\",\n".formatted(sha256.hex()));
        json.append("   \"lfs_size\": %d,\n".formatted(blob.size()));
        json.append("   \"xet_hash\": \"%s\"\n  }".formatted("e".repeat(64)));
      } else {
        json.append("   \"blob_id\": \"%s\"\n  }".formatted(blob.digest().hex()));
      }
      comma = ",";
    }
    writeTree(json.append("\n }\n}").toString());
  }

  private void writeTree(String json) throws IOException {
    Path tree = layout.tree(REPO, FIRST);
    Files.createDirectories(tree.getParent());
    Files.writeString(tree, json);
  }

  private ImportResult importFolder() throws Exception {
    try (FsStore store = StoredRepo.open(tmp.resolve("data"))) {
      return StoredRepo.importInto(store, new CacheFolderReader(layout.root()));
    }
  }

  /** The store has these files and no others, each under the digest that the Hub names. */
  private void expectStored(Map<String, byte[]> expected) throws Exception {
    try (FsStore store = StoredRepo.open(tmp.resolve("data"))) {
      Manifest manifest = store.readOnly().manifest(REPO, FIRST).orElseThrow();
      StoredRepo.expectFiles(store, manifest, expected);
      Map<String, BlobId> listed = new TreeMap<>();
      manifest.list(
          Optional.empty(),
          true,
          entry ->
              entry
                  .entry()
                  .blob()
                  .ifPresent(blob -> listed.put(entry.entry().path().value(), blob)));
      assertThat(listed).containsOnlyKeys(expected.keySet());
      assertThat(manifest.complete()).as("a client's list is not the Hub's word").isFalse();
    }
  }

  @Test
  void files_have_the_digests_that_the_clients_list_names() throws Exception {
    writeTree(files);

    ImportResult result = importFolder();

    assertThat(result.skipped()).isEmpty();
    assertThat(result.files()).isEqualTo(files.size());
    assertThat(result.revisions()).containsExactly(Revision.MAIN);
    // 2,000 bytes in LFS: nothing but the list says so.
    expectStored(files);
  }

  @Test
  void what_differs_from_the_list_or_is_not_in_it_is_named_and_skipped() throws Exception {
    writeTree(files);
    byte[] damaged = files.get("model.safetensors").clone();
    damaged[7] ^= 1;
    write("model.safetensors", damaged);
    write("config.json", "{}".getBytes(StandardCharsets.UTF_8));
    write("onnx/._config.json", "of another operating system".getBytes(StandardCharsets.UTF_8));
    Files.delete(snapshot.resolve("empty.txt"));

    ImportResult result = importFolder();

    assertThat(result.skipped())
        .extracting(
            s -> snapshot.relativize(s.path()).toString(),
            s -> s.why().contains("damaged") ? "damaged" : s.why())
        .containsExactlyInAnyOrder(
            tuple("model.safetensors", "damaged"),
            tuple("config.json", "damaged"),
            tuple("onnx/._config.json", "the client's list of the commit does not have it"));
    files.keySet().removeIf(path -> path.matches("model.safetensors|config.json|empty.txt"));
    expectStored(files);
  }

  @Test
  void without_a_list_the_attributes_say_which_files_are_in_lfs() throws Exception {
    files.put(".gitattributes", ATTRIBUTES.getBytes(StandardCharsets.UTF_8));
    write(".gitattributes", files.get(".gitattributes"));

    assertThat(importFolder().skipped()).isEmpty();

    expectStored(files);
  }

  @Test
  void without_list_and_attributes_what_is_too_large_for_git_is_in_lfs() throws Exception {
    files.keySet().removeIf(path -> path.endsWith(".safetensors"));
    Files.delete(snapshot.resolve("model.safetensors"));
    Files.delete(snapshot.resolve("onnx/model.safetensors"));
    files.put("large.safetensors", new byte[(10 << 20) + 1]);
    write("large.safetensors", files.get("large.safetensors"));

    assertThat(importFolder().skipped()).isEmpty();

    expectStored(files);
  }

  @Test
  void a_folder_that_was_copied_with_what_its_links_led_to_says_the_digests_by_its_blobs()
      throws Exception {
    Files.createDirectories(layout.blobs(REPO));
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      Digest digest = StoredRepo.blob(file.getKey(), file.getValue()).digest();
      Files.write(layout.blob(REPO, digest), file.getValue());
    }

    assertThat(importFolder().skipped()).isEmpty();

    expectStored(files);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{\"format_version\": 2, \"files\": {}}",
        "{\"format_version\": 1}",
        "{\"format_version\": 1, \"files\": {\"config.json\": {\"size\": 1}}}",
        "{\"format_version\": 1, \"files\": {\"config.json\": {\"size\": 1, \"blob_id\": \"",
        "[]"
      })
  void files_whose_list_is_not_whole_are_skipped_and_named(String json) throws Exception {
    writeTree(json);

    ImportResult result = importFolder();

    assertThat(result.files()).isZero();
    assertThat(result.skipped())
        .hasSize(1 + files.size())
        .anySatisfy(s -> {
          assertThat(s.path()).endsWithRaw(Path.of("trees", FIRST + ".json"));
          assertThat(s.why()).contains("not a usable list of the commit's files");
        })
        .filteredOn(s -> s.path().startsWith(snapshot))
        .hasSize(files.size())
        .allSatisfy(s -> assertThat(s.why()).contains("list of the commit's files"));
  }

  /** Its blob says what it was. */
  @Test
  void a_file_that_is_no_link_any_more_and_has_other_content_than_the_blobs_is_skipped()
      throws Exception {
    files.keySet().removeIf(path -> !path.equals("config.json"));
    byte[] config = files.get("config.json");
    Files.walk(snapshot)
        .filter(file -> Files.isRegularFile(file) && !file.endsWith("config.json"))
        .forEach(file -> assertThat(file.toFile().delete()).isTrue());
    Path blob = layout.blob(REPO, StoredRepo.blob("config.json", config).digest());
    Files.createDirectories(blob.getParent());
    Files.write(blob, config);
    write("config.json", "{\"edited\": true}".getBytes(StandardCharsets.UTF_8));

    ImportResult result = importFolder();

    assertThat(result.files()).isZero();
    assertThat(result.skipped())
        .singleElement()
        .satisfies(s -> assertThat(s.why()).contains("none of the repo's blobs is its content"));
    write("config.json", config);
    assertThat(importFolder().skipped()).isEmpty();
    expectStored(files);
  }

  @Test
  void a_plain_file_among_links_is_used_only_if_the_list_names_its_content() throws Exception {
    byte[] config = files.get("config.json");
    Path blob = layout.blob(REPO, StoredRepo.blob("config.json", config).digest());
    Files.createDirectories(blob.getParent());
    Files.move(snapshot.resolve("config.json"), blob);
    Files.createSymbolicLink(
        snapshot.resolve("config.json"), Path.of("../../blobs/" + blob.getFileName()));

    ImportResult result = importFolder();

    assertThat(result.files()).isEqualTo(1);
    assertThat(result.skipped())
        .hasSize(4)
        .allSatisfy(s -> assertThat(s.why()).contains("its digest is not known"));
    writeTree(files);
    assertThat(importFolder().skipped()).isEmpty();
    expectStored(files);
  }

  @Test
  void neither_files_nor_lists_are_read_through_links() throws Exception {
    writeTree(files);
    Path outside = tmp.resolve("outside");
    Files.move(layout.tree(REPO, FIRST).getParent(), outside);
    Files.createSymbolicLink(layout.tree(REPO, FIRST).getParent(), outside);
    Path elsewhere = layout.repo(REPO).resolve("elsewhere");
    Files.move(snapshot.resolve("onnx"), elsewhere);
    Files.createSymbolicLink(snapshot.resolve("onnx"), Path.of("../../elsewhere"));

    ImportResult result = importFolder();

    assertThat(result.files()).isZero();
    assertThat(result.skipped())
        .extracting(s -> layout.repo(REPO).relativize(s.path()).toString())
        .contains("trees/" + FIRST + ".json", "snapshots/" + FIRST + "/onnx");

    Files.delete(layout.tree(REPO, FIRST).getParent());
    Files.move(outside, layout.tree(REPO, FIRST).getParent());
    assertThat(importFolder().skipped())
        .extracting(s -> snapshot.relativize(s.path()).toString())
        .containsExactlyInAnyOrder("onnx", "onnx/model.safetensors", "onnx/sub dir/f#1 é.json");
    files.keySet().removeIf(path -> path.startsWith("onnx/"));
    expectStored(files);
  }

  @Test
  void the_computation_of_digests_says_that_it_reads() throws Exception {
    int[] parts = new int[1];
    new CacheFolderReader(layout.root())
        .files(
            REPO,
            FIRST,
            new CachedFiles.Receiver() {
              @Override
              public void file(CachedFiles.CachedFile file) {}

              @Override
              public void reading() {
                parts[0]++;
              }

              @Override
              public void skipped(Path path, String why) {
                throw new AssertionError(path + ": " + why);
              }
            });

    assertThat(parts[0]).isGreaterThan(files.size());
  }
}
