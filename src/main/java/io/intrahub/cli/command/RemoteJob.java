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
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
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
  private final Path folder;
  private final Optional<OperatorKey> key;
  private final String name;

  private RemoteJob(URI listener, Path folder, Optional<OperatorKey> key, String name) {
    this.listener = listener;
    this.folder = folder;
    this.key = key;
    this.name = name;
  }

  /**
   * Has the mirror that runs on a store do a job. None is asked if the port of its operator's
   * listener is not known.
   *
   * @param name of a {@link MirrorJob}
   * @param request what to do, as JSON
   * @return empty if none runs on it as far as can be told, which the lock of the store shows;
   *     otherwise {@link ExitCode#OK}, or {@link ExitCode#INCOMPLETE} if the report says so
   * @throws CommandException if the job stopped before its end, or it is not known how it ended, or
   *     the mirror that the command line names does not answer or runs on another folder
   */
  public static Optional<ExitCode> runInMirror(
      StoreTarget target, String name, byte[] request, ReportOutput output)
      throws CommandException, InterruptedException {
    return runInMirror(target, name, request, output, Limits.DEFAULT);
  }

  /** The same, with other limits for the wait until the mirror begins to answer. */
  static Optional<ExitCode> runInMirror(
      StoreTarget target, String name, byte[] request, ReportOutput output, Limits limits)
      throws CommandException, InterruptedException {
    Config config = target.config();
    Path folder = config.store().path().toAbsolutePath().normalize();
    Optional<OperatorKey> key = OperatorKey.read(folder);
    if (config.admin().port() == 0 || (key.isEmpty() && !target.namesListener())) {
      return Optional.empty();
    }
    RemoteJob job = new RemoteJob(OperatorListener.address(config.admin()), folder, key, name);
    return switch (job.run(request, output, limits)) {
      case Ended.Done(boolean complete) ->
          Optional.of(complete ? ExitCode.OK : ExitCode.INCOMPLETE);
      case Ended.Stopped(String why, ExitCode code) -> throw new CommandException(code, why);
      case Ended.NotRunning(CommandException why) -> {
        if (target.namesListener()) {
          throw why;
        }
        yield Optional.empty();
      }
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

    /**
     * No mirror answers there that has this folder open, so the job was not done.
     *
     * @param why for an operator who expects one there
     */
    record NotRunning(CommandException why) implements Ended {}
  }

  private Ended run(byte[] request, ReportOutput output, Limits limits)
      throws InterruptedException {
    try (HttpClient client = OperatorListener.client()) {
      try {
        String challenge = challenge(client, limits.challenge());
        return key.isPresent()
            ? run(client, key.get(), request, challenge, output, limits.answer())
            : elsewhere();
      } catch (CommandException e) {
        return new Ended.NotRunning(e);
      } finally {
        // Closing waits for requests in progress.
        client.shutdownNow();
      }
    }
  }

  /**
   * What another server says there must not be signed.
   *
   * @throws CommandException if no mirror answers
   */
  private String challenge(HttpClient client, Duration patience)
      throws CommandException, InterruptedException {
    try {
      HttpResponse<String> answer =
          OperatorListener.get(
              client, listener.resolve(AdminServer.CHALLENGE_PATH), patience, MAX_CHALLENGE);
      if (answer.statusCode() == 200 && CHALLENGE.matcher(answer.body()).matches()) {
        return answer.body();
      }
    } catch (HttpTimeoutException e) {
      throw RunningMirror.silent(listener, e);
    } catch (IOException e) {
      throw RunningMirror.absent(listener, e);
    }
    throw RunningMirror.foreign(listener);
  }

  private Ended.NotRunning elsewhere() {
    return new Ended.NotRunning(
        new CommandException(
            ExitCode.CONFIG,
            "The mirror at "
                + listener
                + " has another store than "
                + folder
                + ", or this user can't read all of that folder. Name the folder of that mirror"
                + " with --data; or leave --admin-host and --admin-port out, to work on the"
                + " folder."));
  }

  /** From here on the mirror may do the job, so a failure never means that none runs. */
  private Ended run(
      HttpClient client,
      OperatorKey own,
      byte[] request,
      String challenge,
      ReportOutput output,
      Duration patience)
      throws InterruptedException {
    String signature = own.sign(name, challenge, request);
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
      return new Ended.NotRunning(RunningMirror.absent(listener, e));
    } catch (IOException e) {
      return broken();
    }
    try (InputStream in = response.body()) {
      String proof = response.headers().firstValue(AdminServer.PROOF).orElse("");
      if (!own.isProof(proof, signature)) {
        return response.statusCode() == AdminServer.EXPIRED ? expired() : elsewhere();
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
