package io.intrahub.store.fs;

import io.intrahub.access.TestGrants;
import io.intrahub.base.CacheSizes;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Observation;
import io.intrahub.store.LongPaths;
import io.intrahub.store.ManifestEntry;
import io.intrahub.store.RepoStore;
import io.intrahub.store.TestRepos;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import io.intrahub.testing.HeapUse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;

/** Fills the caches of a store as hostile clients would, in a process of its own. */
public final class FilledFiles {
  private static final Random RANDOM = new Random(1);
  private static final Clock CLOCK = Clock.systemUTC();

  /** Weights do not depend on the heap, and thousands of manifests take long to write. */
  private static final long MANY = 8 << 20;

  private FilledFiles() {}

  /**
   * Prints what each takes.
   *
   * @param args a folder
   */
  public static void main(String[] args) throws Exception {
    CacheSizes sizes = CacheSizes.ofHeap(Runtime.getRuntime().maxMemory());
    Path root = Path.of(args[0]);
    // A disk that forces nothing: thousands of records are written.
    TestDisk disk = new TestDisk(root);
    SeedVerdicts seeds = new SeedVerdicts(System::nanoTime, sizes.seeds());
    Path seed = Files.createDirectories(Path.of(args[0] + "-seed").toAbsolutePath());
    HeapUse.print("seeds", sizes.seeds(), () -> fill(seeds, seed, sizes.seeds() / 500));
    try (FsStore store =
        FsStore.open(
            root, CLOCK, DiskBudgetSettings.DEFAULT, disk, new Random(1), sizes, Runnable::run)) {
      RepoStore repos = store.repos();
      HeapUse.print(
          "records",
          sizes.records(),
          () -> {
            byte[] answer = "{}".repeat(100).getBytes(StandardCharsets.UTF_8);
            for (long n = 0; n < sizes.records() / 1_000; n++) {
              repos.putAnswer(
                  repo(),
                  new CommitHash(hex(40)),
                  "info?" + hex(40),
                  new Observation<>(answer, Instant.EPOCH));
            }
          });
      HeapUse.print(
          "facts",
          sizes.grants() + sizes.aliases() + sizes.revisions(),
          () -> {
            for (long n = 0; n < sizes.revisions() / 300; n++) {
              RepoId repo = repo();
              repos.remember(TestGrants.open(repo), Instant.EPOCH);
              repos.putAlias(repo, new Observation<>(repo(), Instant.EPOCH));
              repos.putRevision(
                  repo,
                  new Revision(hex(40)),
                  new Observation<>(new CommitHash(hex(40)), Instant.EPOCH));
              var _ = repos.revision(TestGrants.everybody(repo), new Revision(hex(40)));
            }
          });
      if (sizes.manifests() < MANY) {
        HeapUse.print("manifests", sizes.manifests(), () -> fill(repos, sizes.manifests()));
      }
      Reference.reachabilityFence(repos);
      Reference.reachabilityFence(seeds);
    }
  }

  /** With the indexes of manifests of long paths. */
  private static void fill(RepoStore repos, long bytes) {
    // Two fill a block, so that the index names every second path.
    List<ManifestEntry> entries =
        LongPaths.entries(8).stream()
            .map(entry -> new ManifestEntry(entry.entry(), "x".repeat(32 * 1024)))
            .toList();
    for (long n = 0; n < bytes / 8_000; n++) {
      RepoId repo = repo();
      CommitHash commit = new CommitHash(hex(40));
      try {
        TestRepos.putManifest(repos, repo, commit, entries, true);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      var _ = repos.manifest(TestGrants.everybody(repo), commit).orElseThrow();
    }
  }

  /** With files of a folder, each of which was looked at on its own. */
  private static void fill(SeedVerdicts seeds, Path folder, long files) {
    RepoId repo = repo();
    try {
      Path blobs = Files.createDirectories(SeedVersion.blobs(folder, repo));
      for (long n = 0; n < files; n++) {
        BlobId blob = new BlobId(new Digest.Sha256(hex(64)), 1);
        Path file = Files.write(blobs.resolve(blob.digest().hex()), new byte[1]);
        seeds.put(SeedVersion.of(folder.toRealPath(), file, repo, blob).orElseThrow(), true);
        seeds.reject(blobs.resolve(hex(64)));
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static RepoId repo() {
    return new RepoId(RepoType.DATASET, hex(40) + "/" + hex(40));
  }

  private static String hex(int length) {
    byte[] bytes = new byte[length / 2];
    RANDOM.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }
}
