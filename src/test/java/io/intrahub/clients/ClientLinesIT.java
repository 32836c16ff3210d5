package io.intrahub.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DemoRepos;
import io.intrahub.devhub.DevRepo;
import io.intrahub.testing.MirrorUnderTest;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/**
 * The lines under "Use the mirror" of {@code docs/clients.md}: a shell runs them as they are, and
 * only the address of the mirror is another one.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ClientLinesIT {
  static final List<TableRow> ROWS = TableRow.ALL;

  private static final Duration LIMIT = Duration.ofMinutes(2);
  private static final URI PRINTED = URI.create("http://mirror:8090");
  private static final Pattern REPO = Pattern.compile("acme/(tiny|rows|kernel)\\b");

  /** Where DuckDB looks for what it would otherwise load from its own server. */
  private static final String INSTALL_HTTPFS =
      """
      import duckdb, duckdb_extension_httpfs, os
      folder = os.path.join(os.path.dirname(duckdb_extension_httpfs.__file__), "extensions")
      file = os.path.join(folder, "v" + duckdb.__version__, "httpfs.duckdb_extension")
      duckdb.execute(f"INSTALL '{file}'")
      """;

  private Path tmp;
  private MirrorUnderTest mirror;

  @BeforeAll
  void start(@TempDir Path folder) throws IOException {
    tmp = Files.createDirectory(folder.resolve("homes"));
    mirror = new MirrorUnderTest(folder.resolve("data"));
    DemoRepos.tinyBert(mirror.hub());
    mirror
        .hub()
        .repo("model", "acme/tiny")
        .commit("Add a model", mirror.hub().repo("model", "demo/tiny-bert").files("v1.0"));
    mirror.hub().repo("dataset", "acme/rows").commit("Add rows", TableRepos.data());
    DevRepo kernel = mirror.hub().repo("kernel", "acme/kernel");
    kernel.branch("v1", kernel.commit("Add a kernel", TableRepos.kernel()));
  }

  @AfterAll
  void stop() {
    mirror.close();
  }

  @ParameterizedTest
  @FieldSource("ROWS")
  void the_lines_of_the_page_load_from_the_mirror(TableRow row) throws Exception {
    Matcher named = REPO.matcher(String.join("\n", row.lines()));
    assertThat(named.find()).as("the lines name a repo").isTrue();
    try (WireTap tap = new WireTap(mirror.uri())) {
      List<String> lines =
          row.lines().stream()
              .map(line -> line.replace(PRINTED.toString(), tap.uri().toString()))
              .toList();
      Path home = Files.createTempDirectory(tmp, row.id());

      ClientResult ran = run(row, lines, home).expectSuccess();

      assertThat(tap.exchanges().stream().flatMap(List::stream))
          .as("requests about %s", named.group())
          .anyMatch(e -> e.target().contains(named.group()) && e.status() < 300);
      assertThat(!ran.stdout().isBlank() || hasFile(home))
          .as("it printed something or left a file")
          .isTrue();
    }
  }

  private static ClientResult run(TableRow row, List<String> lines, Path home) {
    if (row.setup().isEmpty()) {
      return ClientProcess.shell(lines, Map.of(), home, LIMIT);
    }
    ClientSetup setup = row.setup().get();
    new PythonClient(setup.environment(), home).assumeAvailable();
    PythonClient.Call call = setup.call(home).timeout(LIMIT);
    if (row.id().equals("duckdb")) {
      call.code(INSTALL_HTTPFS).expectSuccess();
    }
    return call.shell(lines);
  }

  /** Whether a file of the repo is in the folder of the user. */
  private static boolean hasFile(Path home) throws IOException {
    try (Stream<Path> files = Files.list(home)) {
      return files.anyMatch(file -> file.endsWith("config.json"));
    }
  }
}
