package io.intrahub.cachefolder;

import static io.intrahub.cachefolder.StoredRepo.FIRST;
import static io.intrahub.cachefolder.StoredRepo.NOW;
import static io.intrahub.cachefolder.StoredRepo.REPO;
import static io.intrahub.cachefolder.StoredRepo.SECOND;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.base.MemoryBudget;
import io.intrahub.cachefolder.CachedFiles.CachedRef;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.Entry;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.hub.Revision;
import io.intrahub.store.Manifest;
import io.intrahub.store.TestBlobs;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.MemoryFolder;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Imports from the store of Olah. */
class OlahStoreTest {
  private static final RepoId CANONICAL = new RepoId(RepoType.MODEL, "gpt2");
  private static final RepoId DATASET = new RepoId(RepoType.DATASET, "acme/resolve");

  @TempDir(factory = MemoryFolder.class)
  Path tmp;

  private final Map<String, byte[]> files = new TreeMap<>(StoredRepo.files());
  private final MemoryBudget memory = new MemoryBudget(1 << 20, Duration.ZERO);
  private Path folder;

  @BeforeEach
  void folder() throws Exception {
    folder = Files.createDirectory(tmp.resolve("olah"));
  }

  private OlahStoreWriter write(int compression) throws Exception {
    OlahStoreWriter olah = new OlahStoreWriter(folder, compression);
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      BlobId blob = StoredRepo.blob(file.getKey(), file.getValue());
      olah.put(olah.entry(REPO, FIRST, file.getKey()), blob.digest().etag(), file.getValue());
    }
    resolved(olah, "main");
    return olah;
  }

  private static void resolved(OlahStoreWriter olah, String revision) throws Exception {
    olah.answer(
        REPO,
        revision,
        "resolved_commit.json",
        FIRST.hex().getBytes(StandardCharsets.US_ASCII),
        NOW.minusSeconds(60));
  }

  private OlahStoreReader reader() throws Exception {
    return new OlahStoreReader(folder, _ -> true, memory.reservation("import"));
  }

  private ImportResult importAll() throws Exception {
    try (FsStore store = StoredRepo.open(tmp.resolve("data"))) {
      return StoredRepo.importInto(store, reader());
    }
  }

  private void expectStored() throws Exception {
    try (FsStore store = StoredRepo.open(tmp.resolve("data"))) {
      Manifest manifest = store.readOnly().manifest(REPO, FIRST).orElseThrow();
      assertThat(manifest.complete()).isFalse();
      StoredRepo.expectFiles(store, manifest, files);
      // Besides, it has the folders of these files.
      List<Entry> listed = new ArrayList<>();
      manifest.list(Optional.empty(), true, one -> listed.add(one.entry()));
      assertThat(listed).filteredOn(e -> e.kind() == Entry.Kind.FILE).hasSize(files.size());
    }
  }

  private List<String> skipped(ImportResult result) {
    return result.skipped().stream()
        .map(file -> folder.relativize(file.path()) + ": " + file.why())
        .toList();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void whole_files_are_imported_plain_and_compressed(int compression) throws Exception {
    var _ = write(compression);

    ImportResult result = importAll();

    assertThat(result.skipped()).isEmpty();
    assertThat(result.commits()).containsExactly(FIRST);
    assertThat(result.revisions()).containsExactly(Revision.MAIN);
    expectStored();
    assertThat(importAll().added()).as("again").isZero();
  }

  @Test
  void all_repos_are_found_whatever_their_names() throws Exception {
    OlahStoreWriter olah = write(0);
    String etag = TestBlobs.gitSha1(new byte[0]).digest().etag();
    olah.put(olah.entry(CANONICAL, FIRST, "a"), etag, new byte[0]);
    olah.put(olah.entry(DATASET, FIRST, "a"), etag, new byte[0]);
    Files.createDirectories(folder.resolve("files/models/a..b/c/resolve").resolve(FIRST.hex()));

    assertThat(reader().repos()).containsExactly(REPO, CANONICAL, DATASET);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void unfinished_and_damaged_files_are_named_and_skipped(int compression) throws Exception {
    OlahStoreWriter olah = write(compression);
    Path large = olah.entry(REPO, FIRST, "model.safetensors");
    Files.delete(large.resolve("blocks/block_00000003.bin"));
    Path damaged = olah.entry(REPO, FIRST, "onnx/model.safetensors");
    Files.delete(damaged.resolve("meta.bin"));
    Files.delete(damaged.resolve("blocks/block_00000000.bin"));
    Files.delete(damaged.resolve("meta.lock"));
    Files.delete(damaged.resolve("blocks/block_00000000.bin.dl.lock"));
    olah.put(
        Files.createDirectories(olah.entry(REPO, FIRST, "wrong.bin")),
        StoredRepo.blob("wrong.safetensors", new byte[10_000]).digest().etag(),
        TestBlobs.bytes(9, 10_000));

    ImportResult result = importAll();

    assertThat(result.skipped())
        .extracting(file -> file.why())
        .containsExactlyInAnyOrder(
            "it is unfinished: 73 of its 74 blocks are there",
            "it is damaged: its content does not match its digest");
    files.keySet().removeAll(List.of("model.safetensors", "onnx/model.safetensors"));
    expectStored();
  }

  @Test
  void content_without_a_digest_or_commit_is_named_and_skipped() throws Exception {
    OlahStoreWriter olah = write(0);
    byte[] content = TestBlobs.bytes(5, 10);
    String sha256 = TestBlobs.sha256(content).digest().hex();
    olah.put(olah.entry(REPO, FIRST, "derived"), "\"0123456789abcdef-10\"", content);
    Path repo = folder.resolve("files/models/acme/tiny");
    olah.put(repo.resolve("resolve/main/a"), sha256, content);
    olah.put(repo.resolve("cdn/" + sha256), sha256, content);
    olah.put(folder.resolve("lfs/files/ab/cd/hash/" + sha256), sha256, content);
    olah.put(folder.resolve("lfs/files/xet/" + sha256), sha256, content);
    Files.writeString(olah.entry(REPO, FIRST, "of-an-older-version"), "OLAH");

    ImportResult result = importAll();

    assertThat(skipped(result))
        .containsExactlyInAnyOrder(
            "files/models/acme/tiny/resolve/" + FIRST + "/derived: Olah did not note its digest",
            "files/models/acme/tiny/resolve/main: it is not named after a commit",
            "files/models/acme/tiny/cdn/" + sha256 + ": " + OlahStoreReader.UNKNOWN,
            "lfs/files/ab/cd/hash/" + sha256 + ": " + OlahStoreReader.UNKNOWN,
            "lfs/files/xet/" + sha256 + ": " + OlahStoreReader.UNKNOWN,
            "files/models/acme/tiny/resolve/"
                + FIRST
                + "/of-an-older-version: it is not in the format of Olah 0.5");
    expectStored();
  }

  /** With {@code cache-redirect-model}, LFS files are kept by their Xet hash. */
  @Test
  void files_that_are_kept_by_their_xet_hash_are_imported() throws Exception {
    byte[] model = files.remove("model.safetensors");
    OlahStoreWriter olah = write(1);
    files.put("model.safetensors", model);
    String hash = "5".repeat(64);
    olah.put(folder.resolve("lfs/files/xet/" + hash), hash, model);
    Files.createDirectories(folder.resolve("lfs/xet_index/55"));
    Files.writeString(
        folder.resolve("lfs/xet_index/55/" + hash + ".json"),
        """
        {"xet_hash": "%s", "lfs_oid": "%s", "size": %d, "refs": [
          ["models", "acme", "tiny", "model.safetensors", "%s"],
          ["models", "acme", "tiny", "../up", "%s"],
          ["models", "..", "tiny", "model.safetensors", "%s"], "no", [null]]}
        """
            .formatted(
                hash, TestBlobs.sha256(model).digest().hex(), model.length, FIRST, FIRST, FIRST));

    assertThat(importAll().skipped()).isEmpty();

    expectStored();
  }

  /** Notes that these repos have this many files each, whose content is not there. */
  private void index(int repos, int files, int commits) throws Exception {
    for (int repo = 0; repo < repos; repo++) {
      for (int file = 0; file < files; file++) {
        String hash = "%032x%032x".formatted(repo, file);
        StringBuilder refs = new StringBuilder();
        for (int commit = 0; commit < commits; commit++) {
          refs.append(commit == 0 ? "" : ",")
              .append(
                  "[\"models\", \"acme\", \"r%d\", \"f%d\", \"%040x\"]"
                      .formatted(repo, file, commit));
        }
        Files.createDirectories(folder.resolve("lfs/files/xet/" + hash));
        Path json = folder.resolve("lfs/xet_index/00/" + hash + ".json");
        Files.createDirectories(json.getParent());
        Files.writeString(json, "{\"lfs_oid\": \"%s\", \"refs\": [%s]}".formatted(hash, refs));
      }
    }
  }

  /** Each of them would take some hundred bytes if all that Olah noted of it were held. */
  @Test
  void of_files_that_are_kept_by_their_xet_hash_little_more_than_the_hash_is_held()
      throws Exception {
    index(10, 300, 20);
    try (MemoryBudget.Reservation held = memory.reservation("import")) {
      OlahStoreReader reader = new OlahStoreReader(folder, _ -> true, held);
      assertThat(reader.repos()).hasSize(10);
      assertThat(held.bytes()).isBetween(3_000 * 32L, 3_000 * 70L);
      assertThat(reader.commits(new RepoId(RepoType.MODEL, "acme/r7"), (_, _) -> {})).hasSize(20);
    }
    assertThat(memory.usage().used()).isZero();
  }

  /** Else the index would be read once for each commit and file. */
  @Test
  void which_commits_have_files_is_known_without_another_look_at_the_index() throws Exception {
    index(2, 3, 4);
    RepoId one = new RepoId(RepoType.MODEL, "acme/r1");
    OlahStoreReader reader = reader();
    try (Stream<Path> all = Files.walk(folder.resolve("lfs/xet_index"))) {
      for (Path json : all.filter(Files::isRegularFile).toList()) {
        Files.delete(json);
      }
    }
    List<String> skipped = new ArrayList<>();
    assertThat(reader.commits(one, (path, why) -> skipped.add(why))).hasSize(4);
    assertThat(skipped).isEmpty();
  }

  @Test
  void more_files_than_there_is_memory_for_are_imported_in_parts() throws Exception {
    index(30, 100, 1);
    MemoryBudget small = new MemoryBudget(4 * 20_000, Duration.ZERO);
    try (MemoryBudget.Reservation held = small.reservation("import")) {
      assertThatThrownBy(() -> new OlahStoreReader(folder, _ -> true, held))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("import it in parts with --repo");
    }
    RepoId one = new RepoId(RepoType.MODEL, "acme/r7");
    try (MemoryBudget.Reservation held = small.reservation("import")) {
      OlahStoreReader reader = new OlahStoreReader(folder, one::equals, held);
      assertThat(reader.repos()).containsExactly(one);
    }
  }

  @Test
  void a_revision_is_what_the_hub_answered_last() throws Exception {
    OlahStoreWriter olah = write(0);
    resolved(olah, "refs/pr/1");
    resolved(olah, SECOND.hex());
    ByteArrayOutputStream gzip = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(gzip)) {
      String info = "{\"_id\": \"1\", \"id\": \"acme/tiny\", \"sha\": \"%s\"}".formatted(SECOND);
      out.write(info.getBytes(StandardCharsets.US_ASCII));
    }
    olah.answer(REPO, "main", "meta_get.json", gzip.toByteArray(), NOW.minusSeconds(30));

    assertThat(reader().refs(REPO, (_, why) -> assertThat(why).isNull()))
        .containsExactlyInAnyOrder(
            new CachedRef(Revision.MAIN, SECOND, NOW.minusSeconds(30).plusMillis(250)),
            new CachedRef(new Revision("refs/pr/1"), FIRST, NOW.minusSeconds(60).plusMillis(250)));
  }

  @Test
  void answers_that_are_no_json_are_named_and_skipped() throws Exception {
    OlahStoreWriter olah = write(0);
    olah.answer(REPO, "v1", "meta_get.json", "<html>".getBytes(StandardCharsets.UTF_8), NOW);
    olah.answer(REPO, "v2", "resolved_commit.json", new byte[200_000], NOW);
    Path envelope = folder.resolve("api/models/acme/tiny/revision/main/resolved_commit.json");
    Files.writeString(envelope, "[".repeat(100_000));
    List<String> skipped = new ArrayList<>();

    assertThat(reader().refs(REPO, (path, _) -> skipped.add(folder.relativize(path).toString())))
        .isEmpty();
    assertThat(skipped)
        .containsExactlyInAnyOrder(
            "api/models/acme/tiny/revision/main/resolved_commit.json",
            "api/models/acme/tiny/revision/v1/meta_get.json");
  }

  @ParameterizedTest
  @CsvSource({
    "9223372036854775807, 4096, 1024, 0, sizes that Olah does not write",
    "-1, 4096, 1024, 0, sizes that Olah does not write",
    "10, 0, 1024, 0, sizes that Olah does not write",
    "10, -4096, 1024, 0, sizes that Olah does not write",
    "10, 4096, 0, 0, sizes that Olah does not write",
    "10, 4096, 1000, 0, sizes that Olah does not write",
    "10, 4611686018427387904, 1, 1, sizes that Olah does not write",
    "4611686018427387904, 4611686018427387904, 1024, 0, its block 0 is damaged",
    "10, 4096, 1024, 2, compressed with LZMA",
    "10, 4096, 1024, 3, sizes that Olah does not write"
  })
  void impossible_numbers_are_refused_before_anything_is_allocated(
      long size, long block, int chunk, int compression, String why) throws Exception {
    OlahStoreWriter olah = new OlahStoreWriter(folder, 0);
    byte[] content = TestBlobs.bytes(5, 10);
    String etag = TestBlobs.gitSha1(content).digest().etag();
    Path entry = olah.entry(REPO, FIRST, "a");
    olah.put(entry, etag, content);
    Files.write(
        entry.resolve("meta.bin"), OlahStoreWriter.header(etag, size, block, chunk, compression));

    assertThat(importAll().skipped())
        .singleElement()
        .satisfies(s -> assertThat(s.why()).contains(why));
  }

  @Test
  void a_header_or_index_that_is_cut_or_changed_is_refused() throws Exception {
    files.keySet().retainAll(List.of("onnx/model.safetensors"));
    OlahStoreWriter olah = write(1);
    Path entry = olah.entry(REPO, FIRST, "onnx/model.safetensors");
    Path meta = entry.resolve("meta.bin");
    byte[] header = Files.readAllBytes(meta);
    for (int i = 0; i < header.length; i += 3) {
      byte[] changed = header.clone();
      changed[i] ^= 0x40;
      Files.write(meta, changed);
      assertThat(importAll().skipped()).as("byte %d of the header", i).hasSize(1);
    }
    Files.write(meta, header);
    Path block = entry.resolve("blocks/block_00000000.bin");
    byte[] bytes = Files.readAllBytes(block);
    // The magic, the number of chunks, and where the second of the two begins.
    for (int i = 0; i < 12; i++) {
      byte[] changed = bytes.clone();
      changed[i] ^= (byte) 0x80;
      Files.write(block, changed);
      assertThat(importAll().skipped()).as("byte %d of the block", i).hasSize(1);
    }
  }

  /** A few bytes that would become gigabytes. */
  @Test
  void a_chunk_that_expands_without_end_is_cut_at_its_size() throws Exception {
    OlahStoreWriter olah = new OlahStoreWriter(folder, 1);
    byte[] content = new byte[OlahStoreWriter.CHUNK];
    Path entry = olah.entry(REPO, FIRST, "bomb");
    olah.put(entry, TestBlobs.gitSha1(new byte[10]).digest().etag(), content);
    Files.write(
        entry.resolve("meta.bin"),
        OlahStoreWriter.header(
            TestBlobs.gitSha1(new byte[10]).digest().etag(),
            10,
            OlahStoreWriter.BLOCK,
            OlahStoreWriter.CHUNK,
            1));

    assertThat(importAll().skipped()).isEmpty();

    try (FsStore store = StoredRepo.open(tmp.resolve("data"))) {
      assertThat(TestBlobs.read(store, REPO, TestBlobs.gitSha1(new byte[10])))
          .hasValue(new byte[10]);
    }
  }

  @Test
  void links_are_not_followed() throws Exception {
    OlahStoreWriter olah = write(0);
    Path outside = Files.createDirectory(tmp.resolve("outside"));
    byte[] secret = TestBlobs.bytes(5, 10);
    String etag = TestBlobs.gitSha1(secret).digest().etag();
    olah.put(outside.resolve("entry"), etag, secret);
    Path snapshot = olah.entry(REPO, FIRST, "config.json").getParent();
    Files.createSymbolicLink(snapshot.resolve("whole"), outside.resolve("entry"));
    for (String name : List.of("meta.bin", "blocks", "blocks/block_00000000.bin")) {
      Path entry = snapshot.resolve("link-" + name.replace('/', '-'));
      olah.put(entry, etag, secret);
      deleteAll(entry.resolve(name));
      Files.createSymbolicLink(entry.resolve(name), outside.resolve("entry").resolve(name));
    }
    Files.createSymbolicLink(folder.resolve("files/datasets"), outside);

    ImportResult result = importAll();

    assertThat(result.skippedCount()).isGreaterThanOrEqualTo(4);
    expectStored();
  }

  private static void deleteAll(Path path) throws Exception {
    try (Stream<Path> all = Files.walk(path)) {
      for (Path one : all.sorted((a, b) -> b.compareTo(a)).toList()) {
        Files.delete(one);
      }
    }
  }

  @Test
  void a_block_that_grew_is_refused() throws Exception {
    OlahStoreWriter olah = write(0);
    Path block = olah.entry(REPO, FIRST, "config.json").resolve("blocks/block_00000000.bin");
    Files.write(block, new byte[1], StandardOpenOption.APPEND);

    assertThat(importAll().skipped())
        .singleElement()
        .satisfies(s -> assertThat(s.why()).isEqualTo("its block 0 is damaged"));
    files.remove("config.json");
    expectStored();
  }

  @Test
  void what_olah_observed_counts_as_observed_then() throws Exception {
    var _ = write(0);
    var _ = importAll();

    try (FsStore store = StoredRepo.open(tmp.resolve("data"))) {
      assertThat(store.readOnly().revisions(REPO))
          .singleElement()
          .satisfies(seen ->
              assertThat(seen.commit().learnedAt())
                  .isEqualTo(NOW.minus(Duration.ofSeconds(60)).plusMillis(250)));
    }
  }
}
