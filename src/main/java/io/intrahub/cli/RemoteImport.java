package io.intrahub.cli;

import io.intrahub.admin.AdminServer;
import io.intrahub.cli.command.OperatorListener;
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
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Has a running mirror import, and passes on what it tells. */
final class RemoteImport {
  private final URI listener;
  private final OperatorKey key;

  RemoteImport(URI listener, OperatorKey key) {
    this.listener = listener;
    this.key = key;
  }

  /** How the import ended. */
  sealed interface Ended {
    /** As the report says. */
    record Done(boolean complete) implements Ended {}

    /**
     * Before its end.
     *
     * @param why a sentence for the operator
     */
    record Stopped(String why) implements Ended {}

    /** No mirror answers there that has this store open. */
    record NotRunning() implements Ended {}
  }

  Ended run(ImportJob job, ReportOutput output) throws InterruptedException {
    byte[] body = job.toJson();
    HttpRequest request =
        HttpRequest.newBuilder(listener.resolve("/import"))
            .header(AdminServer.SIGNATURE, key.sign(body))
            .POST(HttpRequest.BodyPublishers.ofByteArray(body))
            .build();
    try (HttpClient client = OperatorListener.client()) {
      HttpResponse<InputStream> response;
      try {
        response = client.send(request, HttpResponse.BodyHandlers.ofInputStream());
      } catch (IOException e) {
        return new Ended.NotRunning();
      }
      try (InputStream in = response.body()) {
        boolean understood =
            response.statusCode() == 200
                && response.headers().firstValue("Content-Type").orElse("").contains("x-ndjson");
        return understood ? follow(in, output) : new Ended.NotRunning();
      } catch (IOException | JacksonException e) {
        return broken();
      }
    }
  }

  private static Ended.Stopped broken() {
    return new Ended.Stopped(
        "The mirror stopped or closed the connection before the import had ended. What is"
            + " complete stays, and the same command continues.");
  }

  private static Ended follow(InputStream in, ReportOutput output) throws IOException {
    BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
    for (String text = lines.readLine(); text != null; text = lines.readLine()) {
      if (text.isEmpty()) {
        continue;
      }
      JsonNode event = JsonMapper.shared().readTree(text);
      if (event.has("stopped")) {
        return new Ended.Stopped(event.get("stopped").asString());
      }
      if (event.has("line")) {
        output.line(event.get("line").asString());
      }
      if (event.has("error")) {
        output.error(event.get("error").asString());
      }
      if (event.get("result") instanceof ObjectNode result) {
        boolean complete = event.path("complete").asBoolean(false);
        output.end(result, complete, "");
        return new Ended.Done(complete);
      }
    }
    return broken();
  }
}
