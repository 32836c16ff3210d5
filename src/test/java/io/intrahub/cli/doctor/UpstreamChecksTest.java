package io.intrahub.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.AccessToken;
import io.intrahub.cli.doctor.Finding.Status;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.RateGroup;
import io.intrahub.devhub.Route;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.testing.FreePorts;
import io.intrahub.testing.SettableClock;
import io.intrahub.testing.TokenSearch;
import io.intrahub.upstream.hub.EndpointSettings;
import io.intrahub.upstream.net.HttpProbe;
import io.intrahub.upstream.net.HttpProxy;
import io.intrahub.upstream.net.NetworkSettings;
import io.intrahub.upstream.net.NoProxyList;
import io.intrahub.upstream.net.ProxySettings;
import java.io.IOException;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import mockwebserver3.MockWebServer;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The checks of the way to the Hub, against a simulated one. */
@Timeout(60)
class UpstreamChecksTest {
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/tiny");
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final HttpProbe http =
      new HttpProbe(NetworkSettings.DEFAULT, Set.of("127.0.0.1", "localhost"), timer);
  private DevHub hub;

  @BeforeEach
  void start() {
    hub = DevHub.builder().clock(new SettableClock()).start();
    hub.repo("model", "acme/tiny")
        .commit(
            "Add it",
            Map.of(
                "README.md", DevFile.text("# Tiny\n"),
                "a dir/m 1.bin", DevFile.lfsGenerated(3, 100_000)));
  }

  @AfterEach
  void stop() {
    hub.close();
    http.close();
    timer.shutdownNow();
  }

  private EndpointProbe endpoint() {
    return endpoint(EndpointSettings.trusted(hub.uri()), PATIENCE);
  }

  private EndpointProbe endpoint(EndpointSettings settings, Duration patience) {
    return new EndpointProbe(http, settings, patience);
  }

  @Test
  void a_hub_that_is_well_passes_all() throws Exception {
    for (Check check :
        List.of(
            new DnsCheck(hub.uri(), ProxySettings.DIRECT),
            new ConnectionCheck(endpoint(), REPO),
            new ClockCheck(endpoint(), REPO, Clock.systemUTC()),
            new LatencyCheck(endpoint(), REPO),
            new RateBudgetCheck(endpoint(), REPO, new SiteToken.NotUsed("")),
            new FileServerCheck(endpoint(), REPO, ProxySettings.DIRECT))) {
      assertThat(check.run().status()).as(check.name()).isEqualTo(Status.OK);
    }
    assertThat(new FileServerCheck(endpoint(), REPO, ProxySettings.DIRECT).run().summary())
        .startsWith("localhost answered 206");
  }

  /**
   * Names under "invalid" do not exist (RFC 6761 section 6.4); a label this long is not even asked
   * for.
   */
  @Test
  void a_name_that_can_not_be_resolved_fails_with_what_to_do() {
    String host = "n".repeat(64) + ".invalid";

    Finding finding = DnsCheck.look(host);

    assertThat(finding.status()).isEqualTo(Status.FAILED);
    assertThat(finding.summary()).isEqualTo(host + " can't be resolved");
    assertThat(finding.advice())
        .anyMatch(advice -> advice.contains("getent hosts " + host))
        .anyMatch(advice -> advice.contains("upstream.proxy"));
  }

  @Test
  void a_slow_name_server_is_a_warning() {
    assertThat(DnsCheck.judge(1, 999).status()).isEqualTo(Status.OK);
    assertThat(DnsCheck.judge(2, 1_000))
        .satisfies(f -> assertThat(f.status()).isEqualTo(Status.WARNING))
        .satisfies(f -> assertThat(f.summary()).isEqualTo("2 addresses in 1000 ms"))
        .satisfies(f -> assertThat(f.advice()).isNotEmpty());
  }

  /** One slow answer is an exception, most of them are a slow line. */
  @Test
  void slow_answers_are_a_warning_as_missing_ones_are() {
    LatencyCheck check = new LatencyCheck(endpoint(), REPO);

    assertThat(check.judge(List.of(5_000L, 1L, 999L, 2L, 2_000L), 0, ""))
        .satisfies(f -> assertThat(f.status()).isEqualTo(Status.OK))
        .satisfies(
            f -> assertThat(f.summary()).isEqualTo("median 999 ms of 5 answers, slowest 5000 ms"));
    assertThat(check.judge(List.of(1_000L, 1_001L, 1L, 1_000L, 2L), 0, ""))
        .satisfies(f -> assertThat(f.status()).isEqualTo(Status.WARNING))
        .satisfies(f -> assertThat(f.advice()).anyMatch(a -> a.contains("silence-timeout")));
    assertThat(check.judge(List.of(1L, 1L, 1L), 2, "reset"))
        .satisfies(f -> assertThat(f.status()).isEqualTo(Status.WARNING))
        .satisfies(f -> assertThat(f.summary()).endsWith("; 2 had none: reset"));
    assertThat(check.judge(List.of(), 5, "reset"))
        .satisfies(f -> assertThat(f.status()).isEqualTo(Status.FAILED))
        .satisfies(f -> assertThat(f.summary()).isEqualTo("no answer to 5 questions: reset"));
  }

