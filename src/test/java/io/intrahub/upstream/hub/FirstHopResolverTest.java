package io.intrahub.upstream.hub;

import static io.intrahub.upstream.UpstreamResults.failure;
import static io.intrahub.upstream.UpstreamResults.refusal;
import static io.intrahub.upstream.UpstreamResults.value;
import static io.intrahub.upstream.hub.UpstreamRig.HOLDER;
import static io.intrahub.upstream.hub.UpstreamRig.REPO;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.Caller;
import io.intrahub.access.Grant;
import io.intrahub.access.ReadEvidence;
import io.intrahub.access.ReadScope;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Visibility;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.hub.Revision;
import io.intrahub.policy.UpstreamState;
import io.intrahub.testing.SettableClock;
import io.intrahub.upstream.FirstHop;
import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What upstream's own resolve says, in the shapes that the Hub gives it. */
class FirstHopResolverTest {
  private final DevHub hub = DevHub.builder().start();
  private final DevFile small = DevFile.text("{\"a\":1}");
  private final DevFile large = DevFile.lfsGenerated(7, 100_000);
  private final UpstreamRig rig = UpstreamRig.to(new SettableClock(), hub.uri());
  private DevRepo repo;
  private String commit;

  @BeforeEach
  void fill() {
    repo = hub.repo("model", "acme/x");
    commit = repo.commit("first", Map.of("config.json", small, "d/é +#.bin", large));
    hub.token(UpstreamRig.TOKEN, "alice");
  }

  @AfterEach
  void stop() {
    rig.close();
    hub.close();
  }

  private void assertFound(UpstreamResult<FirstHop> hop, DevFile file) {
    assertThat(hop).isInstanceOf(UpstreamResult.Value.class);
    FirstHop found = value(hop);
    assertThat(found.repo()).isEqualTo(REPO);
    assertThat(found.commit().hex()).isEqualTo(commit);
    assertThat(found.blob().digest().hex()).isEqualTo(file.etag());
    assertThat(found.blob().size()).isEqualTo(file.size());
  }

  @Test
  void a_redirect_to_the_cdn_says_it_all_in_one_call() {
    UpstreamResult<FirstHop> hop = rig.hop("d/é +#.bin");
    assertFound(hop, large);
    assertThat(value(hop).evidence()).isPresent();
    assertThat(hub.counters().requests()).isEqualTo(1);
    assertThat(hub.counters().requests(Route.CDN)).isZero();
  }

  @Test
  void a_relative_redirect_says_it_too() {
    assertFound(rig.hop("config.json"), small);
    assertThat(hub.counters().requests()).isEqualTo(1);
  }

  @Test
  void a_plain_200_as_another_mirror_gives_it_says_it_too() {
    hub.directSmallFiles(true);
    assertFound(rig.hop("config.json"), small);
  }

  @ParameterizedTest
  @ValueSource(strings = {"X-Linked-Size", "X-Linked-ETag"})
  void what_the_redirect_leaves_out_the_second_hop_adds(String header) {
    hub.faults().on(Route.RESOLVE).withoutHeader(header);
    assertFound(rig.hop("config.json"), small);
    assertThat(hub.counters().requests(Route.RESOLVE_CACHE)).isEqualTo(1);
  }

  /** The CDN's own ETag and length are never asked. */
  @ParameterizedTest
  @ValueSource(strings = {"X-Linked-Size", "X-Linked-ETag", "X-Repo-Commit"})
  void what_a_redirect_to_the_cdn_leaves_out_is_a_failure(String header) {
    hub.faults().on(Route.RESOLVE).withoutHeader(header);
    UpstreamResult<FirstHop> hop = rig.hop("d/é +#.bin");
    assertThat(hop).isInstanceOf(UpstreamResult.Failed.class);
    assertThat(failure(hop).kind()).isEqualTo(UpstreamFailure.Kind.INCOMPLETE_ANSWER);
    assertThat(hub.counters().requests(Route.CDN)).isZero();
  }

  @Test
  void a_200_without_a_commit_is_a_failure() {
    hub.directSmallFiles(true);
    hub.faults().on(Route.RESOLVE).withoutHeader("X-Repo-Commit");
    assertThat(rig.hop("config.json")).isInstanceOf(UpstreamResult.Failed.class);
  }

  @Test
  void an_etag_that_is_no_digest_is_a_failure() {
    hub.faults().on(Route.RESOLVE).changedEtag("d41d8cd98f00b204e9800998ecf8427e-3");
    assertThat(rig.hop("d/é +#.bin")).isInstanceOf(UpstreamResult.Failed.class);
  }

  @Test
  void a_renamed_repo_is_found_under_its_new_name() {
    repo.renamedFrom("old/name");
    for (String asked : new String[] {"old/name", "ACME/X"}) {
      UpstreamResult<FirstHop> hop =
          rig.upstream()
              .firstHop(
                  new RepoId(RepoType.MODEL, asked),
                  new Revision("main"),
                  new FilePath("d/é +#.bin"),
                  Caller.ANONYMOUS);
      assertFound(hop, large);
      assertThat(value(hop).evidence().orElseThrow().grant().repo()).isEqualTo(REPO);
    }
  }

  @Test
  void absences_are_refusals() {
    HubRefusal entry = refusal(rig.hop("nope"));
    assertThat(entry.error().code()).contains("EntryNotFound");
    assertThat(entry.commit().orElseThrow().hex()).isEqualTo(commit);
    HubRefusal other =
        refusal(
            rig.upstream()
                .firstHop(REPO, new Revision("nope"), new FilePath("f"), Caller.ANONYMOUS));
    assertThat(other.isOfRevision()).isTrue();
    assertThat(other.isOfRepo()).isFalse();
  }

