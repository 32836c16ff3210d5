package io.intrahub.access;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.testing.SettableClock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Verdicts with a ttl of ten minutes, and of seven days in an outage. */
class AccessCheckerTest {
  private static final RepoId X = new RepoId(RepoType.MODEL, "acme/x");

  private final SettableClock clock = new SettableClock();
  private final Map<RepoId, Instant> seen = new HashMap<>();
  private final AccessChecker checker =
      new AccessChecker(new MapVerdicts(seen), clock, AccessChecker.Settings.DEFAULT);

  @Test
  void what_nobody_was_seen_to_read_nobody_may_read() {
    assertThat(checker.remembered(X)).isEmpty();
    assertThat(checker.rememberedDuringOutage(Outage.witnessed(X))).isEmpty();
  }

  @Test
  void evidence_makes_a_proof_for_exactly_this_repo() {
    assertThat(checker.admit(AnonymousRead.witnessed(X)).subject()).isEqualTo(X);
    assertThat(checker.remembered(X)).map(Authorised::subject).contains(X);
    assertThat(checker.remembered(new RepoId(RepoType.DATASET, "acme/x"))).isEmpty();
    assertThat(checker.remembered(new RepoId(RepoType.MODEL, "acme/X"))).isEmpty();
  }

  @Test
  void a_verdict_ends_to_the_instant() {
    checker.admit(AnonymousRead.witnessed(X));
    clock.pass(Duration.ofMinutes(10).minusNanos(1));
    assertThat(checker.remembered(X)).isPresent();
    clock.pass(Duration.ofNanos(1));
    assertThat(checker.remembered(X)).isEmpty();
  }

  @Test
  void in_an_outage_it_lasts_longer_but_not_for_ever() {
    checker.admit(AnonymousRead.witnessed(X));
    clock.pass(Duration.ofDays(7).minusNanos(1));
    assertThat(checker.remembered(X)).isEmpty();
    assertThat(checker.rememberedDuringOutage(Outage.witnessed(X))).isPresent();
    clock.pass(Duration.ofNanos(1));
    assertThat(checker.rememberedDuringOutage(Outage.witnessed(X))).isEmpty();
  }

  @Test
  void new_evidence_begins_a_new_time() {
    checker.admit(AnonymousRead.witnessed(X));
    clock.pass(Duration.ofMinutes(9));
    checker.admit(AnonymousRead.witnessed(X));
    clock.pass(Duration.ofMinutes(9));
    assertThat(checker.remembered(X)).isPresent();
  }

  @Test
  void a_refusal_ends_it_at_once() {
    checker.admit(AnonymousRead.witnessed(X));
    checker.refused(X);
    assertThat(checker.remembered(X)).isEmpty();
    assertThat(checker.rememberedDuringOutage(Outage.witnessed(X))).isEmpty();
  }

  @Test
  void a_verdict_from_the_future_is_not_believed() {
    checker.admit(AnonymousRead.witnessed(X));
    clock.setBack(Duration.ofNanos(1));
    assertThat(checker.remembered(X)).isEmpty();
    assertThat(checker.rememberedDuringOutage(Outage.witnessed(X))).isEmpty();
  }
}
