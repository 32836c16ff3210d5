package io.intrahub.clients;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A real client in one process that loads again and again, each time into an empty cache. When it
 * would wait before it asks again, a test's clock moves instead. For one thread.
 */
final class LoadingClient implements AutoCloseable {
  private final String version;
  private final Process process;
  private final BufferedReader out;
  private final Consumer<Duration> clock;

  /**
   * Starts it.
   *
   * @param version a folder of {@code src/test/clients}
   * @param homes an existing folder for its home
   * @param clock is told for how long the client would have slept
   */
  LoadingClient(String version, Path homes, URI mirror, Consumer<Duration> clock) {
    this.version = version;
    this.clock = clock;
    PythonClient client = new PythonClient(version, homes);
    client.assumeAvailable();
    process = client.call().endpoint(mirror).start("loads.py");
    out = process.inputReader(StandardCharsets.UTF_8);
  }

  String version() {
    return version;
  }

  /**
   * One load.
   *
   * @param files what it has: the path and sha256 of each file; empty after an error
   * @param error what it raised, as {@code report.py} describes it
   */
  record Load(Map<String, String> files, Optional<JsonNode> error) {
    /** The class of the exception, and the last line of its text. */
    String said() {
      return error
          .map(e -> "`" + e.get("type").asString() + "`: " + lastLine(e.get("message").asString()))
          .orElse("loads");
    }

    /** All that a traceback would show: the exception and those it came from. */
    String all() {
      StringBuilder all = new StringBuilder();
      JsonNode at = error.orElse(null);
      while (at != null && !at.isNull()) {
        all.append(at.get("message").asString()).append('\n');
        at = at.get("cause");
      }
      return all.toString();
    }

    private static String lastLine(String text) {
      return text.lines().filter(l -> !l.isBlank()).reduce("", (_, last) -> last).strip();
    }
  }

  /** Loads a repo with or without a token. */
  Load load(String repo, @Nullable String token) {
    ObjectNode line = JsonMapper.shared().createObjectNode();
    line.put("with", version.startsWith("transformers") ? "transformers" : "huggingface_hub");
    line.put("repo", repo).put("token", token);
    try {
      process.outputWriter(StandardCharsets.UTF_8).append(line.toString()).append('\n').flush();
      while (true) {
        String answer = out.readLine();
        if (answer == null) {
          throw new AssertionError(version + " has ended");
        }
        JsonNode said = JsonMapper.shared().readTree(answer);
        if (said.has("slept")) {
          clock.accept(Duration.ofMillis((long) (said.get("slept").asDouble() * 1_000)));
        } else {
          Map<String, String> files = new TreeMap<>();
          said.path("files")
              .properties()
              .forEach(e -> files.put(e.getKey(), e.getValue().asString()));
          return new Load(files, Optional.ofNullable(said.get("error")));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }
}
