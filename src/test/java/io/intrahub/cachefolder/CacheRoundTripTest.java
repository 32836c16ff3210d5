package io.intrahub.cachefolder;

import static io.intrahub.cachefolder.StoredRepo.CLOCK;
import static io.intrahub.cachefolder.StoredRepo.FIRST;
import static io.intrahub.cachefolder.StoredRepo.REPO;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.hub.Revision;
import io.intrahub.store.TestBlobs;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.MemoryFolder;
import io.intrahub.store.fs.ReadOnlyStore;
import io.intrahub.store.fs.TestDisk;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A store that is exported, and a cache folder that is imported, with a kill at 50 points of each:
 * whatever the point, the same command again ends with the same bytes under the same names.
 */
class CacheRoundTripTest {
  private static final int POINTS = 50;

  /** Any number; a failure names the call at which the process was killed. */
  private static final long SEED = 15;

  @TempDir(factory = MemoryFolder.class)
  Path tmp;

  private final Map<String, byte[]> files = new TreeMap<>();
  private Path source;
  private Path exported;

  @BeforeEach
  void reference() throws Exception {
    for (int i = 0; i < 12; i++) {
      files.put("layer-%02d.safetensors".formatted(i), TestBlobs.bytes(i, 3_000));
      files.put("part/%02d/config.json".formatted(i), TestBlobs.bytes(100 + i, 500));
    }
    source = tmp.resolve("source");
    StoredRepo.put(source, FIRST, files, Set.of());
    exported = tmp.resolve("exported");
    export(source, exported, new JdkFolderWriter());
  }

  private static ExportResult.Exported export(Path data, Path cache, FolderWriter writer)
      throws IOException {
    try (CacheExport export =
        CacheExport.open(
            openToRead(data), cache, CacheExport.Method.COPY, (_, _, _) -> {}, writer)) {
      return (ExportResult.Exported) export.export(REPO, Revision.MAIN, PathPatterns.ALL);
    }
  }

  private static ReadOnlyStore openToRead(Path data) {
    try {
      return ReadOnlyStore.open(data);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static ImportResult importInto(FsStore store, Path cache) throws IOException {
    return StoredRepo.importInto(store, new CacheFolderReader(cache));
  }

  private void expectLike(Path reference, Path cache) throws IOException {
    assertThat(CacheFiles.names(cache)).isEqualTo(CacheFiles.names(reference));
    CacheFiles.expect(new CacheLayout(cache).snapshot(REPO, FIRST), files);
    assertThat(new CacheLayout(cache).ref(REPO, Revision.MAIN)).hasContent(FIRST.hex());
  }

  /** Points of a command that makes this many calls, spread over all of it. */
  private static List<Integer> points(int calls) {
    Random random = new Random(SEED);
    return java.util.stream.IntStream.range(0, POINTS)
        .mapToObj(i -> {
          int from = calls * i / POINTS;
          int to = Math.max(from + 1, calls * (i + 1) / POINTS);
          return 1 + from + random.nextInt(to - from);
        })
        .toList();
  }

  @Test
  @Tag("slow")
  void an_export_killed_at_any_of_50_points_ends_as_one_that_was_not() throws Exception {
    FaultyWriter whole = FaultyWriter.killedAt(Integer.MAX_VALUE);
    export(source, tmp.resolve("whole"), whole);
    assertThat(whole.calls()).isGreaterThan(POINTS);

    for (int call : points(whole.calls())) {
      Path cache = tmp.resolve("hub-" + call);
      assertThatThrownBy(() -> export(source, cache, FaultyWriter.killedAt(call)))
          .as("call %d", call)
          .isInstanceOf(FaultyWriter.Killed.class);
      assertThat(export(source, cache, new JdkFolderWriter()).missing())
          .as("after a kill at call %d", call)
          .isEmpty();
      expectLike(exported, cache);
    }
  }

  @Test
  @Tag("slow")
  void an_import_killed_at_any_of_50_points_ends_as_one_that_was_not() throws Exception {
    int calls = killedImport(tmp.resolve("whole"), Integer.MAX_VALUE);
    assertThat(calls).isGreaterThan(POINTS);
    Path reference = tmp.resolve("reference");
    export(tmp.resolve("whole"), reference, new JdkFolderWriter());
    CacheFiles.expect(new CacheLayout(reference).snapshot(REPO, FIRST), files);

    for (int call : points(calls)) {
      Path data = tmp.resolve("data-" + call);
      killedImport(data, call);
      try (FsStore store = StoredRepo.open(data)) {
        ImportResult result = importInto(store, exported);
        assertThat(result.files()).as("after a kill at call %d", call).isEqualTo(files.size());
        assertThat(result.skipped()).isEmpty();
      }
      assertThat(data.resolve("quarantine")).isEmptyDirectory();
      Path again = tmp.resolve("again-" + call);
      export(data, again, new JdkFolderWriter());
      expectLike(reference, again);
    }
  }

  /** Imports until a call of the disk, and returns how many calls there were. */
  private int killedImport(Path data, int call) throws Exception {
    TestDisk disk = new TestDisk(data);
    FsStore store = FsStore.open(data, CLOCK, DiskBudgetSettings.DEFAULT, disk, new Random(SEED));
    disk.fail(call, TestDisk.Fault.KILLED);
    try {
      importInto(store, exported);
      assertThat(call).as("not killed").isEqualTo(Integer.MAX_VALUE);
    } catch (Error e) {
      assertThat(e).hasMessage("killed");
    } finally {
      store.release();
    }
    return disk.calls();
  }
}
