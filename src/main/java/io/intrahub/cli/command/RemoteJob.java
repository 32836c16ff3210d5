package io.intrahub.cli.command;

import static java.net.http.HttpResponse.BodyHandlers.ofInputStream;
import static java.net.http.HttpResponse.BodyHandlers.ofString;

import io.intrahub.admin.AdminServer;
import io.intrahub.config.Config;
import io.intrahub.store.fs.OperatorKey;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
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

/** Has a running mirror do a job, and passes on what the mirror tells. */
public final class RemoteJob {
  private static final Pattern CHALLENGE = Pattern.compile("[0-9a-f]{32}");

  /** How much is read of the reason for a refusal, in bytes. */
  private static final int MAX_REASON = 1024;

  /** A mirror begins its answer within ten seconds, whatever the job is. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

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
   * @throws CommandException if the job stopped before its end
   */
  public static Optional<ExitCode> runInMirror(
      Config config, String name, byte[] request, ReportOutput output)
      throws CommandException, InterruptedException {
    return runInMirror(config, name, request, output, PATIENCE);
  }

  /** The same, with another limit for the wait until the mirror begins to answer. */
  static Optional<ExitCode> runInMirror(
      Config config, String name, byte[] request, ReportOutput output, Duration patience)
      throws CommandException, InterruptedException {
    Optional<RemoteJob> job = of(config, name);
    if (job.isEmpty()) {
      return Optional.empty();
    }
    return switch (job.get().run(request, output, patience)) {
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

    /** No mirror answers there that has this store open. */
    record NotRunning() implements Ended {}
  }

  private Ended run(byte[] request, ReportOutput output, Duration patience)
      throws InterruptedException {
    try (HttpClient client = OperatorListener.client()) {
      HttpResponse<InputStream> response;
      try {
        HttpResponse<String> challenge = client.send(challenge(patience), ofString());
        // What another server says there must not be signed.
        if (challenge.statusCode() != 200 || !CHALLENGE.matcher(challenge.body()).matches()) {
          return new Ended.NotRunning();
        }
        response = client.send(post(request, challenge.body(), patience), ofInputStream());
      } catch (IOException e) {
        return new Ended.NotRunning();
      }
      try (InputStream in = response.body()) {
        if (response.statusCode() == AdminServer.EXPIRED) {
          String why = new String(in.readNBytes(MAX_REASON), StandardCharsets.UTF_8);
          return new Ended.Stopped(why.strip(), ExitCode.IO_ERROR);
        }
        boolean understood =
            response.statusCode() == 200
                && response.headers().firstValue("Content-Type").orElse("").contains("x-ndjson");
        return understood ? follow(in, output) : new Ended.NotRunning();
      } catch (IOException | JacksonException e) {
        return broken();
      }
    }
  }

  private HttpRequest challenge(Duration patience) {
    return HttpRequest.newBuilder(listener.resolve(AdminServer.CHALLENGE_PATH))
        .timeout(patience)
        .build();
  }

  private HttpRequest post(byte[] request, String challenge, Duration patience) {
    return HttpRequest.newBuilder(listener.resolve("/" + name))
        .timeout(patience)
        .header(AdminServer.CHALLENGE, challenge)
        .header(AdminServer.SIGNATURE, key.sign(name, challenge, request))
        .POST(HttpRequest.BodyPublishers.ofByteArray(request))
        .build();
  }

  private Ended.Stopped broken() {
    return new Ended.Stopped(
        "The mirror stopped or closed the connection before the "
            + name
            + " had ended. What is complete stays, and the same command continues.",
        ExitCode.IO_ERROR);
  }

  private Ended follow(InputStream in, ReportOutput output) throws IOException {
    BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
    for (String text = lines.readLine(); text != null; text = lines.readLine()) {
      if (text.isEmpty()) {
        continue;
      }
      JsonNode event = JsonMapper.shared().readTree(text);
      if (event.has(JobEvents.STOPPED)) {
        return new Ended.Stopped(
            event.get(JobEvents.STOPPED).asString(),
            ExitCode.of(event.path(JobEvents.CODE).asInt(ExitCode.IO_ERROR.status()))
                .orElse(ExitCode.IO_ERROR));
      }
      if (event.has(JobEvents.LINE)) {
        output.line(event.get(JobEvents.LINE).asString());
      }
      if (event.has(JobEvents.ERROR)) {
        output.error(event.get(JobEvents.ERROR).asString());
      }
      if (event.has(JobEvents.PROGRESS)) {
        output.progress(event.get(JobEvents.PROGRESS).asString());
      }
      if (event.get(JobEvents.RESULT) instanceof ObjectNode result) {
        boolean complete = event.path(JobEvents.COMPLETE).asBoolean(false);
        output.end(result, complete, event.path(JobEvents.LAST).asString(""));
        return new Ended.Done(complete);
      }
    }
    return broken();
  }
}
