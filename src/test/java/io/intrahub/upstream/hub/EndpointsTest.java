package io.intrahub.upstream.hub;

import static io.intrahub.upstream.UpstreamResults.value;
import static io.intrahub.upstream.hub.UpstreamRig.HOLDER;
import static io.intrahub.upstream.hub.UpstreamRig.REPO;
import static io.intrahub.upstream.hub.UpstreamRig.readAll;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.access.Caller;
import io.intrahub.access.Grant;
import io.intrahub.access.ReadEvidence;
import io.intrahub.access.ReadScope;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.RateGroup;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import io.intrahub.devhub.Visibility;
import io.intrahub.hub.ByteRange.Span;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.policy.UpstreamState;
import io.intrahub.testing.SettableClock;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.FirstHop;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The Hub first, another mirror when it fails; and the answers of the API. */
class EndpointsTest {
  /** Within this the other endpoint has to answer, on any machine. */
  private static final Duration SILENCE = Duration.ofSeconds(2);

  private static final FilePath PATH = new FilePath("f.bin");

  private final DevHub hub = DevHub.builder().start();
  private final DevHub other = DevHub.builder().start();
  private final UpstreamRig rig = UpstreamRig.to(new SettableClock(), hub.uri(), other.uri());
  private final DevFile file = DevFile.lfsGenerated(3, 5_000);

  @BeforeEach
  void fill() {
    for (DevHub one : new DevHub[] {hub, other}) {
      one.token(UpstreamRig.TOKEN, "alice");
      one.repo("model", "acme/x").commit("first", Map.of("f.bin", file, "a/b.txt", file));
    }
  }

  @AfterEach
  void stop() {
    rig.close();
    hub.close();
    other.close();
  }

  @Test
  void while_the_hub_answers_nobody_else_is_asked() {
    assertThat(rig.found("f.bin", Caller.ANONYMOUS).evidence()).isPresent();
    assertThat(rig.hop("nope")).isInstanceOf(UpstreamResult.Refused.class);
    assertThat(other.counters().requests()).isZero();
  }

  /** Clients can cause both, so an old grant must not count as it does in an outage. */
  @ParameterizedTest
  @CsvSource({
    "detail=limited, RATE_LIMITED, RATE_LIMITED",
    "detail=busy, BUSY, RATE_LIMITED",
    "detail=other, SERVER_ERROR, SERVER_ERROR"
  })
  void an_error_of_another_mirror_that_is_due_to_a_limit_is_no_outage(
      String detail, UpstreamFailure.Kind confirmed, UpstreamFailure.Kind learned) {
    hub.faults()
        .everywhere()
        .status(503, Map.of("Cache-Status", "intrahub; " + detail, "Retry-After", "9"), "{}");
    assertThat(rig.upstream().confirm(REPO, Optional.empty(), HOLDER).asFailure())
        .hasValueSatisfying(failure -> assertThat(failure.kind()).isEqualTo(confirmed));
    assertThat(rig.upstream().learnInfo(REPO, Optional.empty(), "", Caller.ANONYMOUS).asFailure())
        .hasValueSatisfying(failure -> assertThat(failure.kind()).isEqualTo(learned));
  }

  /** An outage makes an old grant count, and a limit that the client may have caused does not. */
  @Test
  void an_outage_of_the_second_authoritative_endpoint_does_not_hide_a_limit_at_the_first() {
    other.goDark();
    try (UpstreamRig both =
        UpstreamRig.to(
            new SettableClock(),
            EndpointSettings.trusted(hub.uri()),
            EndpointSettings.trusted(other.uri()))) {
      hub.faults().everywhere().status(429, Map.of("Retry-After", "60"), "{}");
      for (String when : new String[] {"asked", "known"}) {
        assertThat(both.upstream().confirm(REPO, Optional.empty(), HOLDER).asFailure())
            .as(when)
            .hasValueSatisfying(
                failure -> assertThat(failure.kind()).isEqualTo(UpstreamFailure.Kind.RATE_LIMITED));
      }
    }
  }

