package io.intrahub.containers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.github.dockerjava.api.model.Bind;
import com.github.dockerjava.api.model.Capability;
import io.intrahub.clients.PythonClient;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.testcontainers.containers.Container.ExecResult;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.utility.DockerImageName;
import tools.jackson.databind.JsonNode;

/**
 * The product's own image, built from the {@code Dockerfile} and run as people run it; the Hub is
 * on this machine, outside of the container.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class ContainerIT {
  private static final String REPO = "acme/tiny";
  private static final int PORT = 8090;
  private static final int ADMIN_PORT = 8091;

  /** This machine, as a container calls it. */
  private static final String OUTSIDE = "host.docker.internal";

  private static final Map<String, DevFile> FILES =
      Map.of(
          "config.json",
          DevFile.text("{}\n"),
          "README.md",
          DevFile.text("# Tiny\n"),
          "model.safetensors",
          DevFile.lfsGenerated(1, 3_000_000));

  private final List<String> volumes = new ArrayList<>();
  private Path tmp;
  private DevHub hub;
  private PythonClient hf;

  @BeforeAll
  void start(@TempDir Path folder) {
    tmp = folder;
    Engine.assumeAvailable();
    hf = new PythonClient(PythonClient.VERSIONS.getFirst(), tmp);
    hf.assumeAvailable();
    Engine.build();
    hub = DevHub.builder().host("0.0.0.0").publicHost(OUTSIDE).cdnHost(OUTSIDE).start();
    hub.repo("model", REPO).commit("Add the model", FILES);
  }

  @AfterAll
  void stop() {
    volumes.forEach(v -> Engine.run(Map.of(), "docker", "volume", "rm", "-f", v));
    if (hub != null) {
      hub.close();
    }
  }

  @Test
  void a_client_loads_through_a_container_that_has_no_rights() throws Exception {
    // As in a cluster that is strict: nothing can be written but the volume.
    try (GenericContainer<?> mirror = mirror(volume()).withExposedPorts(PORT, ADMIN_PORT)) {
      mirror.withCreateContainerCmdModifier(
          c -> c.getHostConfig().withReadonlyRootfs(true).withCapDrop(Capability.ALL));
      mirror.start();

      assertThat(load(at(mirror, PORT))).isEqualTo(sums());

      assertThat(in(mirror, "cat", "/proc/1/comm").strip()).isEqualTo("java");
      assertThat(in(mirror, "grep", "^Uid:", "/proc/1/status"))
          .contains("10001")
          .doesNotContain("\t0");
      assertThat(mirror.execInContainer("/opt/intrahub/bin/healthcheck").getExitCode()).isZero();
      assertThat(mirror.getLogs()).as("the AOT cache fits").doesNotContain("[aot]");
      assertThatThrownBy(() -> status(at(mirror, ADMIN_PORT).resolve("/health")))
          .as("the operator's listener is for the inside only")
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void what_was_loaded_is_there_for_the_next_container_though_the_hub_is_gone() throws Exception {
    String volume = volume();
    try (GenericContainer<?> first = mirror(volume)) {
      first.start();
      assertThat(load(at(first, PORT))).isEqualTo(sums());

      long begin = System.nanoTime();
      first.getDockerClient().stopContainerCmd(first.getContainerId()).withTimeout(30).exec();
      assertThat(Duration.ofNanos(System.nanoTime() - begin))
          .as("the signal reaches Java, so that nobody waits to kill it")
          .isLessThan(Duration.ofSeconds(20));
    }
    hub.goDark();
    try (GenericContainer<?> second = mirror(volume)) {
      second.start();
      assertThat(load(at(second, PORT))).isEqualTo(sums());
    } finally {
      hub.comeBack();
    }
  }

  @Test
  void the_operator_is_let_in_when_asked_for_and_the_health_check_finds_the_port()
      throws Exception {
    try (GenericContainer<?> mirror =
        mirror(volume())
            .withEnv("INTRAHUB_ADMIN_HOST", "0.0.0.0")
            .withEnv("INTRAHUB_ADMIN_PORT", "9000")
            .withExposedPorts(PORT, 9000)) {
      mirror.start();

      assertThat(status(at(mirror, 9000).resolve("/health"))).isEqualTo(200);
      assertThat(mirror.execInContainer("/opt/intrahub/bin/healthcheck").getExitCode()).isZero();
      ExecResult elsewhere =
          mirror.execInContainer("env", "INTRAHUB_ADMIN_PORT=1", "/opt/intrahub/bin/healthcheck");
      assertThat(elsewhere.getExitCode()).isEqualTo(1);
    }
  }

  @Test
  void a_wrong_option_stops_the_container_and_says_why() {
    Engine.Result result =
        Engine.run(
            Map.of(), "docker", "run", "--rm", "-e", "INTRAHUB_SERVER_PROT=9000", Engine.IMAGE);

    assertThat(result.output()).contains("did you mean INTRAHUB_SERVER_PORT?");
    assertThat(result.status()).isEqualTo(78);
  }

  @Test
  void compose_serves_a_load() throws Exception {
    List<String> compose =
        Engine.compose()
            .orElseGet(
                () -> Assumptions.abort("there is neither docker compose nor docker-compose"));
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getByName("0.0.0.0"))) {
      port = free.getLocalPort();
    }
    // What differs from the README: the image that is built already, and the way to this machine.
    Path more =
        Files.writeString(
            tmp.resolve("more.yml"),
            """
            services:
              intrahub:
                image: %s
                extra_hosts: ["%s:host-gateway"]
            """
                .formatted(Engine.IMAGE, OUTSIDE));
    Map<String, String> environment =
        Map.of(
            "MIRROR_PORT",
            String.valueOf(port),
            "INTRAHUB_UPSTREAM_ENDPOINTS",
            hub.uri().toString(),
            "HTTPS_PROXY",
            "");
    Consumer<List<String>> run =
        arguments -> {
          List<String> command = new ArrayList<>(compose);
          command.addAll(List.of("-p", "intrahub-test", "-f", "docker-compose.yml"));
          command.addAll(List.of("-f", more.toString()));
          command.addAll(arguments);
          Engine.Result result = Engine.run(environment, command.toArray(String[]::new));
          assertThat(result.ok()).as("%s wrote:%n%s", command, result.output()).isTrue();
        };
    try (GenericContainer<?> anyContainer =
        new GenericContainer<>(DockerImageName.parse(Engine.IMAGE))) {
      run.accept(List.of("up", "-d"));
      URI mirror = URI.create("http://" + anyContainer.getHost() + ":" + port);
      await()
          .atMost(Duration.ofSeconds(60))
          .ignoreExceptions()
          .until(() -> status(mirror.resolve("/api/models/" + REPO)) == 200);

      assertThat(load(mirror)).isEqualTo(sums());
    } finally {
      run.accept(List.of("down", "-v"));
    }
  }

  private String volume() {
    String name = "intrahub-test-" + ProcessHandle.current().pid() + "-" + volumes.size();
    volumes.add(name);
    return name;
  }

  private GenericContainer<?> mirror(String volume) {
    return new GenericContainer<>(DockerImageName.parse(Engine.IMAGE))
        .withEnv("INTRAHUB_UPSTREAM_ENDPOINTS", hub.uri().toString())
        .withExtraHost(OUTSIDE, "host-gateway")
        .withCreateContainerCmdModifier(
            c -> c.getHostConfig().withBinds(Bind.parse(volume + ":/data")))
        .withExposedPorts(PORT)
        .waitingFor(Wait.forLogMessage(".*Operator: .*", 1))
        .withStartupTimeout(Duration.ofSeconds(90));
  }

  private static URI at(GenericContainer<?> container, int port) {
    return URI.create("http://" + container.getHost() + ":" + container.getMappedPort(port));
  }

  private static String in(GenericContainer<?> container, String... command) throws Exception {
    ExecResult result = container.execInContainer(command);
    assertThat(result.getExitCode()).as("%s", result).isZero();
    return result.getStdout();
  }

  private static int status(URI uri) throws Exception {
    try (HttpClient http = HttpClient.newHttpClient()) {
      HttpRequest request = HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(10)).build();
      return http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
    }
  }

  /** Sums of the files that a new client gets. */
  private Map<String, String> load(URI mirror) {
    JsonNode files =
        hf.call().endpoint(mirror).script("snapshot.py", REPO).expectSuccess().json().get("files");
    Map<String, String> sums = new HashMap<>();
    files.properties().forEach(f -> sums.put(f.getKey(), f.getValue().get("sha256").asString()));
    return sums;
  }

  private static Map<String, String> sums() {
    Map<String, String> sums = new HashMap<>();
    FILES.forEach((path, file) -> sums.put(path, file.sha256()));
    return sums;
  }
}
