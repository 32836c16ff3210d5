package io.intrahub.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.Digest;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.testing.SettableClock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Grants for everybody live ten minutes, and seven days in an outage; those of a token less. */
class AccessCheckerTest {
  private static final RepoId X = new RepoId(RepoType.MODEL, "acme/x");
  private static final Grant OPEN = TestGrants.open(X);
  private static final Authority ANYBODY = new Authority.Anonymous();

  private final SettableClock clock = new SettableClock();
  private final EventOrder order = new EventOrder(clock);
  private final Map<Grant, Instant> seen = new HashMap<>();
  private final AccessChecker checker =
      new AccessChecker(new MapGrants(seen), order, clock, AccessChecker.Settings.DEFAULT);

  @Test
  void what_nobody_was_seen_to_read_nobody_may_read() {
    assertThat(checker.remembered(OPEN)).isEmpty();
    assertThat(
            checker.rememberedDuringOutage(OutageEvidence.witnessed(X), ANYBODY, ReadScope.CONTENT))
        .isEmpty();
  }

  @Test
  void evidence_makes_a_proof_for_exactly_this_repo() {
    assertThat(checker.admit(asked())).map(Authorised::subject).contains(X);
    assertThat(checker.remembered(OPEN)).map(Authorised::subject).contains(X);
    assertThat(checker.remembered(TestGrants.open(new RepoId(RepoType.DATASET, "acme/x"))))
        .isEmpty();
    assertThat(checker.remembered(TestGrants.open(new RepoId(RepoType.MODEL, "acme/X")))).isEmpty();
  }

  @Test
  void a_verdict_ends_to_the_instant() {
    checker.admit(asked());
    clock.pass(Duration.ofMinutes(10).minusNanos(1));
    assertThat(checker.remembered(OPEN)).isPresent();
    clock.pass(Duration.ofNanos(1));
    assertThat(checker.remembered(OPEN)).isEmpty();
  }

  @Test
  void in_an_outage_it_lasts_longer_but_not_for_ever() {
    checker.admit(asked());
    clock.pass(Duration.ofDays(7).minusNanos(1));
    assertThat(checker.remembered(OPEN)).isEmpty();
    assertThat(
            checker.rememberedDuringOutage(OutageEvidence.witnessed(X), ANYBODY, ReadScope.CONTENT))
        .isPresent();
    clock.pass(Duration.ofNanos(1));
    assertThat(
            checker.rememberedDuringOutage(OutageEvidence.witnessed(X), ANYBODY, ReadScope.CONTENT))
        .isEmpty();
  }

  @Test
  void new_evidence_begins_a_new_time() {
    checker.admit(asked());
    clock.pass(Duration.ofMinutes(9));
    checker.admit(asked());
    clock.pass(Duration.ofMinutes(9));
    assertThat(checker.remembered(OPEN)).isPresent();
  }

  @Test
  void a_refusal_ends_it_at_once() {
    checker.admit(asked());
    checker.refused(OPEN);
    assertThat(checker.remembered(OPEN)).isEmpty();
    assertThat(
            checker.rememberedDuringOutage(OutageEvidence.witnessed(X), ANYBODY, ReadScope.CONTENT))
        .isEmpty();
  }

  /**
   * Nobody knows how old it is, so the Hub is asked; if that is gone, it counts as just run out.
   */
  @Test
  void a_grant_from_the_future_counts_as_run_out_from_the_start_and_only_in_an_outage() {
    seen.put(OPEN, clock.instant().plus(Duration.ofDays(1)));
    AccessChecker checker = checker();
    assertThat(checker.remembered(OPEN)).isEmpty();
    clock.pass(Duration.ofDays(7).minusMinutes(10).minusNanos(1));
    assertThat(inOutage(checker)).isPresent();
    clock.pass(Duration.ofNanos(1));
    assertThat(inOutage(checker)).isEmpty();
    assertThat(checker.remembered(OPEN)).isEmpty();
  }

