package io.intrahub.cachefolder;

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
import io.intrahub.store.ImportGuard;
import io.intrahub.store.Manifest;
import io.intrahub.store.ManifestEntry;
import io.intrahub.store.TestBlobs;
import io.intrahub.store.TestRepos;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** A store with one repo, made without a Hub. */
final class StoredRepo {
  static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/tiny");
  static final CommitHash FIRST = new CommitHash("1".repeat(40));
  static final CommitHash SECOND = new CommitHash("2".repeat(40));
  static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
  static final Clock CLOCK = Clock.fixed(NOW, ZoneOffset.UTC);

  private StoredRepo() {}

  /** The files of the first commit: those that end in {@code .safetensors} are LFS files. */
  static Map<String, byte[]> files() {
    Map<String, byte[]> files = new TreeMap<>();
    files.put("config.json", "{\"model_type\": \"bert\"}\n".getBytes(StandardCharsets.UTF_8));
    files.put("empty.txt", new byte[0]);
    files.put("model.safetensors", TestBlobs.bytes(1, 300_000));
    files.put("onnx/sub dir/f#1 é.json", TestBlobs.bytes(2, 1_000));
    files.put("onnx/model.safetensors", TestBlobs.bytes(3, 2_000));
    return files;
  }

  static BlobId blob(String path, byte[] content) {
    return path.endsWith(".safetensors") ? TestBlobs.sha256(content) : TestBlobs.gitSha1(content);
  }

  static FsStore open(Path data) throws Exception {
    return FsStore.open(data, CLOCK, DiskBudgetSettings.DEFAULT, Runnable::run);
  }

  /**
   * Puts a commit into the store, with all of its files but some, and lets {@code main} show it.
   */
  static void put(Path data, CommitHash commit, Map<String, byte[]> files, Set<String> absent)
      throws Exception {
    put(data, commit, files, absent, true);
  }

  /** The same, with a manifest that may be partial, as an import leaves it. */
  static void put(
      Path data, CommitHash commit, Map<String, byte[]> files, Set<String> absent, boolean complete)
      throws Exception {
    try (FsStore store = open(data)) {
      List<ManifestEntry> entries = new ArrayList<>();
      for (Map.Entry<String, byte[]> file : files.entrySet()) {
        BlobId blob = blob(file.getKey(), file.getValue());
        entries.add(entry(file.getKey(), blob));
        // As the mirror does, which stores no empty blobs.
        if (!absent.contains(file.getKey()) && blob.size() > 0) {
          TestBlobs.publish(store, REPO, blob, file.getValue());
        }
      }
      TestRepos.putManifest(store.repos(), REPO, commit, entries, complete);
      store.repos().putRevision(REPO, Revision.MAIN, new Observation<>(commit, NOW));
    }
  }

  /** Imports the whole repo from a folder, without a mirror. */
  static ImportResult importInto(FsStore store, CachedFiles from) throws IOException {
    return new CacheImport(
            store,
            ImportGuard.offline(store.repos(), CLOCK),
            TestRepos.budget(),
            CLOCK,
            false,
            (_, _, _) -> {})
        .run(from, REPO);
  }

  /** Asserts that the list of a commit names these files, and that their content is stored. */
  static void expectFiles(FsStore store, Manifest manifest, Map<String, byte[]> files)
      throws Exception {
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      BlobId blob = blob(file.getKey(), file.getValue());
      assertThat(manifest.find(new FilePath(file.getKey())))
          .as(file.getKey())
          .hasValueSatisfying(found -> assertThat(found.entry().blob()).hasValue(blob));
      if (blob.size() > 0) {
        assertThat(TestBlobs.read(store, REPO, blob)).as(file.getKey()).hasValue(file.getValue());
      }
    }
  }

  private static ManifestEntry entry(String path, BlobId blob) {
    Optional<Entry.Lfs> lfs =
        blob.digest() instanceof Digest.Sha256 sha256
            ? Optional.of(new Entry.Lfs(sha256, blob.size(), 130))
            : Optional.empty();
    String oid = lfs.isPresent() ? "f".repeat(40) : blob.digest().hex();
    Entry entry = new Entry(Entry.Kind.FILE, new FilePath(path), oid, blob.size(), lfs);
    return new ManifestEntry(entry, "{}");
  }
}
