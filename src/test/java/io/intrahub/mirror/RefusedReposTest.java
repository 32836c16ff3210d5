package io.intrahub.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.Grant;
import io.intrahub.access.TestGrants;
import io.intrahub.hub.HubError;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.testing.SettableClock;
import io.intrahub.upstream.HubRefusal;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RefusedReposTest {
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/x");
  private static final Grant OPEN = TestGrants.open(REPO);
  private static final HubRefusal MISSING =
      new HubRefusal(HubError.repoNotFound(true), Optional.empty());

  private final SettableClock clock = new SettableClock();
  private final MirrorSettings settings = MirrorSettings.DEFAULT;
  private final RefusedRepos refused = new RefusedRepos(clock, settings, 1L << 20);

  @Test
  void a_missing_repo_is_remembered_for_its_time_to_live() {
    refused.put(OPEN, Optional.of(MISSING));
    clock.pass(settings.refusedTtl().minusNanos(1));
    assertThat(refused.get(OPEN)).isPresent();
    clock.pass(Duration.ofNanos(1));
    assertThat(refused.get(OPEN)).isEmpty();
  }

  @Test
  void a_repo_that_not_everybody_may_read_is_remembered_for_the_shorter_time_to_live() {
    refused.put(OPEN, Optional.empty());
    clock.pass(settings.gatedTtl().minusNanos(1));
    assertThat(refused.get(OPEN)).isPresent();
    clock.pass(Duration.ofNanos(1));
    assertThat(refused.get(OPEN)).isEmpty();
  }

  @Test
  void a_refusal_from_the_future_does_not_count() {
    refused.put(OPEN, Optional.of(MISSING));
    clock.setBack(Duration.ofHours(1));
    assertThat(refused.get(OPEN)).isEmpty();
  }
}