  /** Or such an endpoint could keep the mirror from asking for new commits. */
  @Test
  void an_endpoint_that_is_not_authoritative_does_not_say_how_many_calls_the_hub_allows() {
    other
        .faults()
        .on(Route.OTHER_API)
        .status(
            200,
            Map.of(
                "RateLimit",
                "\"api\";r=1;t=200",
                "RateLimit-Policy",
                "\"fixed window\";\"api\";q=500;w=300",
                "Content-Type",
                "application/json"),
            "[]");
    try (UpstreamRig strange =
        UpstreamRig.to(
            new SettableClock(),
            EndpointSettings.untrusted(other.uri()),
            EndpointSettings.trusted(hub.uri()))) {
      HubUpstream upstream = strange.upstream();
      var _ = upstream.call(ApiRequest.get("/api/models?author=acme"), Caller.ANONYMOUS);
      assertThat(other.counters().requests(Route.OTHER_API)).isEqualTo(1);
      assertThat(upstream.quotas().isLow(Caller.ANONYMOUS.authority())).isFalse();
      assertThat(upstream.state(Caller.ANONYMOUS.authority())).isEqualTo(UpstreamState.REACHABLE);
    }
  }

  @Test
  void when_it_is_down_another_may_answer_but_proves_nothing() throws IOException {
    hub.goDark();
    FirstHop found = rig.found("f.bin", Caller.ANONYMOUS);
    assertThat(found.evidence()).isEmpty();
    assertThat(readAll(rig.source(found, "f.bin", Caller.ANONYMOUS).open(Span.all(5_000))))
        .isEqualTo(file.allBytes());
    RepoInfoAnswer info =
        value(rig.upstream().repoInfo(REPO, Optional.empty(), "", Caller.ANONYMOUS));
    assertThat(info.facts().openToAll()).isTrue();
    assertThat(info.evidence()).isEmpty();
    hub.comeBack();
  }

  @Test
  void what_came_wrong_from_the_hub_is_fetched_from_another() throws IOException {
    BlobSource source = rig.source(rig.found("f.bin", Caller.ANONYMOUS), "f.bin", Caller.ANONYMOUS);
    assertThat(readAll(source.open(Span.all(5_000)))).isEqualTo(file.allBytes());
    source.reportWrongContent();

    assertThat(readAll(source.open(Span.all(5_000)))).isEqualTo(file.allBytes());
    assertThat(hub.counters().requests(Route.CDN)).isEqualTo(1);
    assertThat(other.counters().requests(Route.CDN)).isEqualTo(1);
    // And from the Hub again when the other has not got it.
    other.delete("model", "acme/x");
    source.reportWrongContent();
    source.reportWrongContent();
    assertThat(readAll(source.open(Span.all(5_000)))).isEqualTo(file.allBytes());
  }

  /** A second client's wrong bytes are told later, when others are asked for elsewhere already. */
  @Test
  void an_endpoint_is_not_blamed_for_what_came_from_another() throws IOException {
    FirstHop found = rig.found("f.bin", Caller.ANONYMOUS);
    BlobSource one = rig.source(found, "f.bin", Caller.ANONYMOUS);
    BlobSource two = rig.source(found, "f.bin", Caller.ANONYMOUS);
    readAll(one.open(Span.all(5_000)));
    readAll(two.open(Span.all(5_000)));
    assertThat(hub.counters().requests(Route.CDN)).isEqualTo(2);

    one.reportWrongContent();
    readAll(rig.source(found, "f.bin", Caller.ANONYMOUS).open(Span.all(5_000)));
    assertThat(other.counters().requests(Route.CDN)).isEqualTo(1);
    two.reportWrongContent();
    readAll(rig.source(found, "f.bin", Caller.ANONYMOUS).open(Span.all(5_000)));

    assertThat(hub.counters().requests(Route.CDN)).isEqualTo(2);
    assertThat(other.counters().requests(Route.CDN)).isEqualTo(2);
  }

  /** It was wrong once; that another has not got it at all is no reason to keep away from it. */
  @ParameterizedTest
  @ValueSource(strings = {"names another content", "refuses the address it gave"})
  void the_hub_is_asked_again_when_the_other_is_of_no_use(String what) throws IOException {
    BlobSource source = rig.source(rig.found("f.bin", Caller.ANONYMOUS), "f.bin", Caller.ANONYMOUS);
    readAll(source.open(Span.all(5_000)));
    if (what.startsWith("names")) {
      other.faults().on(Route.RESOLVE).changedEtag("ab".repeat(32));
    } else {
      other.faults().on(Route.CDN).status(403);
    }
    source.reportWrongContent();

    assertThat(readAll(source.open(Span.all(5_000)))).isEqualTo(file.allBytes());
    assertThat(hub.counters().requests(Route.CDN)).isEqualTo(2);
  }

