package io.intrahub.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import io.intrahub.faults.MirrorProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The lines of {@code intrahub --help} that bring models from a laptop's cache, and one more from
 * the Hub, to a machine without a network: a shell runs them as they are printed. Only the folder
 * of the stick is another one, and {@code load.py} is a file of this test.
 */
@Timeout(300)
class HelpLinesIT {
  private static final Duration LIMIT = Duration.ofSeconds(120);

  /** Where the help puts the stick. */
  private static final String STICK = "/media/stick";

  private static final Pattern LINE = Pattern.compile("(?m)^  ((?:intrahub|HF_HUB_CACHE=).*)$");
  private static final Pattern NEXT = Pattern.compile("Next: (intrahub \\S+)");

  /** Other repos than the help names would not be found. */
  private static final String LOAD =
      """
      import report
      from huggingface_hub import snapshot_download

      report.of(lambda: {repo: report.tree(snapshot_download(repo)) for repo in ("gpt2", "acme/tiny")})
      """;

  @TempDir Path tmp;
  private Path laptop;
  private DevHub hub;
  private DevRepo downloaded;
  private DevRepo further;
  private final Map<String, String> environment = new HashMap<>();

  @BeforeEach
  void start() throws IOException {
    hub = DevHub.builder().start();
    downloaded = repo("gpt2", 1);
    further = repo("acme/tiny", 2);
    laptop = Files.createDirectory(tmp.resolve("laptop"));
    environment.put("PATH", CommandOnPath.install(tmp.resolve("bin")));
    environment.put("INTRAHUB_UPSTREAM_ENDPOINTS", hub.uri() + "#send-tokens");
    environment.put("INTRAHUB_ADMIN_PORT", "0");
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  private DevRepo repo(String id, int seed) {
    DevRepo repo = hub.repo("model", id);
    repo.commit(
        "Add it",
        Map.of(
            "config.json", DevFile.text("{\"id\": \"" + id + "\"}\n"),
            "model.safetensors", DevFile.lfsGenerated(seed, 2_000_000)));
    return repo;
  }

  /** As the laptop's user typed it earlier. */
  private void download(String version) throws IOException {
    PythonClient client = new PythonClient(version, tmp);
    client.assumeAvailable();
    client
        .call()
        .inHome(Files.createDirectories(laptop.resolve(".cache/huggingface")))
        .endpoint(hub.uri())
        .env("HF_HUB_DISABLE_XET", "1")
        .script("snapshot.py", "gpt2")
        .expectSuccess();
  }

  private ClientResult shell(Path home, Map<String, String> further, String line) {
    Map<String, String> env = new HashMap<>(environment);
    env.putAll(further);
    return ClientProcess.shell(List.of(line), env, home, LIMIT);
  }

  /** The lines of the help, with the stick in the folder of this test. */
  private List<String> lines(Pattern pattern) {
    String help = shell(laptop, Map.of(), "intrahub --help").expectSuccess().stdout();
    String part = help.substring(help.indexOf("to a machine without network:"));
    return pattern
        .matcher(part)
        .results()
        .map((MatchResult line) -> line.group(1).replace(STICK, tmp.resolve("stick").toString()))
        .toList();
  }

  private void runOnTheLaptop() {
    List<String> lines = lines(LINE);
    assertThat(lines).hasSize(4);
    for (String line : lines.subList(0, 3)) {
      ClientResult ran = shell(laptop, Map.of(), line).expectSuccess();
      assertThat(ran.stderr()).as(line).isEmpty();
    }
    assertThat(shell(laptop, Map.of(), lines(NEXT).getFirst()).expectSuccess().stdout())
        .contains("gpt2", "acme/tiny");
  }

  private void loadThere(String version) throws IOException {
    PythonClient client = new PythonClient(version, tmp);
    client.assumeAvailable();
    Path home = Files.createDirectory(tmp.resolve("there-" + version));
    Files.writeString(home.resolve("load.py"), LOAD);
    Path bin = Path.of("target/clients").resolve(version).resolve("bin").toAbsolutePath();

    ClientResult loaded =
        shell(
            home,
            Map.of(
                "PATH",
                bin + ":" + System.getenv("PATH"),
                "PYTHONPATH",
                Path.of("src/test/clients/scripts").toAbsolutePath().toString(),
                "PYTHONDONTWRITEBYTECODE",
                "1"),
            lines(LINE).getLast());

    for (DevRepo repo : List.of(downloaded, further)) {
      LoadedRepo.expectFiles(loaded.expectSuccess().json().get(repo.id()), repo.files("main"));
    }
  }

  @Test
  void the_help_brings_two_models_to_a_machine_without_network() throws Exception {
    download("hf-2.4.0");

    runOnTheLaptop();
    hub.close();

    loadThere("hf-2.4.0");
    loadThere("hf-0.23.5");
  }

  @Test
  void the_same_lines_go_through_the_mirror_that_runs_on_the_folder() throws Exception {
    download("hf-0.23.5");
    Path log = Files.createFile(tmp.resolve("log"));
    try (MirrorProcess mirror =
        MirrorProcess.serve(laptop.resolve("data"), hub.uri(), log, MirrorProcess.STARTS_QUICKLY)) {
      environment.put("INTRAHUB_ADMIN_PORT", Integer.toString(mirror.adminUri().getPort()));

      runOnTheLaptop();
    }
    hub.close();

    loadThere("hf-2.4.0");
    loadThere("hf-0.23.5");
  }
}