  @Test
  void a_certificate_of_an_unknown_ca_is_named_with_the_option() throws Exception {
    HeldCertificate ca =
        new HeldCertificate.Builder().certificateAuthority(0).commonName("Acme Root").build();
    HeldCertificate own =
        new HeldCertificate.Builder().signedBy(ca).addSubjectAlternativeName("localhost").build();
    try (MockWebServer server = new MockWebServer()) {
      server.useHttps(
          new HandshakeCertificates.Builder().heldCertificate(own).build().sslSocketFactory());
      server.start();
      URI address = URI.create("https://localhost:" + server.getPort());

      Finding finding =
          new ConnectionCheck(endpoint(EndpointSettings.trusted(address), PATIENCE), REPO).run();

      assertThat(finding.status()).isEqualTo(Status.FAILED);
      assertThat(finding.summary()).contains("CN=Acme Root").contains("upstream.ca-files");
    }
  }

  @Test
  void a_hub_that_never_answers_fails_in_time() {
    hub.blackHole(true);
    EndpointProbe endpoint = endpoint(EndpointSettings.trusted(hub.uri()), Duration.ofMillis(200));

    Finding finding = new ConnectionCheck(endpoint, REPO).run();

    assertThat(finding.status()).isEqualTo(Status.FAILED);
    assertThat(finding.summary()).contains("within 200 ms");
    assertThat(finding.advice()).anyMatch(advice -> advice.contains("firewall"));
    hub.blackHole(false);
  }

  @Test
  void a_login_page_is_not_taken_for_the_hub() {
    hub.faults().on(Route.REPO_INFO).always().loginPage();

    Finding finding = new ConnectionCheck(endpoint(), REPO).run();

    assertThat(finding.status()).isEqualTo(Status.FAILED);
    assertThat(finding.advice()).anyMatch(advice -> advice.contains("login"));
  }

  @Test
  void a_clock_that_is_an_hour_off_is_reported_with_its_direction() {
    Clock ahead = Clock.offset(Clock.systemUTC(), Duration.ofHours(1));
    Clock behind = Clock.offset(Clock.systemUTC(), Duration.ofHours(-1));

    assertThat(new ClockCheck(endpoint(), REPO, ahead).run())
        .satisfies(f -> assertThat(f.status()).isEqualTo(Status.WARNING))
        .satisfies(f -> assertThat(f.summary()).matches("3(599|600|601) s ahead of that of .*"));
    assertThat(new ClockCheck(endpoint(), REPO, behind).run().summary())
        .matches("3(599|600|601) s behind that of .*");
  }

  @Test
  void a_rate_budget_is_scarce_before_it_is_used_up() {
    RateBudgetCheck check = new RateBudgetCheck(endpoint(), REPO, new SiteToken.NotUsed(""));
    hub.rateLimit(RateGroup.API, 5, Duration.ofMinutes(5));
    for (int i = 0; i < 3; i++) {
      assertThat(check.run().status()).isEqualTo(Status.OK);
    }

    assertThat(check.run().status()).isEqualTo(Status.WARNING);
    assertThat(check.run().status()).isEqualTo(Status.WARNING);
    Finding used = check.run();
    assertThat(used.status()).isEqualTo(Status.FAILED);
    assertThat(used.summary()).contains("0 of 5 calls left (api)");
    assertThat(used.advice()).isNotEmpty();
  }

  @Test
  void a_token_is_judged_and_never_shown() {
    hub.token("hf_goodgood", "alice");
    Finding good = new TokenCheck(endpoint(), token("hf_goodgood")).run();
    Finding wrong = new TokenCheck(endpoint(), token("hf_wrongwrong")).run();

    assertThat(good.status()).isEqualTo(Status.OK);
    assertThat(good.summary()).contains("alice");
    assertThat(wrong.status()).isEqualTo(Status.FAILED);
    assertThat(wrong.summary()).contains("access.service-token-file").contains("401");
    assertThat(TokenSearch.in(good + " " + wrong)).isEmpty();
  }

  @Test
  void a_token_is_not_sent_to_an_endpoint_that_receives_none() {
    EndpointProbe mirror = endpoint(EndpointSettings.publicMirror(hub.uri()), PATIENCE);

    new RateBudgetCheck(mirror, REPO, token("hf_secretsecret")).run();

    assertThat(hub.log()).isNotEmpty().allMatch(asked -> asked.header("Authorization").isEmpty());
  }

  private static SiteToken token(String text) {
    return new SiteToken.Present(AccessToken.of(text).orElseThrow(), "access.service-token-file");
  }

  @Test
  void a_file_server_that_is_down_is_named() {
    hub.cdnGoDark();

    Finding finding = new FileServerCheck(endpoint(), REPO, ProxySettings.DIRECT).run();

    assertThat(finding.status()).isEqualTo(Status.FAILED);
    assertThat(finding.summary())
        .isEqualTo("large files come from localhost: the connection was refused");
  }

  @Test
  void a_proxy_that_refuses_connections_is_named_with_its_variable() throws IOException {
    int free = FreePorts.next();
    ProxySettings proxies =
        ProxySettings.of(
            new HttpProxy(
                false,
                "127.0.0.1",
                free,
                Optional.of(new HttpProxy.Credentials("user", "hf_password"))),
            NoProxyList.NONE);

    Finding finding =
        new ProxyCheck(
                List.of(EndpointSettings.trusted(hub.uri())), proxies, "HTTPS_PROXY", PATIENCE)
            .run();

    assertThat(finding.status()).isEqualTo(Status.FAILED);
    assertThat(finding.summary())
        .isEqualTo("http://127.0.0.1:" + free + " can't be reached: the connection was refused");
    assertThat(finding.advice()).anyMatch(advice -> advice.contains("HTTPS_PROXY"));
    assertThat(new DnsCheck(hub.uri(), proxies).run().summary()).contains("by the proxy");
  }
}