  /** Tokens go to the Hub only. */
  @Test
  void a_token_holders_file_that_came_wrong_is_fetched_from_the_hub_again() throws IOException {
    hub.repo("model", "acme/x").visibility(Visibility.PRIVATE).allow(UpstreamRig.TOKEN);
    BlobSource source = rig.source(rig.found("f.bin", HOLDER), "f.bin", HOLDER);
    readAll(source.open(Span.all(5_000)));
    source.reportWrongContent();
    assertThat(readAll(source.open(Span.all(5_000)))).isEqualTo(file.allBytes());
    assertThat(other.counters().requests()).isZero();
  }

  /** A second mirror of the operator, for example, which gets tokens and is believed too. */
  @Test
  void another_that_is_trusted_stands_in_and_the_preferred_one_is_asked_again_when_it_is_back() {
    SettableClock clock = new SettableClock();
    try (UpstreamRig both =
        UpstreamRig.to(
            clock, EndpointSettings.trusted(hub.uri()), EndpointSettings.trusted(other.uri()))) {
      for (DevHub one : new DevHub[] {hub, other}) {
        one.repo("model", "acme/x").visibility(Visibility.PRIVATE).allow(UpstreamRig.TOKEN);
      }
      assertThat(both.found("f.bin", HOLDER).evidence()).isPresent();
      assertThat(other.counters().requests()).isZero();

      hub.goDark();
      assertThat(both.found("f.bin", HOLDER).evidence()).isPresent();
      assertThat(both.hop("f.bin")).isInstanceOf(UpstreamResult.Refused.class);
      assertThat(value(both.upstream().confirm(REPO, Optional.empty(), HOLDER)).evidence())
          .isPresent();
      assertThat(both.upstream().isUnavailable()).isFalse();

      hub.comeBack();
      clock.pass(Duration.ofMinutes(2));
      long before = other.counters().requests();
      long home = hub.counters().requests();
      assertThat(both.found("f.bin", HOLDER).evidence()).isPresent();
      assertThat(both.found("f.bin", HOLDER).evidence()).isPresent();
      assertThat(other.counters().requests()).isEqualTo(before);
      assertThat(hub.counters().requests()).isEqualTo(home + 2);
    }
  }

  @Test
  void another_that_is_trusted_answers_for_one_that_is_silent_and_who_asks_next_does_not_wait() {
    try (UpstreamRig both =
        UpstreamRig.withSilence(
            SILENCE,
            new SettableClock(),
            EndpointSettings.trusted(hub.uri()),
            EndpointSettings.trusted(other.uri()))) {
      hub.blackHole(true);
      assertThat(value(both.upstream().confirm(REPO, Optional.empty(), HOLDER)).evidence())
          .isPresent();
      long asked = callsOfClients();
      assertThat(value(both.upstream().confirm(REPO, Optional.empty(), HOLDER)).evidence())
          .isPresent();
      ApiRequest search = ApiRequest.get("/api/models?author=acme");
      assertThat(both.upstream().call(search, HOLDER)).isInstanceOf(UpstreamResult.Value.class);
      assertThat(callsOfClients()).isEqualTo(asked);
      hub.blackHole(false);
    }
  }

  /** Those that are no liveness checks. */
  private long callsOfClients() {
    return hub.log().stream().filter(call -> !call.method().equals("HEAD")).count();
  }

  /** The Hub counts it too. */
  @Test
  void a_liveness_check_counts_against_the_quota() throws Exception {
    hub.rateLimit(RateGroup.PAGES, 100, Duration.ofMinutes(5));
    try (UpstreamRig slow =
            UpstreamRig.withSilence(
                Duration.ofMillis(200), new SettableClock(), EndpointSettings.trusted(hub.uri()));
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Stall stall = hub.faults().on(Route.REPO_INFO).hold();
      Future<UpstreamResult<RepoInfoAnswer>> call =
          threads.submit(() -> slow.upstream().confirm(REPO, Optional.empty(), HOLDER));
      await().until(() -> !slow.upstream().quotas().list().isEmpty());
      stall.release();
      assertThat(call.get()).isInstanceOf(UpstreamResult.Value.class);
      assertThat(slow.upstream().quotas().list())
          .extracting(q -> q.identity() + " " + q.quota())
          .contains("anonymous pages");
    }
  }