  @Test
  void each_further_start_adds_nothing_to_a_grant_from_the_future() {
    seen.put(OPEN, clock.instant().plus(Duration.ofDays(1)));
    for (int i = 0; i < 7; i++) {
      assertThat(inOutage(checker())).isPresent();
      clock.pass(Duration.ofDays(1));
    }
    assertThat(inOutage(checker())).isEmpty();
  }

  @Test
  void a_token_has_the_grace_and_not_its_usual_time_before() {
    Authority token = new Authority.TokenHolder("0".repeat(64));
    Grant grant = new Grant(X, token, ReadScope.CONTENT);
    seen.put(grant, clock.instant().plus(Duration.ofDays(1)));
    AccessChecker checker = checker();
    assertThat(checker.remembered(grant)).isEmpty();
    clock.pass(Duration.ofMinutes(45).minusNanos(1));
    assertThat(checker.isKnown(grant)).isTrue();
    clock.pass(Duration.ofNanos(1));
    assertThat(checker.isKnown(grant)).isFalse();
  }

  /** As the mirror has it: a clock that is set back while the process runs changes nothing. */
  @Test
  void by_a_steady_clock_a_grant_lives_as_long_as_it_would_have() {
    SteadyClock steady = new SteadyClock(clock, () -> 0);
    EventOrder steadyOrder = new EventOrder(steady);
    AccessChecker checker =
        new AccessChecker(new MapGrants(seen), steadyOrder, steady, AccessChecker.Settings.DEFAULT);
    checker.admit(ReadEvidence.witnessed(OPEN, steadyOrder.now()));
    clock.pass(Duration.ofMinutes(5));
    steady.instant();
    clock.setBack(Duration.ofDays(1));
    assertThat(checker.remembered(OPEN)).isPresent();
    clock.pass(Duration.ofMinutes(5));
    assertThat(checker.remembered(OPEN)).isEmpty();
    clock.pass(Duration.ofDays(7).minusMinutes(10).minusNanos(1));
    assertThat(inOutage(checker)).isPresent();
    clock.pass(Duration.ofNanos(1));
    assertThat(inOutage(checker)).isEmpty();
  }

  private AccessChecker checker() {
    return new AccessChecker(new MapGrants(seen), order, clock, AccessChecker.Settings.DEFAULT);
  }

  private static Optional<Authorised<RepoId>> inOutage(AccessChecker checker) {
    return checker.rememberedDuringOutage(OutageEvidence.witnessed(X), ANYBODY, ReadScope.CONTENT);
  }

  @Test
  void a_late_answer_does_not_undo_a_refusal() {
    checker.admit(asked());
    ReadEvidence late = asked();
    checker.refused(OPEN);
    clock.pass(Duration.ofMinutes(1));
    assertThat(checker.admit(late)).isEmpty();
    assertThat(checker.remembered(OPEN)).isEmpty();
    assertThat(
            checker.rememberedDuringOutage(OutageEvidence.witnessed(X), ANYBODY, ReadScope.CONTENT))
        .isEmpty();
  }

  @Test
  void a_question_after_the_refusal_opens_the_repo_again_even_if_the_clock_was_set_back() {
    checker.refused(OPEN);
    clock.setBack(Duration.ofHours(1));
    assertThat(checker.admit(asked())).isPresent();
    assertThat(checker.remembered(OPEN)).isPresent();
  }

  @Test
  void evidence_that_was_admitted_before_is_not_admitted_after_a_refusal() {
    ReadEvidence shared = asked();
    assertThat(checker.admit(shared)).isPresent();
    checker.refused(OPEN);
    assertThat(checker.admit(shared)).isEmpty();
    assertThat(checker.remembered(OPEN)).isEmpty();
  }

  @Test
  void a_verdict_holds_from_when_its_question_began_whoever_learns_of_it_later() {
    ReadEvidence slow = asked();
    clock.pass(Duration.ofMinutes(4));
    checker.admit(slow);
    clock.pass(Duration.ofMinutes(4));
    checker.admit(slow);
    clock.pass(Duration.ofMinutes(2));
    assertThat(checker.remembered(OPEN)).isEmpty();
  }

