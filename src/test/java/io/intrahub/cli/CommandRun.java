package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.admin.AdminServer;
import io.intrahub.cli.command.TerminalWriter;
import io.intrahub.store.fs.OperatorKey;
import io.intrahub.testing.MirrorUnderTest;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.net.URLConnection;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What a command did that ran in this process. */
record CommandRun(int status, String out, String err) {
  JsonNode json() {
    return JsonMapper.shared().readTree(out);
  }

  CommandRun expectSuccess() {
    assertThat(status).as(out + err).isZero();
    return this;
  }

  /** Runs a command with exactly these arguments. */
  static CommandRun of(List<String> arguments) {
    return of(System.getenv(), arguments);
  }

  /** The same, with other variables for the user's token. */
  static CommandRun of(Map<String, String> environment, List<String> arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine line =
        Main.commandLine(environment)
            .setOut(new TerminalWriter(new PrintWriter(out)))
            .setErr(new TerminalWriter(new PrintWriter(err)));
    int status = line.execute(arguments.toArray(String[]::new));
    return new CommandRun(status, out.toString(), err.toString());
  }

  /** Runs a command on the store of a mirror, which does the work if it runs. */
  static CommandRun at(MirrorUnderTest mirror, String... arguments) {
    return at(mirror, mirror.app().adminUri().getPort(), arguments);
  }

  /** The same, for a mirror whose operator's listener is expected at this port. */
  static CommandRun at(MirrorUnderTest mirror, int adminPort, String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--data", mirror.data().toString()));
    all.addAll(List.of("--admin-port", Integer.toString(adminPort)));
    return of(all);
  }

  /** Loads a file of the main branch as a client of a mirror; an empty token is none. */
  static byte[] load(MirrorUnderTest mirror, String repo, String path, String token)
      throws IOException {
    URI file = mirror.uri().resolve("/" + repo + "/resolve/main/" + path);
    URLConnection connection = file.toURL().openConnection();
    if (!token.isEmpty()) {
      connection.setRequestProperty("Authorization", "Bearer " + token);
    }
    try (InputStream in = connection.getInputStream()) {
      return in.readAllBytes();
    }
  }

  /** Makes the request for a job that a command would send to a running mirror, signed for it. */
  static HttpRequest signed(MirrorUnderTest mirror, HttpClient client, String job, byte[] request)
      throws IOException, InterruptedException {
    OperatorKey key = OperatorKey.read(mirror.data()).orElseThrow();
    URI listener = mirror.app().adminUri();
    String challenge =
        client
            .send(
                HttpRequest.newBuilder(listener.resolve(AdminServer.CHALLENGE_PATH)).build(),
                HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8))
            .body();
    return HttpRequest.newBuilder(listener.resolve("/" + job))
        .header(AdminServer.CHALLENGE, challenge)
        .header(AdminServer.SIGNATURE, key.sign(job, challenge, request))
        .POST(HttpRequest.BodyPublishers.ofByteArray(request))
        .build();
  }
}
