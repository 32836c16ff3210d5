package io.intrahub.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The reference page and the example file say what the code says. With {@code
 * -Dintrahub.write=true} they are written instead of compared.
 */
class ConfigurationReferenceTest {
  private static final String COMMAND =
      "./check --fast -Dtest=ConfigurationReferenceTest -Dintrahub.write=true";
  private static final Path PAGE = Path.of("docs/configuration.md");
  private static final Path FILE = Path.of("config/intrahub.yaml");

  private final Reference reference = new Reference(COMMAND);

  @Test
  void the_reference_page_says_what_the_code_says(@TempDir Path folder) throws Exception {
    writtenOrSame(PAGE, reference.page(complaint(folder)));
  }

  @Test
  void the_example_file_holds_every_option_with_the_default_that_the_code_has() throws Exception {
    writtenOrSame(FILE, reference.file());
    ConfigSources sources = new ConfigSources();
    YamlFile.read(FILE.toString(), Files.readString(FILE), sources);

    assertThat(sources.finish()).isEqualTo(Config.defaults());
    assertThat(sources.keys())
        .containsExactlyInAnyOrderElementsOf(Options.all().stream().map(Option::key).toList());
  }

  /** A real one, so that the page shows what people will see. */
  private static String complaint(Path folder) throws IOException {
    Path file = folder.resolve("intrahub.yaml");
    Files.writeString(
        file,
        """
        server:
          prot: 9000
        upstream:
          connect-timeout: 5
        """);
    Map<String, String> environment = Map.of("INTRAHUB_ADMIN_PORT", "http");
    ConfigException e =
        catchThrowableOfType(
            ConfigException.class,
            () -> ConfigLoader.load(Optional.of(file), environment, Map.of()));
    return e.getMessage().replace(folder + "/", "");
  }

  private static void writtenOrSame(Path file, String expected) throws IOException {
    if (Boolean.getBoolean("intrahub.write")) {
      Files.createDirectories(file.getParent());
      Files.writeString(file, expected);
      return;
    }
    assertThat(Files.exists(file) ? Files.readAllLines(file) : List.of())
        .as("%s is not what the code says; to write it anew, run: %s", file, COMMAND)
        .isEqualTo(expected.lines().toList());
  }
}