  /** Or a client that uses the quota up would make the Hub look silent to everybody. */
  @Test
  void a_liveness_check_is_sent_although_its_quota_is_used_up() throws Exception {
    hub.rateLimit(RateGroup.PAGES, 1, Duration.ofMinutes(5));
    try (UpstreamRig slow =
            UpstreamRig.withSilence(
                Duration.ofMillis(200), new SettableClock(), EndpointSettings.trusted(hub.uri()));
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Stall stall = hub.faults().on(Route.REPO_INFO).hold();
      Future<UpstreamResult<RepoInfoAnswer>> call =
          threads.submit(() -> slow.upstream().confirm(REPO, Optional.empty(), HOLDER));
      try {
        await().until(() -> hub.counters().requests(Route.FRONT_PAGE) >= 3);
      } finally {
        stall.release();
      }
      assertThat(call.get()).isInstanceOf(UpstreamResult.Value.class);
    }
  }

  @Test
  void a_passed_on_call_goes_from_a_silent_endpoint_to_the_next_that_may_have_its_token() {
    try (DevHub open = DevHub.builder().start();
        UpstreamRig three =
            UpstreamRig.withSilence(
                SILENCE,
                new SettableClock(),
                EndpointSettings.trusted(hub.uri()),
                EndpointSettings.publicMirror(open.uri()),
                EndpointSettings.trusted(other.uri()))) {
      hub.blackHole(true);
      ApiRequest who = ApiRequest.get("/api/whoami-v2");
      assertThat(three.upstream().call(who, HOLDER)).isInstanceOf(UpstreamResult.Value.class);
      assertThat(open.log()).isEmpty();
      hub.blackHole(false);
    }
  }

  /** The order says where bytes come from, and not whose word counts. */
  @Test
  void bytes_come_from_the_preferred_mirror_though_only_the_hub_is_believed() throws IOException {
    other.repo("model", "acme/x").visibility(Visibility.PRIVATE).allow(UpstreamRig.TOKEN);
    try (UpstreamRig behind =
        UpstreamRig.to(
            new SettableClock(),
            EndpointSettings.untrusted(hub.uri()),
            EndpointSettings.trusted(other.uri()))) {
      assertThat(behind.upstream().learnFile(REPO, UpstreamRig.MAIN, PATH, Caller.ANONYMOUS))
          .isInstanceOf(UpstreamResult.Refused.class);
      assertThat(hub.counters().requests()).isZero();
      FirstHop found = value(behind.upstream().learnFile(REPO, UpstreamRig.MAIN, PATH, HOLDER));
      assertThat(found.evidence()).isPresent();
      assertThat(hub.counters().requests()).isZero();

      other.repo("model", "acme/x").visibility(Visibility.PUBLIC);
      BlobSource source = behind.source(found, "f.bin", Caller.ANONYMOUS);
      assertThat(readAll(source.open(Span.all(5_000)))).isEqualTo(file.allBytes());
      assertThat(hub.counters().requests(Route.CDN)).isEqualTo(1);
      assertThat(other.counters().requests(Route.CDN)).isZero();
    }
  }

  /** As a public mirror of the Hub that is the only endpoint. */
  @Test
  void one_that_receives_no_token_is_never_asked_in_the_name_of_a_holder() {
    try (UpstreamRig mirror =
        UpstreamRig.to(new SettableClock(), EndpointSettings.publicMirror(hub.uri()))) {
      assertThat(mirror.found("f.bin", Caller.ANONYMOUS).evidence()).isPresent();
      long asked = hub.counters().requests();
      assertThat(mirror.hop("f.bin", HOLDER)).isInstanceOf(UpstreamResult.Failed.class);
      assertThat(hub.counters().requests()).isEqualTo(asked);
      assertThat(hub.log()).noneMatch(r -> r.authorization().isPresent());
    }
  }

  @Test
  void its_refusals_count_for_nothing() {
    hub.goDark();
    other.repo("model", "acme/x").visibility(Visibility.PRIVATE);
    assertThat(rig.hop("f.bin")).isInstanceOf(UpstreamResult.Failed.class);
    assertThat(rig.upstream().repoInfo(REPO, Optional.empty(), "", Caller.ANONYMOUS))
        .isInstanceOf(UpstreamResult.Failed.class);
    hub.comeBack();
  }

  @Test
  void no_token_ever_goes_there() {
    hub.goDark();
    assertThat(rig.hop("f.bin", HOLDER)).isInstanceOf(UpstreamResult.Failed.class);
    assertThat(rig.upstream().call(ApiRequest.get("/api/whoami-v2"), HOLDER))
        .isInstanceOf(UpstreamResult.Failed.class);
    assertThat(other.counters().requests()).isZero();
    hub.comeBack();
  }

