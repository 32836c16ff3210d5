package io.intrahub.upstream.hub;

import static io.intrahub.upstream.UpstreamResults.value;
import static io.intrahub.upstream.hub.UpstreamRig.HOLDER;
import static io.intrahub.upstream.hub.UpstreamRig.MAIN;
import static io.intrahub.upstream.hub.UpstreamRig.REPO;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.Caller;
import io.intrahub.access.ReadEvidence;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Route;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.FilePath;
import io.intrahub.testing.SettableClock;
import io.intrahub.upstream.FirstHop;
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

/** What an answer proves that another mirror gave from its store. */
class GrantAgeTest {
  private static final FilePath FILE = new FilePath("config.json");
  private static final String INFO =
      "{\"id\":\"acme/x\",\"private\":false,\"gated\":false,\"sha\":\"%s\"}";

  private final SettableClock clock = new SettableClock();
  private DevHub hub;
  private UpstreamRig rig;
  private String commit = "";

  @BeforeEach
  void start() throws Exception {
    hub = DevHub.builder().start();
    hub.token(UpstreamRig.TOKEN, "alice");
    hub.repo("model", "acme/x").commit("Add it", Map.of("config.json", DevFile.text("{}")));
    commit = hub.repo("model", "acme/x").commitOf("main").orElseThrow();
    rig = UpstreamRig.to(clock, hub.uri());
  }

  @AfterEach
  void stop() {
    rig.close();
    hub.close();
  }

  /** From now on repo info comes as from a mirror with this label. */
  private void label(String cacheStatus) {
    hub.faults()
        .on(Route.REPO_INFO)
        .always()
        .status(200, Map.of("Cache-Status", cacheStatus), INFO.formatted(commit));
  }

  private Duration age(Optional<ReadEvidence> evidence) {
    return Duration.between(evidence.orElseThrow().asked().at(), clock.instant());
  }

  private Optional<ReadEvidence> learned() {
    RepoInfoAnswer info =
        value(rig.upstream().learnInfo(REPO, Optional.empty(), "", Caller.ANONYMOUS));
    info.body().close();
    return info.evidence();
  }

  @Test
  void the_hubs_own_word_is_as_old_as_the_question() {
    assertThat(age(learned())).isZero();
  }

  @Test
  void a_mirror_says_how_old_its_grant_is() {
    label("intrahub; hit; ttl=30; grant-age=241");

    assertThat(age(learned())).isEqualTo(Duration.ofSeconds(241));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "intrahub; hit; ttl=30",
        "intrahub; fwd=miss; stored",
        "intrahub; fwd=bypass",
        "intrahub; hit; grant-age=soon",
        "intrahub; hit; ttl=30, intrahub; hit; grant-age=3"
      })
  void an_answer_whose_grant_has_no_known_age_confirms_nothing(String cacheStatus) {
    label(cacheStatus);

    assertThat(rig.upstream().confirm(REPO, Optional.empty(), HOLDER).asFailure())
        .hasValueSatisfying(
            failure -> assertThat(failure.kind()).isEqualTo(UpstreamFailure.Kind.STALE_ANSWER));
    assertThat(rig.upstream().learnInfo(REPO, Optional.empty(), "", Caller.ANONYMOUS).asFailure())
        .hasValueSatisfying(
            failure -> assertThat(failure.kind()).isEqualTo(UpstreamFailure.Kind.STALE_ANSWER));
    RepoInfoAnswer passed =
        value(rig.upstream().repoInfo(REPO, Optional.empty(), "", Caller.ANONYMOUS));
    passed.body().close();
    assertThat(passed.evidence()).isEmpty();
    assertThat(passed.grantAge()).isEmpty();
    assertThat(passed.stale()).isFalse();
  }

  @Test
  void the_first_hop_of_a_file_confirms_nothing_either() {
    hub.faults()
        .on(Route.RESOLVE)
        .always()
        .status(
            200,
            Map.of(
                "Cache-Status",
                "intrahub; hit",
                "X-Repo-Commit",
                commit,
                "X-Linked-Size",
                "2",
                "ETag",
                "\"" + DevFile.text("{}").etag() + "\""),
            "{}");

    assertThat(rig.upstream().learnFile(REPO, MAIN, FILE, Caller.ANONYMOUS).asFailure())
        .hasValueSatisfying(
            failure -> assertThat(failure.kind()).isEqualTo(UpstreamFailure.Kind.STALE_ANSWER));
    UpstreamResult<FirstHop> byCommit =
        rig.upstream().learnFile(REPO, new CommitHash(commit).asRevision(), FILE, Caller.ANONYMOUS);
    assertThat(value(byCommit).evidence()).isEmpty();
    assertThat(value(byCommit).stale()).isFalse();
  }
}
