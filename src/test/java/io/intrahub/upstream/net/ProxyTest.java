package io.intrahub.upstream.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.intrahub.access.Caller;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.hub.Revision;
import io.intrahub.testing.FreePorts;
import io.intrahub.testing.TestWiring;
import io.intrahub.upstream.FirstHop;
import io.intrahub.upstream.UpstreamResult;
import io.intrahub.upstream.hub.EndpointSettings;
import io.intrahub.upstream.hub.HubUpstream;
import io.intrahub.upstream.hub.RepoInfoAnswer;
import io.intrahub.upstream.hub.UpstreamRig;
import io.intrahub.upstream.hub.UpstreamSettings;
import java.io.IOException;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import mockwebserver3.junit5.StartStop;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The way to upstream through a proxy, which knows {@code hub.example} as nobody else does. */
class ProxyTest {
  private static final HeldCertificate ROOT =
      new HeldCertificate.Builder().certificateAuthority(0).build();
  private static final HeldCertificate HUB =
      new HeldCertificate.Builder().signedBy(ROOT).addSubjectAlternativeName("hub.example").build();

  /** Its key store takes longer to make than any of these tests. */
  private static final HandshakeCertificates HUB_TLS = tls(HUB);

  private static final TlsSettings TRUST =
      new TlsSettings(List.of(ROOT.certificate()), Optional.empty());

  @StartStop private final MockWebServer plain = new MockWebServer();
  @StartStop private final MockWebServer secure = secureServer();

  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private TestProxy proxy;

  private static MockWebServer secureServer() {
    MockWebServer server = new MockWebServer();
    server.useHttps(HUB_TLS.sslSocketFactory());
    return server;
  }

  private static HandshakeCertificates tls(HeldCertificate certificate) {
    return new HandshakeCertificates.Builder().heldCertificate(certificate).build();
  }

  @BeforeEach
  void start() throws IOException {
    proxy = TestProxy.start();
    proxy.name("hub.example", secure.getPort()).name("plain.example", plain.getPort());
  }

  @AfterEach
  void stop() {
    proxy.close();
    timer.shutdownNow();
  }

  @Test
  void credentials_go_with_the_first_connect_and_not_to_the_server() throws Exception {
    proxy.wants("ada", "pä:ss");
    secure.enqueue(ok());

    try (HttpTransport transport = calls(through("ada", "pä:ss"))) {
      assertThat(get(transport, "https://hub.example/a")).isEqualTo("fine");
    }

    assertThat(proxy.lines()).containsExactly("CONNECT hub.example:443 HTTP/1.1");
    RecordedRequest request = secure.takeRequest();
    assertThat(request.getTarget()).isEqualTo("/a");
    assertThat(request.getHeaders().names()).doesNotContain("Proxy-Authorization");
  }

  @Test
  void without_tls_credentials_go_with_the_first_request() throws Exception {
    proxy.wants("ada", "secret");
    plain.enqueue(ok());

    try (HttpTransport transport = calls(through("ada", "secret"))) {
      assertThat(get(transport, "http://plain.example/a?b=c")).isEqualTo("fine");
    }

    assertThat(proxy.lines()).containsExactly("GET http://plain.example/a?b=c HTTP/1.1");
    assertThat(plain.takeRequest().getHeaders().names()).doesNotContain("Proxy-Authorization");
  }

  @Test
  void a_server_at_the_end_of_a_tunnel_that_asks_for_the_proxys_password_does_not_get_it()
      throws Exception {
    proxy.wants("ada", "secret");
    for (int i = 0; i < 3; i++) {
      secure.enqueue(
          new MockResponse.Builder()
              .code(407)
              .addHeader("Proxy-Authenticate", "Basic realm=\"come on\"")
              .build());
    }

    try (HttpTransport transport = calls(through("ada", "secret"));
        Response response = transport.send(request("https://hub.example/a"))) {
      assertThat(response.code()).isEqualTo(407);
    }

    assertThat(secure.getRequestCount()).isEqualTo(1);
    assertThat(secure.takeRequest().getHeaders().names()).doesNotContain("Proxy-Authorization");
  }