  @Test
  void a_token_shows_a_private_repo_but_proves_nothing_for_others() {
    repo.visibility(Visibility.PRIVATE).allow(UpstreamRig.TOKEN);
    assertThat(refusal(rig.hop("config.json")).isOfRepo()).isTrue();
    UpstreamResult<FirstHop> hop = rig.hop("config.json", HOLDER);
    assertFound(hop, small);
    assertThat(value(hop).evidence().map(ReadEvidence::grant))
        .contains(new Grant(REPO, HOLDER.authority(), ReadScope.CONTENT));
  }

  @Test
  void what_a_token_shows_of_a_public_repo_is_evidence_for_that_token_only() {
    assertThat(rig.found("config.json", HOLDER).evidence().map(e -> e.grant().authority()))
        .contains(HOLDER.authority());
  }

  /** The Hub may show the card of a gated repo to everybody. */
  @Test
  void the_card_of_a_repo_is_evidence_of_nothing() {
    repo.commit("Card", Map.of("README.md", DevFile.text("# It")));
    assertThat(rig.found("README.md", Caller.ANONYMOUS).evidence()).isEmpty();
    assertThat(rig.found("README.md", HOLDER).evidence()).isEmpty();
  }

  @Test
  void a_gate_is_a_refusal_of_the_bytes() {
    repo.visibility(Visibility.GATED);
    HubRefusal refused = refusal(rig.hop("config.json"));
    assertThat(refused.isGate()).isTrue();
    assertThat(refused.isOfRepo()).isTrue();
  }

  @Test
  void a_login_page_is_a_failure() {
    hub.faults().on(Route.RESOLVE).loginPage();
    UpstreamFailure failed = failure(rig.hop("config.json"));
    assertThat(failed.kind()).isEqualTo(UpstreamFailure.Kind.UNEXPECTED_ANSWER);
  }

  @Test
  void offline_nothing_is_asked() {
    try (UpstreamRig offline = UpstreamRig.offline(hub.uri())) {
      UpstreamFailure failed = failure(offline.hop("config.json"));
      assertThat(failed.kind()).isEqualTo(UpstreamFailure.Kind.OFFLINE);
      assertThat(hub.counters().requests()).isZero();
    }
  }

  @Test
  void a_hub_that_is_unreachable_five_times_is_left_alone_and_probed_later() {
    SettableClock clock = new SettableClock();
    try (UpstreamRig probing = UpstreamRig.to(clock, hub.uri())) {
      hub.goDark();
      for (int i = 0; i < 5; i++) {
        assertThat(probing.upstream().state()).isEqualTo(UpstreamState.REACHABLE);
        assertThat(probing.learn(UpstreamRig.REPO)).isInstanceOf(UpstreamResult.Failed.class);
      }
      assertThat(probing.upstream().state()).isEqualTo(UpstreamState.DOWN);
      assertThat(probing.upstream().isUnavailable()).isTrue();
      hub.comeBack();
      assertThat(probing.learn(UpstreamRig.REPO)).isInstanceOf(UpstreamResult.Failed.class);
      assertThat(probing.hop("config.json")).isInstanceOf(UpstreamResult.Failed.class);
      assertThat(hub.counters().requests()).isZero();
      clock.pass(Duration.ofSeconds(5));
      assertFound(probing.learn(UpstreamRig.REPO), small);
      assertThat(probing.upstream().isUnavailable()).isFalse();
    }
  }

  /** A client may ask for what fails as often as it likes. */
  @Test
  void a_hub_that_fails_calls_that_are_passed_on_is_not_down() {
    hub.goDark();
    for (int i = 0; i < 8; i++) {
      assertThat(rig.hop("config.json")).isInstanceOf(UpstreamResult.Failed.class);
      assertThat(rig.upstream().call(ApiRequest.get("/api/boom" + i), HOLDER))
          .isInstanceOf(UpstreamResult.Failed.class);
    }
    assertThat(rig.upstream().state()).isEqualTo(UpstreamState.REACHABLE);
    hub.comeBack();
    assertFound(rig.learn(UpstreamRig.REPO), small);
  }

  @Test
  void one_repo_that_fails_for_ever_is_asked_about_each_time() {
    hub.faults().on(Route.RESOLVE).status(503);
    for (int i = 0; i < 8; i++) {
      assertThat(rig.learn(UpstreamRig.REPO)).isInstanceOf(UpstreamResult.Failed.class);
    }
    assertThat(hub.counters().requests()).isEqualTo(8L * RetryPolicy.TRIES);
    assertThat(rig.upstream().state()).isEqualTo(UpstreamState.REACHABLE);
  }

  @Test
  void a_hub_that_fails_for_several_repos_is_asked_about_others_only() {
    hub.faults().on(Route.RESOLVE).status(503);
    for (int i = 0; i < 5; i++) {
      assertThat(rig.learn(repo(i))).isInstanceOf(UpstreamResult.Failed.class);
    }
    hub.counters().reset();
    assertThat(rig.learn(repo(0))).isInstanceOf(UpstreamResult.Failed.class);
    assertThat(hub.counters().requests()).isZero();
    // Who may read it is asked all the same, and so is another repo, whose answer ends the trouble.
    assertThat(rig.upstream().confirm(repo(0), Optional.empty(), Caller.ANONYMOUS))
        .isInstanceOf(UpstreamResult.Refused.class);
    hub.faults().clear();
    assertFound(rig.learn(UpstreamRig.REPO), small);
    assertThat(rig.learn(repo(0))).isInstanceOf(UpstreamResult.Refused.class);
  }

  private static RepoId repo(int number) {
    return new RepoId(RepoType.MODEL, "acme/broken" + number);
  }
}
