package io.intrahub.store;

import static io.intrahub.access.TestGrants.everybody;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.TestGrants;
import io.intrahub.base.CacheSizes;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Observation;
import io.intrahub.store.memory.MemoryRepos;
import io.intrahub.testing.SettableClock;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

/**
 * The cache in front of repository metadata. {@link RepoStoreContract} runs against it as well:
 * {@code FsStore} hands out its metadata through this cache.
 */
final class CachedRepoStoreTest {
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/tiny");
  private static final Revision MAIN = new Revision("main");
  private static final CommitHash COMMIT = new CommitHash("c".repeat(40));

  private final SettableClock clock = new SettableClock();
  private final RepoStore disk = new MemoryRepos(clock);
  private final RepoStore cached = new CachedRepoStore(disk, CacheSizes.ofHeap(512L << 20), clock);

  @Test
  void after_the_clock_was_set_back_a_refreshed_revision_is_kept() {
    cached.putRevision(REPO, MAIN, new Observation<>(COMMIT, clock.instant()));
    assertThat(cached.revision(everybody(REPO), MAIN)).isPresent();

    clock.setBack(Duration.ofDays(1));
    Observation<CommitHash> refreshed = new Observation<>(COMMIT, clock.instant());
    cached.putRevision(REPO, MAIN, refreshed);

    assertThat(cached.revision(everybody(REPO), MAIN)).hasValue(refreshed);
    assertThat(disk.revision(everybody(REPO), MAIN)).hasValue(refreshed);
  }

  @Test
  void the_store_never_knows_a_verdict_that_is_much_older_than_the_cached_one() {
    for (int second = 0; second < 600; second += 10) {
      cached.remember(TestGrants.open(REPO), clock.instant());
      Instant stored = disk.confirmedAt(TestGrants.open(REPO)).orElseThrow();
      assertThat(cached.confirmedAt(TestGrants.open(REPO))).hasValue(clock.instant());
      assertThat(Duration.between(stored, clock.instant())).isLessThan(Duration.ofSeconds(30));
      clock.pass(Duration.ofSeconds(10));
    }
  }
}