  @Test
  void an_older_answer_does_not_shorten_a_younger_verdict() {
    ReadEvidence old = asked();
    clock.pass(Duration.ofMinutes(5));
    checker.admit(asked());
    assertThat(checker.admit(old)).isPresent();
    clock.pass(Duration.ofMinutes(9));
    assertThat(checker.remembered(OPEN)).isPresent();
  }

  @Test
  void the_refusals_of_other_repos_change_nothing() {
    ReadEvidence open = asked();
    checker.refused(TestGrants.open(new RepoId(RepoType.DATASET, "acme/x")));
    assertThat(checker.admit(open)).isPresent();
  }

  /** Clients choose the names: a flood of refusals must neither fill the memory nor open a repo. */
  @Test
  void a_refusal_that_was_forgotten_still_counts() {
    ReadEvidence late = asked();
    checker.refused(OPEN);
    for (int i = 0; i < 10_000; i++) {
      checker.refused(TestGrants.open(new RepoId(RepoType.MODEL, "made/up" + i)));
    }
    assertThat(checker.admit(late)).isEmpty();
    assertThat(checker.admit(asked())).isPresent();
  }

  @Test
  void a_refusal_while_a_verdict_is_written_wins() throws Exception {
    AtomicReference<Thread> refusing = new AtomicReference<>();
    Map<Grant, Instant> written = new ConcurrentHashMap<>();
    MapGrants plain = new MapGrants(written);
    AtomicReference<AccessChecker> self = new AtomicReference<>();
    GrantStore slow =
        new GrantStore() {
          @Override
          public Optional<Instant> confirmedAt(Grant grant) {
            return plain.confirmedAt(grant);
          }

          @Override
          public void remember(Grant grant, Instant confirmedAt) {
            // The refusal is learned now: it has ended, or waits, before the verdict is written.
            refusing.set(Thread.ofPlatform().start(() -> self.get().refused(grant)));
            await()
                .until(() ->
                    switch (refusing.get().getState()) {
                      case WAITING, BLOCKED, TERMINATED -> true;
                      default -> false;
                    });
            plain.remember(grant, confirmedAt);
          }

          @Override
          public void forget(Grant grant) {
            plain.forget(grant);
          }

          @Override
          public void forgetAll(Authority.TokenHolder holder) {
            plain.forgetAll(holder);
          }
        };
    self.set(new AccessChecker(slow, order, clock, AccessChecker.Settings.DEFAULT));
    self.get().admit(asked());
    refusing.get().join();
    assertThat(self.get().remembered(OPEN)).isEmpty();
  }

  private static final Authority.TokenHolder ALICE = new Authority.TokenHolder("a".repeat(64));
  private static final Authority.TokenHolder BOB = new Authority.TokenHolder("b".repeat(64));

  private static Grant grant(Authority authority, ReadScope scope) {
    return new Grant(X, authority, scope);
  }

  private ReadEvidence read(Authority authority, ReadScope scope) {
    return ReadEvidence.witnessed(grant(authority, scope), order.now());
  }

  @Test
  void what_a_token_holder_read_nobody_else_may_read() {
    checker.admit(read(ALICE, ReadScope.CONTENT));
    assertThat(checker.remembered(grant(ALICE, ReadScope.CONTENT))).isPresent();
    assertThat(checker.isKnown(grant(BOB, ReadScope.METADATA))).isFalse();
    assertThat(checker.isKnown(grant(ANYBODY, ReadScope.METADATA))).isFalse();
  }

  @Test
  void who_may_read_the_content_may_see_the_metadata_and_not_the_other_way_round() {
    checker.admit(read(ALICE, ReadScope.CONTENT));
    checker.admit(read(BOB, ReadScope.METADATA));
    assertThat(checker.remembered(grant(ALICE, ReadScope.METADATA))).isPresent();
    assertThat(checker.remembered(grant(BOB, ReadScope.METADATA))).isPresent();
    assertThat(checker.isKnown(grant(BOB, ReadScope.CONTENT))).isFalse();
  }

