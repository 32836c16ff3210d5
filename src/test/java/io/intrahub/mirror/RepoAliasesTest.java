package io.intrahub.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.policy.UpstreamState;
import io.intrahub.store.memory.MemoryStore;
import io.intrahub.testing.SettableClock;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class RepoAliasesTest {
  private static final RepoId OLD = new RepoId(RepoType.MODEL, "acme/old");
  private static final RepoId NEW = new RepoId(RepoType.MODEL, "acme/new");
  private static final Duration TTL = Duration.ofHours(1);

  private final SettableClock clock = new SettableClock();
  private final RepoAliases aliases = new RepoAliases(new MemoryStore(clock).repos(), clock, TTL);

  @Test
  void an_alias_counts_for_its_time_to_live() {
    aliases.learn(OLD, NEW);
    clock.pass(TTL.minusNanos(1));
    assertThat(aliases.canonical(OLD, UpstreamState.REACHABLE)).isEqualTo(NEW);
    clock.pass(Duration.ofNanos(1));
    assertThat(aliases.canonical(OLD, UpstreamState.REACHABLE)).isEqualTo(OLD);
  }

  @Test
  void an_old_alias_counts_while_upstream_cannot_be_asked() {
    aliases.learn(OLD, NEW);
    clock.pass(TTL.multipliedBy(100));
    assertThat(aliases.canonical(OLD, UpstreamState.DOWN)).isEqualTo(NEW);
  }

  @Test
  void an_alias_from_the_future_is_asked_for_again() {
    aliases.learn(OLD, NEW);
    clock.setBack(Duration.ofNanos(1));
    assertThat(aliases.canonical(OLD, UpstreamState.REACHABLE)).isEqualTo(OLD);
    assertThat(aliases.canonical(OLD, UpstreamState.DOWN)).isEqualTo(NEW);
  }

  @Test
  void a_repo_that_was_renamed_twice_has_its_last_name() {
    RepoId last = new RepoId(RepoType.MODEL, "acme/last");
    aliases.learn(OLD, NEW);
    aliases.learn(NEW, last);
    assertThat(aliases.canonical(OLD, UpstreamState.REACHABLE)).isEqualTo(last);
  }

  @Test
  void a_name_that_upstream_uses_again_is_no_alias_any_more() {
    aliases.learn(OLD, NEW);
    aliases.learn(NEW, OLD);
    assertThat(aliases.canonical(OLD, UpstreamState.REACHABLE)).isEqualTo(OLD);
    assertThat(aliases.canonical(NEW, UpstreamState.REACHABLE)).isEqualTo(OLD);
  }

  @Test
  void the_name_of_another_repo_is_no_alias_in_an_outage_either() {
    aliases.learn(OLD, NEW);
    clock.pass(TTL.multipliedBy(2));
    aliases.learn(OLD, OLD);
    assertThat(aliases.canonical(OLD, UpstreamState.DOWN)).isEqualTo(OLD);
  }
}
