package io.intrahub.clients;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;

/**
 * Runs a real client in a process of its own, cut off from the settings of whoever runs the tests.
 */
final class ClientProcess {
  private ClientProcess() {}

  /**
   * Runs the command to its end, without standard input.
   *
   * @param env added to a small environment without proxies and without settings of Python or the
   *     Hub's clients
   * @param home the client's home folder, where its output is kept too
   * @throws AssertionError if it takes longer than the timeout; the process and its children are
   *     ended then
   */
  static ClientResult run(
      List<String> command, Map<String, String> env, Path home, Duration timeout) {
    try {
      // Files and not pipes: nobody need read them while it runs, and a grandchild that keeps one
      // open cannot hold up the test.
      Path out = Files.createTempFile(home, "stdout", ".txt");
      Path err = Files.createTempFile(home, "stderr", ".txt");
      ProcessBuilder builder = builder(command, env, home);
      builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
      builder.redirectOutput(out.toFile()).redirectError(err.toFile());
      Process process = builder.start();
      boolean ended = false;
      try {
        ended = process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS);
      } finally {
        if (!ended) {
          process.descendants().forEach(ProcessHandle::destroyForcibly);
          process.destroyForcibly();
        }
      }
      String written = Files.readString(out);
      String complained = Files.readString(err);
      if (!ended) {
        throw new AssertionError(
            "%s took longer than %s; it wrote:%n%s%n--- standard error ---%n%s"
                .formatted(command, timeout, written, complained));
      }
      return new ClientResult(process.exitValue(), written, complained);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot run " + command, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted while running " + command, e);
    }
  }

  /** Runs lines as a user types them in the home folder, up to the first one that fails. */
  static ClientResult shell(
      List<String> lines, Map<String, String> env, Path home, Duration timeout) {
    return run(List.of("sh", "-ec", "cd\n" + String.join("\n", lines)), env, home, timeout);
  }

  /** Starts the command, to be spoken to by its standard input and output. */
  static Process start(List<String> command, Map<String, String> env, Path home) {
    try {
      Path err = Files.createTempFile(home, "stderr", ".txt");
      return builder(command, env, home).redirectError(err.toFile()).start();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot run " + command, e);
    }
  }

  private static ProcessBuilder builder(List<String> command, Map<String, String> env, Path home) {
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().keySet().removeIf(ClientProcess::isSetting);
    builder.environment().put("HOME", home.toString());
    builder.environment().putAll(env);
    return builder;
  }

  /** Skips the test because a client is not there; under CI, where all must be there, fails it. */
  static void missing(String what) {
    if ("true".equals(System.getenv("CI"))) {
      Assertions.fail(what);
    }
    Assumptions.abort(what);
  }

  /** Anything of the surroundings that would change where a client goes or what it finds there. */
  private static boolean isSetting(String name) {
    String upper = name.toUpperCase(Locale.ROOT);
    return upper.endsWith("_PROXY")
        || List.of("HF_", "HUGGING", "TRANSFORMERS_", "PYTHON", "PIP_", "VIRTUAL_ENV", "XDG_")
            .stream()
            .anyMatch(upper::startsWith);
  }
}