  @Test
  void a_grant_lives_five_minutes_and_one_hour_in_an_outage() {
    Grant content = grant(ALICE, ReadScope.CONTENT);
    checker.admit(read(ALICE, ReadScope.CONTENT));
    clock.pass(Duration.ofMinutes(5).minusNanos(1));
    assertThat(checker.remembered(content)).isPresent();
    clock.pass(Duration.ofNanos(1));
    assertThat(checker.remembered(content)).isEmpty();
    clock.pass(Duration.ofMinutes(55).minusNanos(1));
    OutageEvidence outage = OutageEvidence.witnessed(X);
    assertThat(checker.rememberedDuringOutage(outage, ALICE, ReadScope.CONTENT)).isPresent();
    clock.pass(Duration.ofNanos(1));
    assertThat(checker.rememberedDuringOutage(outage, ALICE, ReadScope.CONTENT)).isEmpty();
  }

  @Test
  void a_gate_ends_the_right_to_the_content_and_leaves_the_metadata() {
    checker.admit(read(ALICE, ReadScope.METADATA));
    checker.admit(read(ALICE, ReadScope.CONTENT));
    checker.refused(grant(ALICE, ReadScope.CONTENT));
    assertThat(checker.isKnown(grant(ALICE, ReadScope.CONTENT))).isFalse();
    assertThat(checker.remembered(grant(ALICE, ReadScope.METADATA))).isPresent();
  }

  @Test
  void a_refusal_of_the_repo_ends_the_grant_of_its_content_too() {
    ReadEvidence late = read(ALICE, ReadScope.CONTENT);
    checker.admit(late);
    checker.refused(grant(ALICE, ReadScope.METADATA));
    assertThat(checker.isKnown(grant(ALICE, ReadScope.METADATA))).isFalse();
    assertThat(checker.admit(late)).isEmpty();
  }

  @Test
  void the_refusal_of_one_authority_is_not_that_of_another() {
    ReadEvidence bobs = read(BOB, ReadScope.CONTENT);
    checker.admit(read(ALICE, ReadScope.CONTENT));
    checker.refused(grant(ANYBODY, ReadScope.METADATA));
    assertThat(checker.remembered(grant(ALICE, ReadScope.CONTENT))).isPresent();
    checker.refused(grant(ALICE, ReadScope.METADATA));
    assertThat(checker.admit(bobs)).isPresent();
  }

  @Test
  void a_repo_that_everybody_sees_gated_is_open_to_nobody_in_particular() {
    checker.admit(asked());
    checker.admit(read(ANYBODY, ReadScope.METADATA));
    assertThat(checker.isKnown(OPEN)).isFalse();
    assertThat(checker.remembered(grant(ANYBODY, ReadScope.METADATA))).isPresent();
    assertThat(checker.isGated(X, ALICE)).isTrue();
  }

  @Test
  void a_rejected_token_has_no_grant_left_and_gains_none_by_an_old_answer() {
    RepoId other = new RepoId(RepoType.MODEL, "acme/other");
    ReadEvidence late = read(ALICE, ReadScope.CONTENT);
    checker.admit(late);
    checker.admit(ReadEvidence.witnessed(new Grant(other, ALICE, ReadScope.CONTENT), order.now()));
    checker.admit(read(BOB, ReadScope.CONTENT));
    checker.rejected(ALICE);
    assertThat(checker.isKnown(grant(ALICE, ReadScope.CONTENT))).isFalse();
    assertThat(checker.isKnown(new Grant(other, ALICE, ReadScope.CONTENT))).isFalse();
    assertThat(checker.admit(late)).isEmpty();
    assertThat(checker.remembered(grant(BOB, ReadScope.CONTENT))).isPresent();
  }

  @Test
  void a_proof_of_the_metadata_opens_no_blob() {
    Authorised<RepoId> proof = checker.admit(read(ALICE, ReadScope.METADATA)).orElseThrow();
    BlobId blob = new BlobId(new Digest.Sha256("0".repeat(64)), 1);
    assertThatThrownBy(() -> AccessChecker.blob(proof, blob))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /** Evidence of a question that begins now. */
  private ReadEvidence asked() {
    return ReadEvidence.witnessed(OPEN, order.now());
  }
}
