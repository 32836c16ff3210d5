package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.AccessChecker;
import io.intrahub.config.Config;
import io.intrahub.mirror.MirrorSettings;
import io.intrahub.policy.Freshness;
import io.intrahub.store.fs.FsStore;
import io.intrahub.transfer.TransferSettings;
import org.junit.jupiter.api.Test;

/** The rooms' own defaults, which their tests use, are those that the operator is told. */
class DefaultsTest {
  private final Config config = Config.defaults();

  @Test
  void of_the_mirror() {
    assertThat(
            new MirrorSettings(
                new Freshness.Settings(
                    config.freshness().revisionTtl(), config.freshness().staleWhileRevalidate()),
                config.freshness().aliasTtl(),
                config.freshness().refusedTtl(),
                config.freshness().gatedTtl(),
                config.waits().head(),
                config.waits().stale(),
                config.waits().api(),
                config.newCommits().quiet(),
                config.newCommits().atLatest(),
                config.listings().answerLimit(),
                config.listings().learnLimit()))
        .isEqualTo(MirrorSettings.DEFAULT);
  }

  @Test
  void of_transfers() {
    assertThat(
            new TransferSettings(
                config.transfer().openTimeout(),
                config.transfer().checkTimeout(),
                config.transfer().abandonAfter(),
                config.transfer().finishIfLeft().bytes(),
                config.transfer().tries(),
                config.transfer().retryPause(),
                config.transfer().connectionsPerFile(),
                config.transfer().connectionsPerHost(),
                config.transfer().filesAtOnce(),
                config.transfer().maxRate().bytes(),
                config.memory().fetchBuffers().bytes()))
        .isEqualTo(TransferSettings.DEFAULT);
  }

  @Test
  void of_the_store() {
    assertThat(
            new FsStore.Settings(
                config.store().maxSize().bytes(),
                config.store().minFree().bytes(),
                config.store().highWatermark(),
                config.store().lowWatermark()))
        .isEqualTo(FsStore.Settings.DEFAULT);
  }

  @Test
  void of_verdicts() {
    assertThat(
            new AccessChecker.Settings(
                config.access().publicTtl(), config.access().publicTtlDuringOutage()))
        .isEqualTo(AccessChecker.Settings.DEFAULT);
  }
}
