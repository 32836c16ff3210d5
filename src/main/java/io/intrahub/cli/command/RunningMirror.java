package io.intrahub.cli.command;

import io.intrahub.store.fs.FolderId;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
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
  /** Far more than a mirror says of itself, in bytes: another server may have no end. */
  private static final int MAX_ANSWER = 4 << 20;

  /**
   * Asks the operator's listener, and waits for the whole answer for {@link
   * OperatorListener#PATIENCE} at most.
   *
   * @throws HttpTimeoutException if the answer is not complete by then; see {@link #silent}
   * @throws IOException if nothing answers there
   * @throws CommandException if the server there is another one
   */
  public static RunningMirror ask(URI operator)
      throws IOException, InterruptedException, CommandException {
    return ask(operator, OperatorListener.PATIENCE);
  }

  /** The same, with another limit for the wait. */
  static RunningMirror ask(URI operator, Duration patience)
      throws IOException, InterruptedException, CommandException {
    String answer = send(operator.resolve("/status"), patience);
    try {
      JsonNode status = JsonMapper.shared().readTree(answer);
      if (status.hasNonNull("uptimeSeconds")) {
        return new RunningMirror(answer, status);
      }
    } catch (JacksonException _) {
      // As below: the answer is that of another server.
    }
    throw foreign(operator);
  }

  /** Whether it says that its store is in this folder; false if there is no such folder. */
  public boolean isOn(Path folder) {
    try {
      return FolderId.of(folder).equals(status.path("store").path("folder").asString(""));
    } catch (IOException _) {
      return false;
    }
  }

  /** Says that the server at an address is another one. */
  static CommandException foreign(URI operator) {
    return new CommandException(
        ExitCode.UNAVAILABLE,
        "The server at " + operator + " is not the operator's listener of a mirror.");
  }

  /** Says that nothing listens at an address that the command line names. */
  public static CommandException absent(URI operator, IOException why) {
    return new CommandException(
        ExitCode.UNAVAILABLE,
        "No mirror answers at "
            + operator
            + ". Start one with serve; or leave --admin-host and --admin-port out, to work on the"
            + " folder of the store.",
        why);
  }

  /** Says that whatever listens at an address does not answer. */
  public static CommandException silent(URI operator, HttpTimeoutException why) {
    return new CommandException(
        ExitCode.UNAVAILABLE,
        "The server at %s does not answer: the command waited for %d s. If it is a mirror, it hangs or is overloaded: see its log, and restart it. Otherwise name the operator's listener of the mirror with --admin-host and --admin-port."
            .formatted(operator, OperatorListener.PATIENCE.toSeconds()),
        why);
  }

  private static String send(URI address, Duration patience)
      throws IOException, InterruptedException {
    try (HttpClient client = OperatorListener.client()) {
      try {
        return OperatorListener.get(client, address, patience, MAX_ANSWER).body();
      } finally {
        // Closing waits for requests in progress.
        client.shutdownNow();
      }
    }
  }
}
