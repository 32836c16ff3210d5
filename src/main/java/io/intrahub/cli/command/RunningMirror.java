package io.intrahub.cli.command;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A mirror that runs, as its operator reaches it: by the operator's listener. Safe for use by many
 * threads.
 *
 * @param operator the address of the operator's listener
 * @param answer the JSON of {@code /status}, as it was sent
 * @param status the same, parsed
 */
public record RunningMirror(URI operator, String answer, JsonNode status) {
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  /**
   * Asks the operator's listener.
   *
   * @throws IOException if nothing answers there
   * @throws CommandException if the server there is another one
   */
  public static RunningMirror ask(URI operator)
      throws IOException, InterruptedException, CommandException {
    String answer = send(HttpRequest.newBuilder(operator.resolve("/status")).timeout(PATIENCE));
    try {
      JsonNode status = JsonMapper.shared().readTree(answer);
      if (status.hasNonNull("uptimeSeconds")) {
        return new RunningMirror(operator, answer, status);
      }
    } catch (JacksonException _) {
      // As below: the answer is that of another server.
    }
    throw new CommandException(
        ExitCode.UNAVAILABLE,
        "The server at " + operator + " is not the operator's listener of a mirror.");
  }

  /**
   * Has the mirror do something to its store.
   *
   * @param path of the operator's listener, with its query
   * @return what it did, as JSON
   * @throws IOException if the mirror gives no answer
   */
  public JsonNode post(String path) throws IOException, InterruptedException {
    // Without a timeout: a verification reads the whole store.
    return JsonMapper.shared()
        .readTree(
            send(
                HttpRequest.newBuilder(operator.resolve(path))
                    .POST(HttpRequest.BodyPublishers.noBody())));
  }

  private static String send(HttpRequest.Builder request) throws IOException, InterruptedException {
    // A proxy leads to the Hub, not to the operator's own machine.
    try (HttpClient client =
        HttpClient.newBuilder()
            .proxy(HttpClient.Builder.NO_PROXY)
            .connectTimeout(PATIENCE)
            .build()) {
      return client
          .send(request.build(), HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8))
          .body();
    }
  }

  /** Returns the random name of its store; empty if the mirror is too old to say it. */
  public Optional<String> storeId() {
    return status.path("store").path("id").stringValueOpt();
  }

  /**
   * Returns the address of the clients' listener.
   *
   * @throws CommandException if the mirror is too old to say it
   */
  public URI clients() throws CommandException {
    int port = status.path("clientsPort").asInt(0);
    if (port == 0) {
      throw new CommandException(
          ExitCode.UNAVAILABLE,
          "The mirror at " + operator + " is too old for this command: it does not name its port.");
    }
    return URI.create("http://" + operator.getHost() + ":" + port);
  }
}
