package io.intrahub.clients;

import static org.assertj.core.api.Assertions.assertThat;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** How the process of a client ended and what it wrote. */
public record ClientResult(int exitCode, String stdout, String stderr) {

  /** Fails with all that the client wrote unless it ended with 0; returns itself. */
  public ClientResult expectSuccess() {
    assertThat(exitCode).as("exit status of the client; it wrote:%n%s", written()).isZero();
    return this;
  }

  /** The last line of standard output as JSON: what {@code report.py} prints. */
  public JsonNode json() {
    String line = stdout.strip();
    line = line.substring(line.lastIndexOf('\n') + 1);
    assertThat(line).as("a line of JSON; the client wrote:%n%s", written()).startsWith("{");
    return JsonMapper.shared().readTree(line);
  }

  private String written() {
    return stdout + "\n--- standard error ---\n" + stderr;
  }
}
