package io.intrahub.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import tools.jackson.databind.JsonNode;

/** What the tests with real clients rely on, against a server that knows no repository. */
class PythonClientIT {
  static final List<String> VERSIONS = PythonClient.VERSIONS;

  @TempDir Path tmp;
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private HttpServer server;
  private URI endpoint;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    endpoint = URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    server.createContext(
        "/",
        exchange -> {
          String authorization = exchange.getRequestHeaders().getFirst("Authorization");
          requests.add(
              exchange.getRequestMethod() + " " + exchange.getRequestURI() + " " + authorization);
          exchange.getResponseHeaders().set("X-Error-Code", "RepoNotFound");
          exchange.getResponseHeaders().set("X-Error-Message", "Repository not found");
          exchange.sendResponseHeaders(404, -1);
          exchange.close();
        });
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  @ParameterizedTest
  @FieldSource("VERSIONS")
  void each_version_asks_its_endpoint_with_its_token_and_says_what_went_wrong(String version) {
    PythonClient hf = available(version);

    ClientResult result =
        hf.call().endpoint(endpoint).token("hf_abc").script("snapshot.py", "acme/none");

    assertThat(result.exitCode()).isEqualTo(3);
    JsonNode error = result.json().get("error");
    assertThat(error.get("type").asString()).isEqualTo("RepositoryNotFoundError");
    assertThat(error.get("status").asInt()).isEqualTo(404);
    assertThat(error.get("headers").get("x-error-code").asString()).isEqualTo("RepoNotFound");
    assertThat(requests).contains("GET /api/models/acme/none/revision/main Bearer hf_abc");
  }

  @ParameterizedTest
  @FieldSource("VERSIONS")
  void each_version_is_the_one_its_name_says(String version) {
    PythonClient hf = available(version);

    ClientResult result = hf.call().code("import huggingface_hub as h; print(h.__version__)");

    assertThat("hf-" + result.expectSuccess().stdout().strip()).isEqualTo(version);
  }

  @ParameterizedTest
  @FieldSource("VERSIONS")
  void each_version_has_its_command_line_tool(String version) {
    PythonClient hf = available(version);

    ClientResult result = hf.call().endpoint(endpoint).hf("download", "acme/none", "config.json");

    assertThat(result.exitCode()).isNotZero();
    assertThat(requests).anyMatch(r -> r.contains("/acme/none/resolve/main/config.json"));
  }

  @Test
  void every_call_has_a_new_home_unless_it_is_given_one() throws IOException {
    PythonClient hf = available("hf-2.4.0");
    String remember =
        "import os, pathlib; p = pathlib.Path(os.environ['HF_HOME'], 'x');"
            + " print(p.exists(), pathlib.Path.home() == p.parent); p.touch()";

    PythonClient.Call first = hf.call();
    assertThat(first.code(remember).expectSuccess().stdout().strip()).isEqualTo("False True");
    assertThat(Files.exists(first.home().resolve("x"))).isTrue();
    assertThat(hf.call().code(remember).stdout().strip()).isEqualTo("False True");
    assertThat(hf.call().inHome(first.home()).code(remember).stdout().strip())
        .isEqualTo("True True");
  }

  @Test
  void settings_of_the_surroundings_do_not_reach_the_client() {
    PythonClient hf = available("hf-2.4.0");

    ClientResult result =
        hf.call()
            .code(
                "import os; print(sorted(k for k in os.environ if k.startswith('HF_')"
                    + " or k.upper().endswith('_PROXY')))");

    assertThat(result.expectSuccess().stdout().strip())
        .isEqualTo("['HF_HOME', 'HF_HUB_DISABLE_PROGRESS_BARS', 'HF_HUB_DISABLE_UPDATE_CHECK']");
  }

  @Test
  void a_client_that_hangs_is_ended_and_fails_the_test() {
    // Python may take seconds until it writes.
    PythonClient hf = available("hf-2.4.0");

    assertThatThrownBy(() ->
            hf.call()
                .timeout(Duration.ofSeconds(10))
                .code("import time; print('here', flush=True); time.sleep(60)"))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("took longer than PT10S")
        .hasMessageContaining("here");
  }

  private PythonClient available(String version) {
    PythonClient hf = new PythonClient(version, tmp);
    hf.assumeAvailable();
    return hf;
  }
}
