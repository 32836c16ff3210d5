package io.intrahub.containers;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.testcontainers.DockerClientFactory;

/**
 * The engine for containers, if this machine has one. Unlike a client that is missing, a missing
 * engine skips tests under CI too: not every machine that runs CI can run one.
 */
final class Engine {
  /** The image of the product under test. */
  static final String IMAGE = "intrahub-test/mirror";

  private static final int MINUTES_TO_BUILD = 15;

  private Engine() {}

  /** Skips the test, with the reason, if there is no engine to be used. */
  static void assumeAvailable() {
    // Whoever looked for one before knows better why there is none.
    Optional.ofNullable(System.getenv("CONTAINER_TESTS_NO_ENGINE"))
        .filter(why -> !why.isBlank())
        .ifPresent(Assumptions::abort);
    if (!DockerClientFactory.instance().isDockerAvailable()) {
      Assumptions.abort("there is no engine for containers");
    }
    if (!run(Map.of(), "docker", "version").ok()) {
      Assumptions.abort("there is an engine for containers, but no docker command");
    }
  }

  /**
   * Builds the image as the README says. With {@code CONTAINER_TESTS_BUILD_IMAGE} and {@code
   * CONTAINER_TESTS_RUN_IMAGE} it stands on those; skips the test if it stands on images that
   * cannot be had.
   */
  static void build() {
    List<String> command = new ArrayList<>(List.of("docker", "build", "-t", IMAGE));
    for (String image : List.of("BUILD_IMAGE", "RUN_IMAGE")) {
      String given = System.getenv("CONTAINER_TESTS_" + image);
      String name = given == null || given.isBlank() ? inDockerfile(image) : given;
      if (!run(Map.of(), "docker", "image", "inspect", name).ok()
          && !run(Map.of(), "docker", "pull", "-q", name).ok()) {
        Assumptions.abort("the image " + name + " is not here and cannot be pulled");
      }
      command.addAll(List.of("--build-arg", image + "=" + name));
    }
    command.add(".");
    Result result = run(Map.of(), command.toArray(String[]::new));
    assertThat(result.ok()).as("docker build ended well; it wrote:%n%s", result.output()).isTrue();
  }

  private static String inDockerfile(String argument) {
    try {
      return Files.readAllLines(Path.of("Dockerfile")).stream()
          .filter(line -> line.startsWith("ARG " + argument + "="))
          .map(line -> line.substring(line.indexOf('=') + 1))
          .findFirst()
          .orElseThrow();
    } catch (IOException e) {
      throw new AssertionError("the Dockerfile cannot be read", e);
    }
  }

  /** The command that speaks compose: the plugin, or the program that came before it. */
  static Optional<List<String>> compose() {
    if (run(Map.of(), "docker", "compose", "version").ok()) {
      return Optional.of(List.of("docker", "compose"));
    }
    return run(Map.of(), "docker-compose", "version").ok()
        ? Optional.of(List.of("docker-compose"))
        : Optional.empty();
  }

  /**
   * How a command ended.
   *
   * @param output standard output and error together
   */
  record Result(int status, String output) {
    boolean ok() {
      return status == 0;
    }
  }

  /** Runs a command in the folder of the project to its end; a program that is missing is 127. */
  static Result run(Map<String, String> environment, String... command) {
    Path output = null;
    try {
      output = Files.createTempFile("intrahub-engine", ".txt");
      ProcessBuilder builder =
          new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
      builder.environment().putAll(environment);
      Process process;
      try {
        process = builder.start();
      } catch (IOException e) {
        return new Result(127, String.valueOf(e.getMessage()));
      }
      process.getOutputStream().close();
      if (!process.waitFor(MINUTES_TO_BUILD, TimeUnit.MINUTES)) {
        process.destroyForcibly();
        return new Result(124, "took too long:\n" + Files.readString(output));
      }
      return new Result(process.exitValue(), Files.readString(output));
    } catch (IOException e) {
      throw new AssertionError("cannot run " + List.of(command), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted while running " + List.of(command), e);
    } finally {
      if (output != null) {
        output.toFile().delete();
      }
    }
  }
}
