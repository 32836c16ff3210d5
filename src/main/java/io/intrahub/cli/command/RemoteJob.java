package io.intrahub.cli.command;

import static java.net.http.HttpResponse.BodyHandlers.ofInputStream;

import io.intrahub.admin.AdminServer;
import io.intrahub.config.Config;
import io.intrahub.store.fs.OperatorKey;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Has a running mirror do a job, and passes on what the mirror tells. Another process may listen on
 * the port while no mirror runs: nothing is believed before the mirror has proved that it has the
 * key of the store.
 */
public final class RemoteJob {
  private static final Pattern CHALLENGE = Pattern.compile("[0-9a-f]{32}");

  /** Far more than a challenge has, in bytes. */
  private static final int MAX_CHALLENGE = 1024;

  /**
   * How long a command waits.
   *
   * @param challenge for a challenge, with its end
   * @param answer for the beginning of the answer to the job
   */
  record Limits(Duration challenge, Duration answer) {
    /** A mirror begins its answer within ten seconds, whatever the job is. */
    static final Limits DEFAULT = new Limits(OperatorListener.PATIENCE, Duration.ofSeconds(30));
  }

  private final URI listener;
  private final OperatorKey key;
  private final String name;

  private RemoteJob(URI listener, OperatorKey key, String name) {
    this.listener = listener;
    this.key = key;
    this.name = name;
  }

  /**
   * A job for the mirror that may run on the store of a configuration; empty if none can: the
   * store's folder has no key that this user can read, or the port of the operator's listener is
   * not known.
   */
  private static Optional<RemoteJob> of(Config config, String name) throws CommandException {
    Optional<OperatorKey> key = OperatorKey.read(config.store().path());
    return key.isPresent() && config.admin().port() != 0
        ? Optional.of(new RemoteJob(OperatorListener.address(config.admin()), key.get(), name))
        : Optional.empty();
  }

  /**
   * Has the mirror that runs on the store of a configuration do a job.
   *
   * @param name of a {@link MirrorJob}
   * @param request what to do, as JSON
   * @return empty if no mirror answers there; otherwise {@link ExitCode#OK}, or {@link
   *     ExitCode#INCOMPLETE} if the report says so
   * @throws CommandException if the job stopped before its end, or it is not known how it ended
   */
  public static Optional<ExitCode> runInMirror(
      Config config, String name, byte[] request, ReportOutput output)
      throws CommandException, InterruptedException {
    return runInMirror(config, name, request, output, Limits.DEFAULT);
  }

  /** The same, with other limits for the wait until the mirror begins to answer. */
  static Optional<ExitCode> runInMirror(
      Config config, String name, byte[] request, ReportOutput output, Limits limits)
      throws CommandException, InterruptedException {
    Optional<RemoteJob> job = of(config, name);
    if (job.isEmpty()) {
      return Optional.empty();
    }
    return switch (job.get().run(request, output, limits)) {
      case Ended.Done(boolean complete) ->
          Optional.of(complete ? ExitCode.OK : ExitCode.INCOMPLETE);
      case Ended.Stopped(String why, ExitCode code) -> throw new CommandException(code, why);
      case Ended.NotRunning() -> Optional.empty();
    };
  }

  /** How the job ended. */
  private sealed interface Ended {
    /** As the report says. */
    record Done(boolean complete) implements Ended {}

    /**
     * Before its end.
     *
     * @param why a sentence for the operator
     */
    record Stopped(String why, ExitCode code) implements Ended {}

    /** No mirror answers there that has this store open, so the job was not done. */
    record NotRunning() implements Ended {}
  }

  private Ended run(byte[] request, ReportOutput output, Limits limits)
      throws InterruptedException {
    try (HttpClient client = OperatorListener.client()) {
      try {
        Optional<String> challenge = challenge(client, limits.challenge());
        return challenge.isPresent()
            ? run(client, request, challenge.get(), output, limits.answer())
            : new Ended.NotRunning();
      } finally {
        // Closing waits for requests in progress.
        client.shutdownNow();
      }
    }
  }

