package io.intrahub.cli.command;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A mirror that runs, as its operator reaches it: by the operator's listener. Safe for use by many
 * threads.
 *
 * @param answer the JSON of {@code /status}, as it was sent
 * @param status the same, parsed
 */
public record RunningMirror(String answer, JsonNode status) {
  /**
   * Asks the operator's listener.
   *
   * @throws IOException if nothing answers there
   * @throws CommandException if the server there is another one
   */
  public static RunningMirror ask(URI operator)
      throws IOException, InterruptedException, CommandException {
    String answer =
        send(
            HttpRequest.newBuilder(operator.resolve("/status")).timeout(OperatorListener.PATIENCE));
    try {
      JsonNode status = JsonMapper.shared().readTree(answer);
      if (status.hasNonNull("uptimeSeconds")) {
        return new RunningMirror(answer, status);
      }
    } catch (JacksonException _) {
      // As below: the answer is that of another server.
    }
    throw new CommandException(
        ExitCode.UNAVAILABLE,
        "The server at " + operator + " is not the operator's listener of a mirror.");
  }

  private static String send(HttpRequest.Builder request) throws IOException, InterruptedException {
    try (HttpClient client = OperatorListener.client()) {
      return client
          .send(request.build(), HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8))
          .body();
    }
  }
}
