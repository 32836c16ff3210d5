package io.intrahub.http;

import io.intrahub.hub.FilePath;
import io.intrahub.hub.HeaderNames;
import io.intrahub.hub.HubError;
import io.intrahub.hub.HubTarget;
import io.intrahub.hub.json.MalformedJsonException;
import io.intrahub.hub.json.PathsInfoJson;
import io.intrahub.mirror.ApiReply;
import io.intrahub.mirror.Mirror;
import io.intrahub.mirror.TreeQuery;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** The JSON API: what the mirror knows, what it answers itself, and what it passes on. */
final class ApiRoutes {
  private static final int MAX_BODY = 4 * 1024 * 1024;

  private final Mirror mirror;

  ApiRoutes(Mirror mirror) {
    this.mirror = mirror;
  }

  /** {@code GET /api/{type}s/{repo}[/revision/{revision}]}. */
  void info(Exchange exchange, HubTarget.RepoInfo target) throws IOException {
    write(
        exchange,
        mirror
            .infos()
            .info(
                target.repo(),
                target.revision(),
                exchange.rawQuery(),
                exchange.caller(),
                exchange.noCache()));
  }

  /** {@code GET /api/{type}s/{repo}/tree/{revision}[/{path}]}. */
  void tree(Exchange exchange, HubTarget.Tree target) throws IOException {
    Query query = Query.parse(exchange.rawQuery());
    Optional<FilePath> after = Optional.empty();
    if (query.first("cursor").isPresent()) {
      after = TreeQuery.ofCursor(query.first("cursor").get());
      if (after.isEmpty()) {
        error(exchange, HubError.badRequest("The cursor is not one of this mirror's."));
        return;
      }
    }
    TreeQuery asked =
        new TreeQuery(
            query.isTrue("recursive"),
            query.isTrue("expand"),
            query.positive("limit"),
            after,
            exchange.rawQuery());
    write(
        exchange,
        mirror
            .trees()
            .list(
                target.repo(),
                target.revision(),
                target.path(),
                asked,
                exchange.caller(),
                exchange.noCache(),
                exchange.self()));
  }

  /** {@code POST /api/{type}s/{repo}/paths-info/{revision}}: a read, though a POST. */
  void pathsInfo(Exchange exchange, HubTarget.PathsInfo target) throws IOException {
    // What is announced as too large is not waited for.
    boolean announced = exchange.request().getContentLengthLong() > MAX_BODY;
    byte[] body =
        announced ? new byte[0] : exchange.request().getInputStream().readNBytes(MAX_BODY + 1);
    if (announced || body.length > MAX_BODY) {
      exchange.set("Connection", "close");
      error(exchange, HubError.badRequest("The body is larger than " + MAX_BODY + " bytes."));
      return;
    }
    String type = Optional.ofNullable(exchange.request().getContentType()).orElse("");
    PathsInfoJson.Asked asked;
    try {
      asked = type.startsWith("application/json") ? PathsInfoJson.read(body) : form(body);
    } catch (MalformedJsonException e) {
      error(exchange, HubError.badRequest("This is not a list of paths: " + e.reason() + "."));
      return;
    }
    String contentType =
        type.startsWith("application/json")
            ? "application/json"
            : "application/x-www-form-urlencoded";
    write(
        exchange,
        mirror
            .trees()
            .describe(
                target.repo(),
                target.revision(),
                asked.paths(),
                asked.expand(),
                contentType,
                body,
                exchange.caller(),
                exchange.noCache(),
                exchange.self()));
  }

  private static PathsInfoJson.Asked form(byte[] body) {
    Query query = Query.parse(new String(body, StandardCharsets.UTF_8));
    return new PathsInfoJson.Asked(query.all("paths"), query.isTrue("expand"));
  }

  /** Any other read of the API. */
  void passOn(Exchange exchange, HubTarget named, String what) throws IOException {
    String path = named.format();
    String query = exchange.rawQuery();
    String target = query.isEmpty() ? path : path + "?" + query;
    write(exchange, mirror.passOn().get(target, exchange.caller(), what, exchange.self()));
  }

  /** {@code GET|HEAD /{repo}/raw/{revision}/{path}}: what git has. */
  void raw(Exchange exchange, HubTarget.RawFile target) throws IOException {
    String what = target.path() + " of " + target.repo();
    ApiReply reply =
        mirror.passOn().file(exchange.method(), target.format(), exchange.caller(), what);
    if (exchange.isHead() && reply instanceof ApiReply.Ok ok) {
      // The body was not asked for, so its length is what upstream said and not that of nothing.
      describe(exchange, ok);
      exchange.response().setContentType(ok.contentType());
    } else {
      write(exchange, reply);
    }
  }

  /**
   * {@code GET /api/agent-harnesses}: huggingface_hub 1.33 and 2.4 ask at the start of almost every
   * process and wait 3 s; only a 200 with JSON is remembered by them.
   */
  void agentHarnesses(Exchange exchange) throws IOException {
    ErrorWriter.writeBody(
        exchange,
        ApiReply.Ok.JSON,
        "{\"standardEnvVars\":[],\"harnesses\":{}}".getBytes(StandardCharsets.US_ASCII));
  }

  /** {@code HEAD /api/telemetry/{topic}}: taken note of by nobody. */
  void telemetry(Exchange exchange) {
    exchange.response().setStatus(200);
    exchange.response().setContentLengthLong(0);
  }

  private static void write(Exchange exchange, ApiReply reply) throws IOException {
    switch (reply) {
      case ApiReply.Refused refused ->
          ErrorWriter.write(exchange, refused.error(), refused.commit());
      case ApiReply.Ok ok -> {
        describe(exchange, ok);
        ErrorWriter.writeBody(exchange, ok.contentType(), ok.body());
      }
    }
  }

  private static void describe(Exchange exchange, ApiReply.Ok ok) {
    exchange.response().setStatus(ok.status());
    ok.commit().ifPresent(c -> exchange.set(HeaderNames.X_REPO_COMMIT, c.hex()));
    ok.headers().forEach(exchange::set);
    Labels.write(exchange, ok.label(), true);
  }

  static void error(Exchange exchange, HubError error) throws IOException {
    ErrorWriter.write(exchange, error, Optional.empty());
  }
}