  /** Empty if no mirror answers. What another server says there must not be signed. */
  private Optional<String> challenge(HttpClient client, Duration patience)
      throws InterruptedException {
    try {
      HttpResponse<String> answer =
          OperatorListener.get(
              client, listener.resolve(AdminServer.CHALLENGE_PATH), patience, MAX_CHALLENGE);
      return Optional.of(answer.body())
          .filter(text -> answer.statusCode() == 200 && CHALLENGE.matcher(text).matches());
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** From here on the mirror may do the job, so a failure never means that none runs. */
  private Ended run(
      HttpClient client, byte[] request, String challenge, ReportOutput output, Duration patience)
      throws InterruptedException {
    String signature = key.sign(name, challenge, request);
    HttpRequest post =
        HttpRequest.newBuilder(listener.resolve("/" + name))
            .timeout(patience)
            .header(AdminServer.CHALLENGE, challenge)
            .header(AdminServer.SIGNATURE, signature)
            .POST(HttpRequest.BodyPublishers.ofByteArray(request))
            .build();
    HttpResponse<InputStream> response;
    try {
      response = client.send(post, ofInputStream());
    } catch (ConnectException | HttpConnectTimeoutException e) {
      return new Ended.NotRunning();
    } catch (IOException e) {
      return broken();
    }
    try (InputStream in = response.body()) {
      String proof = response.headers().firstValue(AdminServer.PROOF).orElse("");
      if (!key.isProof(proof, signature)) {
        return response.statusCode() == AdminServer.EXPIRED ? expired() : new Ended.NotRunning();
      }
      return response.statusCode() == 200 ? follow(in, output) : broken();
    } catch (IOException | JacksonException e) {
      return broken();
    }
  }

  private static Ended.Stopped expired() {
    return new Ended.Stopped(
        "The mirror did not accept the request, because it was restarted meanwhile or many others"
            + " asked at the same time. Start the command again.",
        ExitCode.IO_ERROR);
  }

  private Ended.Stopped broken() {
    return new Ended.Stopped(
        "The mirror did not say how the "
            + name
            + " ended: it stopped, closed the connection, or did not answer in time. What was done"
            + " stays done, and the same command does what is left.",
        ExitCode.IO_ERROR);
  }

  /**
   * What a job tells has names in it that others chose, so each text is printed as one line without
   * control characters.
   */
  private Ended follow(InputStream in, ReportOutput output) throws IOException {
    BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
    for (String text = lines.readLine(); text != null; text = lines.readLine()) {
      if (text.isEmpty()) {
        continue;
      }
      JsonNode event = JsonMapper.shared().readTree(text);
      if (event.has(JobEvents.STOPPED)) {
        return new Ended.Stopped(
            text(event, JobEvents.STOPPED),
            ExitCode.of(event.path(JobEvents.CODE).asInt(ExitCode.IO_ERROR.status()))
                .orElse(ExitCode.IO_ERROR));
      }
      if (event.has(JobEvents.LINE)) {
        output.line(text(event, JobEvents.LINE));
      }
      if (event.has(JobEvents.ERROR)) {
        output.error(text(event, JobEvents.ERROR));
      }
      if (event.has(JobEvents.PROGRESS)) {
        output.progress(text(event, JobEvents.PROGRESS));
      }
      if (event.get(JobEvents.RESULT) instanceof ObjectNode result) {
        boolean complete = event.path(JobEvents.COMPLETE).asBoolean(false);
        output.end(result, complete, text(event, JobEvents.LAST));
        return new Ended.Done(complete);
      }
    }
    return broken();
  }

  private static String text(JsonNode event, String kind) {
    return TerminalWriter.oneLine(event.path(kind).asString(""));
  }
}