  @ParameterizedTest
  @ValueSource(strings = {"https://hub.example/a", "http://plain.example/a"})
  void a_proxy_that_wants_credentials_is_named_and_the_option_too(String url) throws Exception {
    proxy.wants("ada", "secret");

    try (HttpTransport transport = calls(through())) {
      assertThatThrownBy(() -> transport.send(request(url)))
          .hasMessage(
              "the proxy localhost:%d requires a user and a password (407); add them to its"
                      .formatted(proxy.port())
                  + " address in upstream.proxy");
    }
    assertThat(proxy.lines()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"https://hub.example/a", "http://plain.example/a"})
  void wrong_credentials_are_said_but_not_shown(String url) throws Exception {
    proxy.wants("ada", "secret");

    try (HttpTransport transport = calls(through("ada", "wr0ng"))) {
      Throwable thrown = catchThrowable(() -> transport.send(request(url)));
      assertThat(thrown)
          .hasMessage(
              "the proxy localhost:%d rejects the user or the password (407);"
                      .formatted(proxy.port())
                  + " correct them in upstream.proxy");
    }
    assertThat(through("ada", "wr0ng").toString()).doesNotContain("wr0ng").doesNotContain("ada");
    assertThat(proxy.lines()).hasSize(1);
  }

  @Test
  void a_proxy_that_wants_another_kind_of_credentials_is_told_apart() throws Exception {
    proxy.wants("ada", "secret").challenge("Negotiate");

    try (HttpTransport transport = calls(through("ada", "secret2"))) {
      assertThatThrownBy(() -> transport.send(request("https://hub.example/a")))
          .hasMessageEndingWith("requires Negotiate (407), but intrahub supports only Basic");
    }
  }

  @Test
  void a_proxy_that_will_not_connect_is_quoted() throws Exception {
    proxy.answers("403 Forbidden");

    try (HttpTransport transport = calls(through())) {
      assertThatThrownBy(() -> transport.send(request("https://hub.example/a")))
          .isInstanceOfSatisfying(
              NetworkSetupException.class, f -> assertThat(f.isTransient()).isFalse())
          .hasMessage(
              "the proxy localhost:%d would not connect to hub.example:443 (403)"
                  .formatted(proxy.port()));
    }
  }

  @Test
  void a_proxy_that_cannot_connect_now_may_later() throws Exception {
    try (HttpTransport transport = calls(through())) {
      assertThatThrownBy(() -> transport.send(request("https://unknown.example/a")))
          .isInstanceOfSatisfying(
              NetworkSetupException.class, f -> assertThat(f.isTransient()).isTrue())
          .hasMessageEndingWith("would not connect to unknown.example:443 (502)");
    }
  }

  @Test
  void a_proxy_that_is_not_there_is_named() throws Exception {
    int port = FreePorts.next();
    HttpProxy gone = new HttpProxy(false, "127.0.0.1", port, Optional.empty());

    try (HttpTransport transport = calls(ProxySettings.of(gone, NoProxyList.NONE))) {
      assertThatThrownBy(() -> transport.send(request("https://hub.example/a")))
          .hasMessage("the proxy 127.0.0.1:" + port + " refuses connections");
    }
  }

  @Test
  void exceptions_are_reached_directly() throws Exception {
    plain.enqueue(ok());
    proxy.answers("403 Forbidden");
    ProxySettings settings =
        ProxySettings.of(address(false), NoProxyList.of(List.of("127.0.0.1:" + plain.getPort())));

    try (HttpTransport transport = calls(settings)) {
      assertThat(get(transport, "http://127.0.0.1:" + plain.getPort() + "/a")).isEqualTo("fine");
    }

    assertThat(proxy.lines()).isEmpty();
    assertThat(plain.takeRequest().getRequestLine()).isEqualTo("GET /a HTTP/1.1");
  }