  @Test
  void a_token_follows_no_redirect_to_another_origin() {
    String away = "http://127.0.0.1:" + other.uri().getPort() + "/api/models/acme/x";
    hub.faults().on(Route.REPO_INFO).status(307, Map.of("Location", away), "");
    assertThat(rig.upstream().repoInfo(REPO, Optional.empty(), "", HOLDER))
        .isInstanceOf(UpstreamResult.Failed.class);
    assertThat(other.counters().requests()).isZero();
  }

  @Test
  void a_redirect_at_home_is_followed_with_its_token() {
    hub.repo("model", "acme/x")
        .renamedFrom("old/name")
        .visibility(Visibility.PRIVATE)
        .allow(UpstreamRig.TOKEN);
    UpstreamResult<RepoInfoAnswer> answer =
        rig.upstream()
            .repoInfo(new RepoId(RepoType.MODEL, "old/name"), Optional.empty(), "", HOLDER);
    assertThat(value(answer).repo()).isEqualTo(REPO);
    assertThat(value(answer).evidence().map(ReadEvidence::grant))
        .contains(new Grant(REPO, HOLDER.authority(), ReadScope.CONTENT));
  }

  @Test
  void json_comes_without_xet() {
    ApiAnswer tree =
        value(
            rig.upstream().call(ApiRequest.get("/api/models/acme/x/tree/main"), Caller.ANONYMOUS));
    assertThat(new String(tree.body().bytes(), StandardCharsets.UTF_8))
        .contains("\"type\":\"file\"")
        .doesNotContain("xetHash");
  }

  @ParameterizedTest
  @ValueSource(strings = {"garbage", "truncated", "login", "redirects"})
  void an_answer_that_is_not_the_hubs_is_a_failure(String what) {
    other.goDark();
    switch (what) {
      case "garbage" -> hub.faults().on(Route.REPO_INFO).garbageJson();
      case "truncated" -> hub.faults().on(Route.REPO_INFO).truncate(20);
      case "login" -> hub.faults().on(Route.REPO_INFO).loginPage();
      default ->
          hub.faults()
              .on(Route.REPO_INFO)
              .status(307, Map.of("Location", "/api/models/acme/x"), "");
    }
    assertThat(rig.upstream().repoInfo(REPO, Optional.empty(), "", Caller.ANONYMOUS))
        .isInstanceOf(UpstreamResult.Failed.class);
    assertThat(hub.counters().requests()).isLessThan(10);
    other.comeBack();
  }

  @ParameterizedTest
  @CsvSource({
    "HOME/api/models/acme/x/tree/main?cursor=a%3D&limit=5,"
        + " /api/models/acme/x/tree/main?cursor=a%3D&limit=5",
    "/api/x?p=1, /api/x?p=1",
    "HOME/api/x, /api/x",
  })
  void the_next_page_at_home_is_a_target(String url, String target) {
    String link = "<" + url.replace("HOME", hub.uri().toString()) + ">; rel=\"next\"";
    assertThat(nextPage(rig, link)).contains(target);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "<http://169.254.169.254/latest>; rel=\"next\"",
        "<https://HOST/api/x>; rel=\"next\"",
        "<http://user@evil.example/api/x>; rel=\"next\"",
        "<HOME/api/x>; rel=\"prev\"",
        "<//evil.example/x>; rel=\"next\"",
        "<javascript:alert(1)>; rel=\"next\"",
        "<>",
        ""
      })
  void a_next_page_elsewhere_is_none(String link) {
    String here =
        link.replace("HOME", hub.uri().toString()).replace("HOST", hub.uri().getAuthority());
    assertThat(nextPage(rig, here)).isEmpty();
  }

  @Test
  void an_endpoint_may_lie_under_a_path() {
    try (UpstreamRig below =
        UpstreamRig.to(new SettableClock(), URI.create("http://127.0.0.1:1/hf/"))) {
      assertThat(nextPage(below, "<http://127.0.0.1:1/hf/api/x?p=1>; rel=\"next\""))
          .contains("/api/x?p=1");
    }
  }

  /** The target of the page behind an answer to some other path; empty when none is followed. */
  private static Optional<String> nextPage(UpstreamRig rig, String link) {
    ApiAnswer answer = new ApiAnswer(200, Map.of("link", link), ApiBody.of(new byte[0]));
    return rig.upstream().nextPage(answer, "/api/other") instanceof ApiUpstream.NextPage.At at
        ? Optional.of(at.target())
        : Optional.empty();
  }
}
