package io.intrahub.mirror;

import io.intrahub.access.Caller;
import io.intrahub.access.TestGrants;
import io.intrahub.base.CacheSizes;
import io.intrahub.base.MemoryBudget;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.ErrorCode;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.HubError;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.hub.Revision;
import io.intrahub.metrics.Meters;
import io.intrahub.store.RepoStore;
import io.intrahub.store.SeedMetadata;
import io.intrahub.store.memory.MemoryStore;
import io.intrahub.testing.HeapUse;
import io.intrahub.testing.TestWiring;
import io.intrahub.upstream.FirstHop;
import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.hub.HubUpstream;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.lang.ref.Reference;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;

/** Fills the caches of this package as hostile clients would, in a process of its own. */
public final class FilledCaches {
  private static final Random RANDOM = new Random(1);
  private static final Clock CLOCK = Clock.systemUTC();

  private FilledCaches() {}

  /** Prints what each takes. */
  public static void main(String[] args) throws Exception {
    CacheSizes sizes = CacheSizes.ofHeap(Runtime.getRuntime().maxMemory());
    Duration time = Duration.ofSeconds(1);
    Meters meters = new Meters(new SimpleMeterRegistry());
    MemoryBudget budget = new MemoryBudget(1, time);
    try (ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
        HubUpstream upstream = TestWiring.upstream(TestWiring.OFFLINE, CLOCK, timer)) {
      RepoStore store = new MemoryStore(CLOCK).repos();
      ManifestLoader manifests =
          new ManifestLoader(
              new KnownCommits(store, SeedMetadata.NONE),
              new RepoReplacements(store),
              upstream,
              budget,
              Runnable::run,
              1);
      List<Object> kept = new ArrayList<>();
      for (int length : new int[] {8, 200}) {
        EntryLookup entries = new EntryLookup(manifests, meters, sizes.entries());
        HeapUse.print(
            "entries-" + length,
            sizes.entries(),
            () -> {
              for (long n = 0; n < sizes.entries() / 300; n++) {
                BlobId blob = new BlobId(new Digest.Sha256(hex(64)), RANDOM.nextLong(1L << 40));
                entries.learn(
                    new FilePath(hex(length)),
                    new FirstHop(repo(length), new CommitHash(hex(40)), blob, Optional.empty()));
              }
            });
        RefusedRepos refusedRepos =
            new RefusedRepos(CLOCK, MirrorSettings.DEFAULT, sizes.refusals());
        HeapUse.print(
            "refusals-" + length,
            sizes.refusals(),
            () -> {
              for (long n = 0; n < sizes.refusals() / 300; n++) {
                HubError error =
                    new HubError(
                        401,
                        Optional.of(ErrorCode.REPO_NOT_FOUND.wire()),
                        hex(length),
                        Optional.empty());
                refusedRepos.put(
                    TestGrants.open(repo(length)),
                    Optional.of(new HubRefusal(error, Optional.empty())));
              }
            });
        PendingCommits pending =
            new PendingCommits(CLOCK, Duration.ofSeconds(5), time, sizes.pendingCommits());
        HeapUse.print(
            "pending-" + length,
            sizes.pendingCommits(),
            () -> {
              for (long n = 0; n < sizes.pendingCommits() / 300; n++) {
                pending.requested(repo(length), new Revision(hex(length)), true, _ -> {});
              }
            });
        ColdQuestionLimiter questions = new ColdQuestionLimiter(300, CLOCK, sizes.coldQuestions());
        HeapUse.print(
            "cold-questions-" + length,
            sizes.coldQuestions(),
            () -> {
              for (long n = 0; n < sizes.coldQuestions() / 150; n++) {
                questions.charge(Caller.anonymous(hex(16)));
              }
            });
        kept.addAll(List.of(entries, refusedRepos, pending, questions));
      }
      Reference.reachabilityFence(kept);
    }
  }

  private static RepoId repo(int length) {
    return new RepoId(RepoType.MODEL, hex(Math.min(length, 40)) + "/" + hex(8));
  }

  private static String hex(int length) {
    byte[] bytes = new byte[length / 2];
    RANDOM.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }
}