  @Test
  void http_and_https_may_have_proxies_of_their_own() throws Exception {
    plain.enqueue(ok());
    secure.enqueue(ok());
    try (TestProxy other = TestProxy.start().name("plain.example", plain.getPort())) {
      HttpProxy forHttp = new HttpProxy(false, "localhost", other.port(), Optional.empty());
      ProxySettings settings =
          new ProxySettings(Optional.of(forHttp), Optional.of(address(false)), NoProxyList.NONE);
      try (HttpTransport transport = calls(settings)) {
        get(transport, "http://plain.example/a");
        get(transport, "https://hub.example/a");
      }
      assertThat(other.lines()).containsExactly("GET http://plain.example/a HTTP/1.1");
      assertThat(proxy.lines()).containsExactly("CONNECT hub.example:443 HTTP/1.1");
    }
  }

  @Test
  void a_proxy_that_is_itself_behind_tls_gets_a_tunnel_inside_a_tunnel() throws Exception {
    HeldCertificate localhost =
        new HeldCertificate.Builder().signedBy(ROOT).addSubjectAlternativeName("localhost").build();
    secure.enqueue(ok());
    plain.enqueue(ok());
    try (TestProxy outer =
        TestProxy.start(tls(localhost).sslContext().getServerSocketFactory())
            .wants("ada", "secret")
            .name("hub.example", secure.getPort())
            .name("plain.example", plain.getPort())) {
      ProxySettings settings =
          ProxySettings.of(
              new HttpProxy(
                  true,
                  "localhost",
                  outer.port(),
                  Optional.of(new HttpProxy.Credentials("ada", "secret"))),
              NoProxyList.NONE);
      try (HttpTransport transport = calls(settings)) {
        assertThat(get(transport, "https://hub.example/a")).isEqualTo("fine");
        assertThat(get(transport, "http://plain.example/a")).isEqualTo("fine");
      }
      assertThat(outer.lines())
          .containsExactly(
              "CONNECT hub.example:443 HTTP/1.1", "GET http://plain.example/a HTTP/1.1");
    }
  }

  @Test
  void the_name_of_a_proxy_behind_tls_is_checked() throws Exception {
    try (TestProxy outer = TestProxy.start(HUB_TLS.sslContext().getServerSocketFactory())) {
      HttpProxy wrong = new HttpProxy(true, "localhost", outer.port(), Optional.empty());
      try (HttpTransport transport = calls(ProxySettings.of(wrong, NoProxyList.NONE))) {
        assertThatThrownBy(() -> transport.send(request("https://hub.example/a")))
            .hasMessage(
                "the certificate of hub.example or of the proxy was issued for another name");
      }
      assertThat(outer.lines()).isEmpty();
    }
  }

