package io.intrahub.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.clients.ClientResult;
import io.intrahub.clients.CurlClient;
import io.intrahub.clients.PythonClient;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.faults.MirrorProcess;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/**
 * The mirror in a company's network: the Hub is reached through an authenticating proxy only, and
 * its certificate is signed by a CA that no JVM trusts. Client, mirror and proxy are real
 * processes; only the proxy can resolve the Hub's names.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SquidIT {
  private static final String REPO = "acme/tiny";
  private static final Map<String, DevFile> FILES =
      Map.of(
          "config.json",
          DevFile.text("{}\n"),
          "README.md",
          DevFile.text("# Tiny\n"),
          "model.safetensors",
          DevFile.lfsGenerated(1, 3_000_000));

  private Path tmp;
  private TlsFront hubFront;
  private TlsFront cdnFront;
  private DevHub hub;
  private Squid squid;
  private Path caFile;
  private int made;

  @BeforeAll
  void start(@TempDir Path folder) throws IOException {
    tmp = folder;
    Squid.assumeAvailable();
    HeldCertificate root = new HeldCertificate.Builder().certificateAuthority(0).build();
    HandshakeCertificates both =
        new HandshakeCertificates.Builder()
            .heldCertificate(
                new HeldCertificate.Builder()
                    .signedBy(root)
                    .addSubjectAlternativeName("hub.test")
                    .addSubjectAlternativeName("cdn.test")
                    .addSubjectAlternativeName("localhost")
                    .build())
            .build();
    caFile = Files.writeString(tmp.resolve("acme.pem"), root.certificatePem());
    hubFront = new TlsFront(both.sslContext());
    cdnFront = new TlsFront(both.sslContext());
    hub =
        DevHub.builder()
            .publicOrigins(
                URI.create("https://hub.test:" + hubFront.port()),
                URI.create("https://cdn.test:" + cdnFront.port()))
            .start();
    hubFront.leadTo(hub.port());
    cdnFront.leadTo(hub.cdnPort());
    hub.repo("model", REPO).commit("Add the model", FILES);
    squid = Squid.start(Files.createDirectory(tmp.resolve("squid")));
  }

  @AfterAll
  void stop() {
    if (squid != null) {
      squid.close();
    }
    if (hubFront != null) {
      hubFront.close();
      cdnFront.close();
    }
    if (hub != null) {
      hub.close();
    }
  }

  @Test
  void a_client_loads_through_mirror_and_proxy_from_a_hub_behind_tls() throws Exception {
    PythonClient hf = new PythonClient(PythonClient.VERSIONS.getFirst(), tmp);
    hf.assumeAvailable();
    try (Squid own = ownSquid()) {
      try (MirrorProcess mirror = mirror("upstream.proxy", own.address())) {
        JsonNode files = snapshot(hf, mirror).expectSuccess().json().get("files");

        Map<String, String> found = new HashMap<>();
        files
            .properties()
            .forEach(f -> found.put(f.getKey(), f.getValue().get("sha256").asString()));
        Map<String, String> expected = new HashMap<>();
        FILES.forEach((path, file) -> expected.put(path, file.sha256()));
        assertThat(found).isEqualTo(expected).hasSize(3);
      }
      // Squid writes a tunnel down when it ends.
      await()
          .untilAsserted(() ->
              assertThat(own.accesses())
                  .anySatisfy(l -> assertThat(l).contains("CONNECT hub.test:" + hubFront.port()))
                  .anySatisfy(l -> assertThat(l).contains("CONNECT cdn.test:" + cdnFront.port()))
                  .noneSatisfy(l -> assertThat(l).contains("/407")));
    }
  }

  @Test
  void the_usual_variables_are_enough() throws Exception {
    try (MirrorProcess mirror =
        mirror(Map.of("https_proxy", squid.address(), "no_proxy", "localhost,10.0.0.0/8"))) {
      assertThat(get(mirror, "config.json").status()).isEqualTo(200);
    }
  }

  /** The Hub is asked past the proxy, by a name of this machine; its CDN, as ever, through it. */
  @Test
  void hosts_that_need_no_proxy_are_reached_past_it() throws Exception {
    URI direct = URI.create("https://localhost:" + hubFront.port());
    try (Squid own = ownSquid()) {
      try (MirrorProcess mirror =
          mirror(
              direct, Map.of("HTTPS_PROXY", own.address(), "NO_PROXY", "example.org,localhost"))) {
        CurlClient.Answer large = get(mirror, "model.safetensors");

        assertThat(large.status()).isEqualTo(200);
        assertThat(large.bytes()).isEqualTo(FILES.get("model.safetensors").allBytes());
      }
      await()
          .untilAsserted(() ->
              assertThat(own.accesses())
                  .filteredOn(l -> l.contains("CONNECT"))
                  .isNotEmpty()
                  .allSatisfy(l -> assertThat(l).contains("cdn.test:" + cdnFront.port())));
    }
  }

  /**
   * Without TLS there is no tunnel: the proxy itself reads the request, and its own login in it.
   */
  @Test
  void a_hub_without_tls_is_asked_by_the_proxy_itself() throws Exception {
    URI plain = URI.create("http://hub.test:" + hub.port());
    try (MirrorProcess mirror = mirror(plain, Map.of("INTRAHUB_UPSTREAM_PROXY", squid.address()))) {
      CurlClient.Answer info = info(mirror);

      assertThat(info.status()).isEqualTo(200);
      assertThat(info.text()).contains("model.safetensors");
      await()
          .untilAsserted(() ->
              assertThat(squid.accesses())
                  .anySatisfy(l ->
                      assertThat(l)
                          .contains("GET http://hub.test:" + hub.port() + "/api/models/" + REPO)
                          .contains("/200")));
    }
  }

  @Test
  void wrong_credentials_are_told_to_the_client_and_written_nowhere() throws Exception {
    String address = "http://ada:wr0ngpassword@127.0.0.1:" + squid.port();
    try (MirrorProcess mirror = mirror("upstream.proxy", address)) {
      CurlClient.Answer answer = get(mirror, "config.json");

      assertThat(answer.status()).isIn(503, 504);
      assertThat(answer.header("X-Error-Message"))
          .contains("the proxy 127.0.0.1:" + squid.port())
          .contains("rejects the user or the password (407)");
      assertThat(answer.header("X-Error-Code")).isNotEqualTo("EntryNotFound");
      assertThat(answer.text() + answer.headers() + Files.readString(mirror.log()))
          .doesNotContain("wr0ngpassword");
    }
  }

  @Test
  void without_credentials_the_option_is_named() throws Exception {
    try (MirrorProcess mirror = mirror("upstream.proxy", "127.0.0.1:" + squid.port())) {
      assertThat(get(mirror, "config.json").header("X-Error-Message"))
          .contains("requires a user and a password (407)")
          .contains("upstream.proxy");
    }
  }

  @Test
  void an_unknown_ca_is_refused_and_the_option_named() throws Exception {
    Map<String, String> environment =
        Map.of("INTRAHUB_UPSTREAM_PROXY", squid.address(), "INTRAHUB_UPSTREAM_CA_FILES", "");
    try (MirrorProcess mirror = mirror(environment)) {
      CurlClient.Answer answer = get(mirror, "config.json");

      assertThat(answer.status()).isIn(503, 504);
      assertThat(answer.header("X-Error-Message"))
          .contains("the certificate of hub.test is issued by")
          .contains("which is not trusted here")
          .contains("upstream.ca-files")
          .doesNotContain("Try again later");
    }
  }

  @Test
  void a_refusal_of_the_proxy_is_no_word_about_the_repo() throws Exception {
    URI refused = URI.create("https://" + Squid.REFUSED + ":" + hubFront.port());
    try (MirrorProcess mirror =
        mirror(refused, Map.of("INTRAHUB_UPSTREAM_PROXY", squid.address()))) {
      CurlClient.Answer answer = get(mirror, "config.json");

      assertThat(answer.status()).isIn(503, 504);
      assertThat(answer.header("X-Error-Message"))
          .contains("would not connect to refused.test:" + hubFront.port() + " (403)");
    }
  }

  @Test
  void what_is_there_outlives_the_proxy() throws Exception {
    try (Squid other = ownSquid();
        MirrorProcess mirror = mirror("upstream.proxy", other.address())) {
      assertThat(get(mirror, "config.json").status()).isEqualTo(200);
      other.close();

      assertThat(get(mirror, "config.json").status()).isEqualTo(200);
      CurlClient.Answer missing = get(mirror, "README.md");
      assertThat(missing.status()).isIn(503, 504);
      assertThat(missing.header("X-Error-Message"))
          .contains("the proxy 127.0.0.1:" + other.port() + " refuses connections");
    }
  }

  private Squid ownSquid() throws IOException {
    return Squid.start(Files.createDirectory(tmp.resolve("squid-" + made++)));
  }

  private MirrorProcess mirror(String option, String value) throws IOException {
    return mirror(
        Map.of("INTRAHUB_" + option.toUpperCase(Locale.ROOT).replaceAll("[.-]", "_"), value));
  }

  private MirrorProcess mirror(Map<String, String> environment) throws IOException {
    return mirror(hub.uri(), environment);
  }

  private MirrorProcess mirror(URI upstream, Map<String, String> environment) throws IOException {
    Map<String, String> all = new HashMap<>();
    all.put("INTRAHUB_UPSTREAM_CA_FILES", caFile.toString());
    all.putAll(environment);
    int n = made++;
    return MirrorProcess.serve(
        tmp.resolve("data-" + n),
        upstream,
        Files.createFile(tmp.resolve("mirror-" + n + ".log")),
        MirrorProcess.STARTS_QUICKLY,
        all);
  }

  private CurlClient.Answer get(MirrorProcess mirror, String path) {
    return curl(mirror.uri() + "/" + REPO + "/resolve/main/" + path);
  }

  private CurlClient.Answer info(MirrorProcess mirror) {
    return curl(mirror.uri() + "/api/models/" + REPO);
  }

  private CurlClient.Answer curl(String url) {
    CurlClient curl = new CurlClient(tmp);
    curl.assumeAvailable();
    return curl.get(url);
  }

  private static ClientResult snapshot(PythonClient hf, MirrorProcess mirror) {
    return hf.call().endpoint(mirror.uri()).script("snapshot.py", REPO);
  }
}
