package io.intrahub.store.fs.metadata;

import static io.intrahub.access.TestGrants.everybody;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.base.CacheSizes;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.store.LongPaths;
import io.intrahub.store.Manifest;
import io.intrahub.store.ManifestEntry;
import io.intrahub.store.TestRepos;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.MemoryFolder;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Manifests whose index is larger than all that are kept may be. */
class ManifestIndexesTest {
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/long");
  private static final CommitHash COMMIT = new CommitHash("c".repeat(40));

  @TempDir(factory = MemoryFolder.class)
  private Path folder;

  private FsStore store;

  @BeforeEach
  void open() throws Exception {
    CacheSizes small = CacheSizes.ofHeap(1 << 20);
    store =
        FsStore.open(folder, Clock.systemUTC(), DiskBudgetSettings.DEFAULT, small, Runnable::run);
  }

  @AfterEach
  void close() throws IOException {
    store.close();
  }

  private void put(List<ManifestEntry> entries, boolean complete) throws IOException {
    TestRepos.putManifest(store.repos(), REPO, COMMIT, entries, complete);
  }

  private Manifest manifest() {
    return store.repos().manifest(everybody(REPO), COMMIT).orElseThrow();
  }

  private static FilePath path(ManifestEntry entry) {
    return entry.entry().path();
  }

  @Test
  void every_entry_is_found_and_listed_once() throws Exception {
    List<ManifestEntry> entries = LongPaths.entries(1_000);
    put(entries, true);
    Manifest manifest = manifest();
    List<ManifestEntry> listed = new ArrayList<>();
    manifest.list(Optional.empty(), true, listed::add);
    assertThat(listed).isEqualTo(entries);
    List<ManifestEntry> behind = new ArrayList<>();
    manifest.list(Optional.empty(), true, Optional.of(path(entries.get(700))), e -> behind.add(e));
    assertThat(behind).isEqualTo(entries.subList(701, 1_000));
    assertThat(manifest.find(path(entries.get(999)))).hasValue(entries.get(999));
  }

  /** It reads the index of the earlier file again, which nobody else may get. */
  @Test
  void a_listing_under_way_goes_on_when_its_manifest_is_replaced() throws Exception {
    List<ManifestEntry> entries = LongPaths.entries(1_000);
    put(entries.subList(0, 800), false);
    List<ManifestEntry> listed = new ArrayList<>();
    manifest()
        .list(
            Optional.empty(),
            true,
            entry -> {
              listed.add(entry);
              if (listed.size() == 10) {
                try {
                  put(entries, true);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              }
            });
    assertThat(listed).isEqualTo(entries.subList(0, 800));
    assertThat(manifest().complete()).isTrue();
    assertThat(manifest().size()).isEqualTo(1_000);
  }
}
