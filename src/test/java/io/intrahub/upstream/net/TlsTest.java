package io.intrahub.upstream.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.intrahub.access.Caller;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.testing.TestEndpoints;
import io.intrahub.testing.TestWiring;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResults;
import io.intrahub.upstream.hub.HubUpstream;
import io.intrahub.upstream.hub.UpstreamSettings;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TlsTest {
  private static final HeldCertificate ROOT =
      new HeldCertificate.Builder().certificateAuthority(1).commonName("Acme Root").build();
  private static final HeldCertificate MIDDLE =
      new HeldCertificate.Builder().certificateAuthority(0).signedBy(ROOT).build();

  @TempDir private Path tmp;

  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();

  @AfterEach
  void stop() {
    timer.shutdownNow();
  }

  @Test
  void a_ca_of_the_network_itself_is_trusted_when_its_file_is_named() throws Exception {
    Path file = write("ca.pem", "# The CA of ACME\n" + ROOT.certificatePem());

    assertThat(call(server("localhost").build(), trust(file))).isEqualTo("fine");
  }

  @Test
  void one_file_may_hold_several_and_there_may_be_several_files() throws Exception {
    HeldCertificate other = new HeldCertificate.Builder().certificateAuthority(0).build();
    Path bundle =
        write(
            "bundle.pem",
            "first\n" + other.certificatePem() + "\nsecond\n" + ROOT.certificatePem() + "\n");
    Path more = write("more.pem", other.certificatePem());

    TlsSettings tls = TlsSettings.read(List.of(more, bundle), Optional.empty(), Optional.empty());

    assertThat(tls.trustAnchors()).hasSize(3);
    assertThat(call(server("localhost").build(), tls)).isEqualTo("fine");
  }

  @Test
  @Tag("slow")
  void without_the_file_the_reason_names_the_issuer_and_the_option() {
    assertThatThrownBy(() -> call(server("localhost").build(), TlsSettings.JVM))
        .isInstanceOfSatisfying(
            NetworkSetupException.class,
            f -> {
              assertThat(f.isTransient()).isFalse();
              assertThat(f.needsOperator()).isTrue();
            })
        .hasMessage(
            "the certificate of localhost is issued by \"CN=Acme Root\", which is not trusted here;"
                + " if your network inspects TLS, name the file with its CA certificate in"
                + " upstream.ca-files");
  }

  /** An issuer's name is the server's text, and goes into a header of a response. */
  @Test
  void the_name_of_an_issuer_is_shown_as_one_short_line() throws Exception {
    HeldCertificate issuer =
        new HeldCertificate.Builder()
            .certificateAuthority(0)
            .commonName("Zürich\r\nX-Evil: " + "a".repeat(300))
            .build();
    HeldCertificate own =
        new HeldCertificate.Builder()
            .signedBy(issuer)
            .addSubjectAlternativeName("localhost")
            .build();
    try (MockWebServer server = new MockWebServer()) {
      server.useHttps(
          new HandshakeCertificates.Builder().heldCertificate(own).build().sslSocketFactory());
      server.start();

      assertThatThrownBy(() -> call(server, TlsSettings.JVM, Set.of("localhost")))
          .hasMessageStartingWith("the certificate of localhost is issued by \"CN=")
          .hasMessageContaining("...\", which is not trusted here")
          .hasMessageMatching("[ -~]{1,300}");
    }
  }

  @Test
  @Tag("slow")
  void a_hub_that_is_not_trusted_stays_the_operators_to_mend_when_the_breaker_is_open()
      throws Exception {
    try (MockWebServer server = start(server("localhost").build(), false);
        HubUpstream hub =
            TestWiring.upstream(
                UpstreamSettings.to(
                    TestEndpoints.firstTrusted(
                        List.of(URI.create("https://localhost:" + server.getPort())))),
                Clock.systemUTC(),
                timer)) {
      for (int i = 0; i < 5; i++) {
        assertThat(confirmed(hub)).matches(UpstreamFailure::needsOperator);
      }
      assertThat(hub.isUnavailable()).isTrue();

      assertThat(confirmed(hub)).matches(UpstreamFailure::needsOperator);
      assertThat(hub.unavailableReason().reason()).contains("upstream.ca-files");
    }
  }

  private static UpstreamFailure confirmed(HubUpstream hub) {
    RepoId repo = new RepoId(RepoType.MODEL, "acme/x");
    return UpstreamResults.failure(hub.confirm(repo, Optional.empty(), Caller.ANONYMOUS));
  }

  @Test
  void a_certificate_for_another_name_is_refused_though_its_signer_is_believed() throws Exception {
    Path file = write("ca.pem", ROOT.certificatePem());

    assertThatThrownBy(() -> call(server("hub.example").build(), trust(file)))
        .hasMessage("the certificate of localhost was issued for another name");
  }

  @Test
  void a_certificate_that_is_over_is_refused() throws Exception {
    Path file = write("ca.pem", ROOT.certificatePem());
    long now = Instant.now().toEpochMilli();
    HeldCertificate.Builder over =
        server("localhost").validityInterval(now - 86_400_000, now - 3_600_000);

    assertThatThrownBy(() -> call(over.build(), trust(file)))
        .hasMessage("the certificate of localhost has expired");
  }

  @Test
  void those_that_the_jvm_believes_are_still_believed() throws Exception {
    TlsSockets tls = new TlsSockets(trust(write("ca.pem", ROOT.certificatePem())), Set.of());

    assertThat(tls.trust().getAcceptedIssuers())
        .contains(ROOT.certificate())
        .contains(new TlsSockets(TlsSettings.JVM, Set.of()).trust().getAcceptedIssuers());
  }

  @Test
  void a_client_certificate_is_shown_to_an_endpoint_and_to_nobody_else() throws Exception {
    Path caFile = write("ca.pem", ROOT.certificatePem());
    Path identity = identity("us", "pass word");
    Path password = write("password", "pass word\n");
    TlsSettings tls =
        TlsSettings.read(List.of(caFile), Optional.of(identity), Optional.of(password));

    try (MockWebServer endpoint = start(server("localhost").build(), true)) {
      assertThat(call(endpoint, tls, Set.of("localhost"))).isEqualTo("fine");
      assertThat(endpoint.takeRequest().getHandshake().peerPrincipal().getName())
          .isEqualTo("CN=us");
    }
    try (MockWebServer other = start(server("localhost").build(), true)) {
      // With TLS 1.3 a server says no when the client writes already (RFC 8446 section 4.4.2.4 and
      // 6): now and then the write breaks before the alert is read, and nobody can tell why.
      await()
          .untilAsserted(() ->
              assertThatThrownBy(() -> call(other, tls, Set.of("hub.example")))
                  .hasMessage(
                      "localhost requires a client certificate, or a different one; set"
                          + " upstream.client-certificate"));
    }
  }

  @Test
  void files_that_are_of_no_use_are_named() throws Exception {
    Path nothing = tmp.resolve("nothing.pem");
    Path text = write("text.pem", "hello\n");
    Path broken =
        write("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    Path identity = identity("us", "right");
    Path wrong = write("wrong", "wrong");
    Path noKey = tmp.resolve("nokey.p12");
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setCertificateEntry("a", ROOT.certificate());
    try (OutputStream out = Files.newOutputStream(noKey)) {
      store.store(out, "right".toCharArray());
    }
    Path right = write("right", "right");

    assertThatThrownBy(() -> trust(nothing)).hasMessage(nothing + " does not exist");
    assertThatThrownBy(() -> trust(tmp)).hasMessage(tmp + " is a folder");
    assertThatThrownBy(() -> trust(text)).hasMessageStartingWith(text + " ");
    assertThatThrownBy(() -> trust(broken)).hasMessageStartingWith(broken + " is not a file of");
    assertThatThrownBy(() -> TlsSettings.read(List.of(), Optional.of(identity), Optional.of(wrong)))
        .hasMessageStartingWith(identity + " cannot be read: ")
        .hasMessageContaining("password");
    assertThatThrownBy(() -> TlsSettings.read(List.of(), Optional.of(text), Optional.empty()))
        .hasMessageStartingWith(text + " cannot be read");
    assertThatThrownBy(() -> TlsSettings.read(List.of(), Optional.of(noKey), Optional.of(right)))
        .hasMessageStartingWith(noKey + " contains no private key");
    assertThatThrownBy(
            () -> TlsSettings.read(List.of(), Optional.of(identity), Optional.of(nothing)))
        .hasMessage(nothing + " does not exist");
  }

  private static HeldCertificate.Builder server(String name) {
    return new HeldCertificate.Builder().signedBy(MIDDLE).addSubjectAlternativeName(name);
  }

  private Path write(String name, String text) throws IOException {
    return Files.writeString(tmp.resolve(name), text);
  }

  private static TlsSettings trust(Path file) throws IOException {
    return TlsSettings.read(List.of(file), Optional.empty(), Optional.empty());
  }

  private Path identity(String name, String password) throws Exception {
    HeldCertificate held = new HeldCertificate.Builder().commonName(name).signedBy(ROOT).build();
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setKeyEntry(
        "key",
        held.keyPair().getPrivate(),
        password.toCharArray(),
        new X509Certificate[] {held.certificate(), ROOT.certificate()});
    Path file = tmp.resolve(name + ".p12");
    try (OutputStream out = Files.newOutputStream(file)) {
      store.store(out, password.toCharArray());
    }
    return file;
  }

  private static MockWebServer start(HeldCertificate certificate, boolean wantsClients)
      throws IOException {
    MockWebServer server = new MockWebServer();
    server.useHttps(
        new HandshakeCertificates.Builder()
            .heldCertificate(certificate, MIDDLE.certificate())
            .addTrustedCertificate(ROOT.certificate())
            .build()
            .sslSocketFactory());
    if (wantsClients) {
      server.requireClientAuth();
    }
    server.enqueue(new MockResponse.Builder().body("fine").build());
    server.start();
    return server;
  }

  private String call(HeldCertificate certificate, TlsSettings tls) throws IOException {
    try (MockWebServer server = start(certificate, false)) {
      return call(server, tls, Set.of("localhost"));
    }
  }

  private String call(MockWebServer server, TlsSettings tls, Set<String> endpoints)
      throws IOException {
    NetworkSettings settings =
        NetworkSettings.DEFAULT.withTimeouts(Duration.ofSeconds(5)).withTls(tls);
    Request request =
        new Request.Builder().url("https://localhost:" + server.getPort() + "/a").build();
    // The guard keeps addresses inside for endpoints: 127.0.0.1 makes this machine one.
    Set<String> known = new HashSet<>(endpoints);
    known.add("127.0.0.1");
    try (HttpTransport transport = new HttpTransport(settings, timer, new RedirectGuard(known));
        Response response = transport.send(request)) {
      return response.body().string();
    }
  }
}
