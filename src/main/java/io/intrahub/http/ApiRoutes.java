package io.intrahub.http;

import io.intrahub.access.ReadScope;
import io.intrahub.access.local.Requester;
import io.intrahub.base.BudgetExhaustedException;
import io.intrahub.base.MemoryBudget;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.HeaderNames;
import io.intrahub.hub.HubError;
import io.intrahub.hub.HubTarget;
import io.intrahub.hub.LimitErrors;
import io.intrahub.hub.OutageErrors;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.hub.json.MalformedJsonException;
import io.intrahub.mirror.ApiReply;
import io.intrahub.mirror.ErrorReply;
import io.intrahub.mirror.Mirror;
import io.intrahub.mirror.PathsQuery;
import io.intrahub.mirror.ReplyBody;
import io.intrahub.mirror.RevisionRequest;
import io.intrahub.mirror.TreeQuery;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The routes of the JSON API: answered from the store, by the mirror itself, or passed on to
 * upstream. Safe for use by many threads.
 */
final class ApiRoutes {
  private static final Logger log = LoggerFactory.getLogger(ApiRoutes.class);

  private final Mirror mirror;
  private final MemoryBudget budget;
  private final HttpSettings settings;

  ApiRoutes(Mirror mirror, MemoryBudget budget, HttpSettings settings) {
    this.mirror = mirror;
    this.budget = budget;
    this.settings = settings;
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
                exchange.asked(),
                exchange.self()));
  }

  /** {@code GET /api/{type}s/{repo}/tree/{revision}[/{path}]}. */
  void tree(Exchange exchange, HubTarget.Tree target) throws IOException {
    QueryParameters query = QueryParameters.parse(exchange.rawQuery());
    boolean expand = query.isTrue("expand");
    Optional<FilePath> after = Optional.empty();
    // Pages with expand are upstream's, and so are the cursors in their links.
    if (!expand && query.first("cursor").isPresent()) {
      after = TreeQuery.ofCursor(query.first("cursor").get());
      if (after.isEmpty()) {
        error(exchange, HubError.badRequest("The cursor is not one of this mirror's."));
        return;
      }
    }
    TreeQuery asked =
        new TreeQuery(
            query.isTrue("recursive"), expand, query.positive("limit"), after, exchange.rawQuery());
    write(
        exchange,
        mirror
            .trees()
            .list(
                request(exchange, target.repo(), target.revision()),
                target.path(),
                asked,
                exchange.self()));
  }

  /** {@code POST /api/{type}s/{repo}/paths-info/{revision}}, which reads although it is a POST. */
  void pathsInfo(Exchange exchange, HubTarget.PathsInfo target) throws IOException {
    RevisionRequest on = request(exchange, target.repo(), target.revision());
    describe(exchange, query -> mirror.trees().describe(on, query, exchange.self()));
  }

  /** The same of a bucket, which is passed on. */
  void bucketPathsInfo(Exchange exchange, HubTarget.OtherApi target) throws IOException {
    describe(
        exchange,
        query ->
            mirror.resources().describe(target.path(), query, exchange.asked(), exchange.self()));
  }

  private void describe(Exchange exchange, Function<PathsQuery, ApiReply> answer)
      throws IOException {
    boolean json =
        Optional.ofNullable(exchange.request().getContentType())
            .filter(type -> type.startsWith("application/json"))
            .isPresent();
    // Held until the response is written, because upstream may be asked with the same paths.
    try (MemoryBudget.Reservation reservation = budget.reservation(exchange.client())) {
      PathsQuery query;
      try (RequestBody body =
          new RequestBody(exchange, PathsInfoBody.MAX_BYTES, settings.bodyTimeout())) {
        query = PathsInfoBody.read(body, json, reservation);
      } catch (RequestBody.RefusedException e) {
        refuseBody(exchange, e.error());
        return;
      } catch (BudgetExhaustedException e) {
        refuseBody(exchange, LimitErrors.memoryShareSpent("the body of a request"));
        return;
      } catch (MalformedJsonException e) {
        refuseBody(
            exchange, HubError.badRequest("This is not a list of paths: " + e.reason() + "."));
        return;
      }
      write(exchange, answer.apply(query));
    }
  }

  private static RevisionRequest request(Exchange exchange, RepoId repo, Revision revision) {
    return new RevisionRequest(repo, revision, exchange.asked());
  }

  /** Refuses a request whose body was not read to its end, so no further request can follow it. */
  private static void refuseBody(Exchange exchange, HubError error) throws IOException {
    exchange.set("Connection", "close");
    error(exchange, error);
  }

  /** Passes on any other read of the API, or of what is read like it. */
  void passOn(Exchange exchange, HubTarget named, String what) throws IOException {
    String target = withQuery(exchange, named);
    write(exchange, mirror.resources().list(target, exchange.asked(), what, exchange.self()));
  }

  /** {@code GET /api/{type}s/{repo}/refs}. */
  void refs(Exchange exchange, HubTarget.Refs target) throws IOException {
    RevisionRequest on = request(exchange, target.repo(), Revision.DEFAULT);
    write(exchange, mirror.histories().refs(on, exchange.rawQuery(), exchange.self()));
  }

  /** {@code GET /api/{type}s/{repo}/commits/{revision}}. */
  void commits(Exchange exchange, HubTarget.RepoResource target, Revision revision)
      throws IOException {
    RevisionRequest on = request(exchange, target.repo(), revision);
    write(
        exchange,
        mirror.histories().commits(on, exchange.rawQuery(), exchange.self(), target.format()));
  }

  /** Passes on a read of the API about one repo. */
  void ofRepo(Exchange exchange, HubTarget named, RepoId repo, ReadScope scope) throws IOException {
    RevisionRequest on = request(exchange, repo, Revision.DEFAULT);
    write(exchange, mirror.resources().get(on, scope, withQuery(exchange, named), exchange.self()));
  }

  /** Passes on a read about one repo for which the mirror's own token is not used. */
  void ofRepoOpenly(Exchange exchange, HubTarget.RepoResource target) throws IOException {
    RevisionRequest on = request(exchange, target.repo(), Revision.DEFAULT);
    write(exchange, mirror.resources().getOpenly(on, withQuery(exchange, target), exchange.self()));
  }

  private static String withQuery(Exchange exchange, HubTarget named) {
    String query = exchange.rawQuery();
    return query.isEmpty() ? named.format() : named.format() + "?" + query;
  }

  /** {@code GET .../auth-check}, where the operator's rules decide. */
  void authCheck(Exchange exchange, RepoId repo) throws IOException {
    write(exchange, mirror.resources().authCheck(request(exchange, repo, Revision.DEFAULT)));
  }

  /** {@code GET /api/whoami-v2}, where the operator's rules decide. */
  void identity(Exchange exchange, Requester requester) throws IOException {
    switch (LocalIdentity.of(requester.credential())) {
      case LocalIdentity.Refused(var error) -> error(exchange, error);
      case LocalIdentity.Known(var json) -> {
        CacheHeaders.forThisClientOnly(exchange);
        ErrorWriter.writeBody(exchange, ApiReply.Ok.JSON, json);
      }
    }
  }

  /** {@code GET|HEAD /{repo}/raw/{revision}/{path}}: the content as git stores it. */
  void raw(Exchange exchange, HubTarget.RawFile target) throws IOException {
    String what = target.path() + " of " + target.repo();
    RevisionRequest on = request(exchange, target.repo(), Revision.DEFAULT);
    write(exchange, mirror.resources().file(on, exchange.method(), target.format(), what));
  }

  /**
   * {@code GET /api/agent-harnesses}: huggingface_hub 1.33 and 2.4 send it at the start of almost
   * every process and wait up to 3 s for it. They remember only a 200 with JSON.
   */
  void agentHarnesses(Exchange exchange) throws IOException {
    ErrorWriter.writeBody(
        exchange,
        ApiReply.Ok.JSON,
        "{\"standardEnvVars\":[],\"harnesses\":{}}".getBytes(StandardCharsets.US_ASCII));
  }

  /** {@code HEAD /api/telemetry/{topic}}: answered and discarded. */
  void telemetry(Exchange exchange) {
    exchange.response().setStatus(200);
    exchange.response().setContentLengthLong(0);
  }

  /** Writes a reply. */
  static void write(Exchange exchange, ApiReply reply) throws IOException {
    switch (reply) {
      case ErrorReply no -> ErrorWriter.write(exchange, no.error(), no.commit());
      case ApiReply.Ok ok -> {
        try (ReplyBody body = ok.body()) {
          describe(exchange, ok);
          write(exchange, body);
        }
      }
    }
  }

  /** Writes a body. If it can't be completed and its head was sent, the connection is closed. */
  static void write(Exchange exchange, ReplyBody body) throws IOException {
    // A passed-on HEAD of a file has no body, and its headers include upstream's length.
    boolean lengthIsSet = exchange.response().containsHeader(HeaderNames.CONTENT_LENGTH);
    if (!lengthIsSet) {
      body.length().ifPresent(exchange.response()::setContentLengthLong);
    }
    if (exchange.isHead()) {
      return;
    }
    try {
      Optional<byte[]> whole = body.whole();
      if (whole.isPresent()) {
        WholeBody.write(exchange, whole.get());
      } else {
        ReplyStream stream = new ReplyStream(exchange);
        body.writeTo(stream);
        stream.finish();
      }
    } catch (IOException e) {
      log.info(
          "{}: response broken off after {} bytes: {}",
          exchange.requestId(),
          exchange.bytesSent(),
          e.toString());
      if (exchange.response().isCommitted()) {
        BodyWriter.abort(exchange, e);
      } else {
        exchange.startOver();
        error(exchange, failed(e));
      }
    }
  }

  private static HubError failed(IOException e) {
    return switch (e) {
      case BudgetExhaustedException _ -> LimitErrors.memoryShareSpent("an answer");
      default ->
          OutageErrors.badUpstream(
              "this request",
              "it broke off before its first part was there",
              Optional.empty(),
              false);
    };
  }

  private static void describe(Exchange exchange, ApiReply.Ok ok) {
    exchange.response().setStatus(ok.status());
    ok.commit().ifPresent(c -> exchange.set(HeaderNames.X_REPO_COMMIT, c.hex()));
    ok.headers().forEach(exchange::set);
    String location = ok.headers().get(HeaderNames.LOCATION);
    if (location == null) {
      exchange.response().setContentType(ok.contentType());
    } else {
      // Relative, because huggingface_hub follows no other redirect when it asks about a file.
      exchange.set(HeaderNames.LOCATION, exchange.prefix() + location);
    }
    CacheHeaders.write(exchange, ok.label(), true);
    if (ok.headers().containsKey(HeaderNames.LINK)) {
      // The link follows headers of the request, which no key of a cache on the way includes.
      CacheHeaders.forThisClientOnly(exchange);
    }
  }

  static void error(Exchange exchange, HubError error) throws IOException {
    ErrorWriter.write(exchange, error, Optional.empty());
  }
}