  /** Clients remember a "not found" for ever, so a proxy must never be able to say it. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "200 OK",
        "401 Unauthorized",
        "403 Forbidden",
        "404 Not Found",
        "407 Nope",
        "503 Off"
      })
  void a_page_of_the_proxy_is_a_failure_and_never_the_hubs_word(String status) {
    proxy.answers(status);
    RepoId repo = RepoId.parse(RepoType.MODEL, "acme/tiny").orElseThrow();

    for (String endpoint : List.of("http://plain.example", "https://hub.example")) {
      try (HubUpstream hub =
          TestWiring.upstream(
              UpstreamSettings.to(List.of(EndpointSettings.trusted(URI.create(endpoint))))
                  .withRetryPause(Duration.ofMillis(1))
                  .withNetwork(settings(through())),
              Clock.systemUTC(),
              timer)) {
        UpstreamResult<FirstHop> hop =
            hub.firstHop(
                repo,
                Revision.parse("main").orElseThrow(),
                FilePath.parse("config.json").orElseThrow(),
                Caller.ANONYMOUS);
        UpstreamResult<RepoInfoAnswer> info =
            hub.repoInfo(repo, Optional.empty(), "", Caller.ANONYMOUS);

        assertThat(hop).isInstanceOf(UpstreamResult.Failed.class);
        assertThat(info).isInstanceOf(UpstreamResult.Failed.class);
      }
    }
  }

  /** The Hub is reached through a tunnel, and what is in it is encrypted. */
  @ParameterizedTest
  @ValueSource(strings = {"", "403 Forbidden", "407 Nope", "200 OK"})
  void no_token_of_a_client_is_in_anything_that_a_proxy_can_read(String ownAnswer)
      throws Exception {
    proxy.wants("ada", "secret");
    if (!ownAnswer.isEmpty()) {
      proxy.answers(ownAnswer);
    }
    secure.enqueue(
        new MockResponse.Builder()
            .addHeader("X-Repo-Commit", "a".repeat(40))
            .addHeader("ETag", '"' + "b".repeat(40) + '"')
            .addHeader("X-Linked-Size", "5")
            .addHeader("Set-Cookie", "session=1; Path=/")
            .build());
    secure.enqueue(
        new MockResponse.Builder()
            .addHeader("Content-Type", "application/json")
            .body("{\"id\":\"acme/x\",\"private\":true,\"gated\":false}")
            .build());
    try (HubUpstream hub =
        TestWiring.upstream(
            UpstreamSettings.to(
                    List.of(EndpointSettings.trusted(URI.create("https://hub.example"))))
                .withRetryPause(Duration.ofMillis(1))
                .withNetwork(settings(through("ada", "secret"))),
            Clock.systemUTC(),
            timer)) {
      UpstreamResult<FirstHop> hop =
          hub.firstHop(
              UpstreamRig.REPO, UpstreamRig.MAIN, new FilePath("a.txt"), UpstreamRig.HOLDER);
      UpstreamResult<RepoInfoAnswer> info =
          hub.repoInfo(UpstreamRig.REPO, Optional.empty(), "", UpstreamRig.HOLDER);

      assertThat(hop.asFailure().isPresent()).isEqualTo(!ownAnswer.isEmpty());
      assertThat(info.asFailure().isPresent()).isEqualTo(!ownAnswer.isEmpty());
      assertThat(hop + " " + info).doesNotContain(UpstreamRig.TOKEN);
    }

    assertThat(proxy.heads())
        .isNotEmpty()
        .allSatisfy(head ->
            assertThat(head.toLowerCase(Locale.ROOT))
                .startsWith("connect hub.example:443 ")
                .doesNotContain(UpstreamRig.TOKEN, "\nauthorization:", "cookie"));
    assertThat(secure.getRequestCount()).isEqualTo(ownAnswer.isEmpty() ? 2 : 0);
    if (ownAnswer.isEmpty()) {
      assertThat(secure.takeRequest().getHeaders().get("Authorization"))
          .isEqualTo("Bearer " + UpstreamRig.TOKEN);
      assertThat(secure.takeRequest().getHeaders().names()).doesNotContain("Cookie");
    }
  }

  private HttpTransport calls(ProxySettings proxies) {
    return new HttpTransport(settings(proxies), timer, new RedirectGuard(Set.of("127.0.0.1")));
  }

  private static NetworkSettings settings(ProxySettings proxies) {
    return NetworkSettings.DEFAULT
        .withTimeouts(Duration.ofSeconds(5))
        .withProxies(proxies)
        .withTls(TRUST);
  }

  private HttpProxy address(boolean tls) {
    return new HttpProxy(tls, "localhost", proxy.port(), Optional.empty());
  }

  private ProxySettings through() {
    return ProxySettings.of(address(false), NoProxyList.NONE);
  }

  private ProxySettings through(String user, String password) {
    return ProxySettings.of(
        new HttpProxy(
            false,
            "localhost",
            proxy.port(),
            Optional.of(new HttpProxy.Credentials(user, password))),
        NoProxyList.NONE);
  }

  private static MockResponse ok() {
    return new MockResponse.Builder().body("fine").build();
  }

  private static Request request(String url) {
    return new Request.Builder().url(url).build();
  }

  private static String get(HttpTransport transport, String url) throws IOException {
    try (Response response = transport.send(request(url))) {
      return response.body().string();
    }
  }
}
