package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.base.AddressRanges;
import io.intrahub.clients.CurlClient;
import io.intrahub.clients.PythonClient;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.http.ClientLimits;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/**
 * The example configurations of docs/operations.md, word for word except for addresses and files,
 * in a real nginx between the mirror and real clients.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ReverseProxyIT {
  private static final String REPO = "acme/open";
  private static final Map<String, DevFile> FILES =
      Map.of(
          "config.json", DevFile.text("{}\n"),
          "a b#%.txt", DevFile.text("odd\n"),
          "dir/model.safetensors", DevFile.lfsGenerated(1, 3_000_000));
  private static final Pattern BLOCK = Pattern.compile("(?s)```nginx\n(.*?)```");

  private Path tmp;
  private Path caFile;
  private Rig rig;
  private Nginx root;
  private Nginx below;
  private CurlClient curl;

  @BeforeAll
  void start(@TempDir Path folder) throws Exception {
    tmp = folder;
    Nginx.assumeAvailable();
    curl = new CurlClient(folder);
    curl.assumeAvailable();
    rig =
        new Rig(
            Files.createDirectory(tmp.resolve("data")),
            s ->
                s.withClients(
                    new ClientLimits(1000, 1000, 1000, AddressRanges.of(List.of("127.0.0.1")))));
    DevRepo repo = rig.hub.repo("model", REPO);
    repo.ref("refs/pr/1", repo.commit("Add the model", FILES));
    HeldCertificate certificate =
        new HeldCertificate.Builder()
            .addSubjectAlternativeName("localhost")
            .certificateAuthority(0)
            .build();
    caFile = Files.writeString(tmp.resolve("cert.pem"), certificate.certificatePem());
    Files.writeString(tmp.resolve("key.pem"), certificate.privateKeyPkcs8Pem());
    Matcher blocks = BLOCK.matcher(Files.readString(Path.of("docs/operations.md")));
    assertThat(blocks.find()).isTrue();
    String atRoot = blocks.group(1);
    assertThat(blocks.find()).isTrue();
    String belowPath = blocks.group(1);
    String map = belowPath.substring(0, belowPath.indexOf("location"));
    String location = belowPath.substring(belowPath.indexOf("location"));
    String withPrefix =
        map
            + atRoot.replaceFirst(
                "(?s)location / \\{.*?\\n    \\}", Matcher.quoteReplacement(location));
    assertThat(withPrefix).contains("location /hf/").doesNotContain("location / {");
    root = nginx("root", atRoot);
    below = nginx("below", withPrefix);
  }

  private Nginx nginx(String name, String example) throws IOException {
    return Nginx.start(
        Files.createDirectory(tmp.resolve(name)),
        example
            .replace("127.0.0.1:8090", "127.0.0.1:" + rig.app().uri().getPort())
            .replace("listen 443 ssl", "listen 127.0.0.1:%PORT% ssl")
            .replace("hub.example.org;", "localhost;")
            .replace("/etc/ssl/hub.example.org.pem", caFile.toString())
            .replace("/etc/ssl/hub.example.org.key", tmp.resolve("key.pem").toString()));
  }

  @AfterAll
  void stop() {
    if (root != null) {
      root.close();
    }
    if (below != null) {
      below.close();
    }
    if (rig != null) {
      rig.close();
    }
  }

  private List<String> endpoints() {
    return List.of("https://localhost:" + root.port(), "https://localhost:" + below.port() + "/hf");
  }

  private CurlClient.Answer get(String url, String... more) {
    // From another address than the proxy's, which is trusted.
    List<String> all =
        new ArrayList<>(List.of("--cacert", caFile.toString(), "--interface", "127.0.0.3"));
    all.addAll(List.of(more));
    return curl.get(url, all.toArray(String[]::new));
  }

  @Test
  void links_and_redirects_lead_back_through_the_proxy() {
    for (String endpoint : endpoints()) {
      CurlClient.Answer page =
          get(endpoint + "/api/models/" + REPO + "/tree/main?recursive=true&limit=1");
      String link = page.header("Link");
      assertThat(link).startsWith("<" + endpoint + "/api/models/" + REPO + "/tree/main?");
      CurlClient.Answer next = get(link.substring(1, link.indexOf('>')));
      assertThat(next.status()).isEqualTo(200);
      assertThat(next.text()).isNotEqualTo(page.text());

      CurlClient.Answer file = get(endpoint + "/" + REPO + "/blob/main/config.json", "-L");
      assertThat(file.status()).isEqualTo(200);
      assertThat(file.text()).isEqualTo("{}\n");
      assertThat(get(endpoint + "/").text()).contains("HF_ENDPOINT=" + endpoint + "\n");
    }
  }

  @Test
  void escaped_characters_of_a_path_arrive_as_they_were_sent() {
    for (String endpoint : endpoints()) {
      String odd = endpoint + "/" + REPO + "/resolve/refs%2Fpr%2F1/a%20b%23%25.txt";
      assertThat(get(odd).text()).isEqualTo("odd\n");
    }
  }

  /** What the client itself sends in these headers is overwritten, or stands to the left. */
  @Test
  void a_client_can_not_speak_for_the_proxy() {
    for (String endpoint : endpoints()) {
      CurlClient.Answer page =
          get(
              endpoint + "/api/models/" + REPO + "/tree/main?recursive=true&limit=1",
              "-H",
              "X-Forwarded-For: rubbish",
              "-H",
              "X-Forwarded-Proto: ftp",
              "-H",
              "X-Forwarded-Host: evil.example",
              "-H",
              "X-Forwarded-Prefix: /evil");
      assertThat(page.status()).isEqualTo(200);
      assertThat(page.header("Link")).startsWith("<" + endpoint + "/api/");
    }
  }

  @Test
  void the_python_client_loads_a_repo_through_the_proxy_and_below_a_path() throws Exception {
    PythonClient hf = new PythonClient(PythonClient.VERSIONS.getFirst(), tmp);
    hf.assumeAvailable();
    Map<String, String> expected = new HashMap<>();
    FILES.forEach((path, file) -> expected.put(path, file.sha256()));
    for (String endpoint : endpoints()) {
      JsonNode files =
          hf.call()
              .endpoint(URI.create(endpoint))
              .env("SSL_CERT_FILE", caFile.toString())
              .script("snapshot.py", REPO)
              .expectSuccess()
              .json()
              .get("files");
      Map<String, String> found = new HashMap<>();
      files.properties().forEach(f -> found.put(f.getKey(), f.getValue().get("sha256").asString()));
      assertThat(found).as(endpoint).isEqualTo(expected);
    }
  }
}
