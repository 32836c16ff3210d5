package io.intrahub.http;

import io.intrahub.access.local.Requester;
import io.intrahub.hub.HeaderNames;
import io.intrahub.hub.HubError;
import io.intrahub.hub.HubTarget;
import io.intrahub.hub.HubTargetParser;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Finds the route that answers a raw request target. The path is parsed once, by one parser; the
 * route, the permission check and the store all use the parsed target. Safe for use by many
 * threads.
 */
final class Router {
  private final FileRoute files;
  private final ApiRoutes api;
  private final DatasetViewerRoute viewer;

  Router(FileRoute files, ApiRoutes api, DatasetViewerRoute viewer) {
    this.files = files;
    this.api = api;
    this.viewer = viewer;
  }

  void handle(Exchange exchange) throws IOException {
    if (exchange.method().equals("OPTIONS")) {
      Cors.preflight(exchange);
      return;
    }
    if (DatasetViewerRoute.isFor(exchange)) {
      if (exchange.isRead()) {
        viewer.handle(exchange);
      } else {
        refuseChange(exchange);
      }
      return;
    }
    switch (HubTargetParser.parse(exchange.rawPath())) {
      case HubTargetParser.Refused refused ->
          ApiRoutes.error(exchange, HubError.badRequest(refused.message()));
      case HubTargetParser.Target parsed -> route(exchange, parsed.target());
    }
  }

  private void route(Exchange exchange, HubTarget target) throws IOException {
    Optional<Requester> requester = exchange.caller().requester();
    if (requester.isPresent()) {
      switch (ServiceRoutes.of(exchange.method(), target)) {
        case ServiceRoutes.Use.Refused(var error) -> {
          ApiRoutes.error(exchange, error);
          return;
        }
        case ServiceRoutes.Use.Identity _ -> {
          api.identity(exchange, requester.get());
          return;
        }
        case ServiceRoutes.Use.AuthCheck(var repo) -> {
          api.authCheck(exchange, repo);
          return;
        }
        case ServiceRoutes.Use.WithoutToken _ when target instanceof HubTarget.RepoResource t -> {
          api.ofRepoOpenly(exchange, t);
          return;
        }
        case ServiceRoutes.Use.OfRepo _,
            ServiceRoutes.Use.WithoutToken _,
            ServiceRoutes.Use.ByMirror _ -> {}
      }
    }
    answer(exchange, target);
  }

  private void answer(Exchange exchange, HubTarget target) throws IOException {
    if (target instanceof HubTarget.Telemetry) {
      api.telemetry(exchange);
      return;
    }
    if (target instanceof HubTarget.PathsInfo paths && exchange.method().equals("POST")) {
      api.pathsInfo(exchange, paths);
      return;
    }
    if (target instanceof HubTarget.OtherApi bucket
        && exchange.method().equals("POST")
        && Buckets.isPathsInfo(target)) {
      api.bucketPathsInfo(exchange, bucket);
      return;
    }
    if (!exchange.isRead()) {
      refuseChange(exchange);
      return;
    }
    if (Buckets.isNotServed(target)) {
      ApiRoutes.error(exchange, HubError.bucketsNotServed());
      return;
    }
    switch (target) {
      case HubTarget.ResolveFile t -> files.handle(exchange, t.repo(), t.revision(), t.path());
      case HubTarget.ResolveCacheFile t ->
          files.handle(exchange, t.repo(), t.commit().asRevision(), t.path());
      case HubTarget.RawFile t -> api.raw(exchange, t);
      case HubTarget.BlobPage t -> toResolve(exchange, t);
      case HubTarget.RepoInfo t -> api.info(exchange, t);
      case HubTarget.Tree t -> api.tree(exchange, t);
      case HubTarget.Refs t -> api.refs(exchange, t);
      case HubTarget.RepoResource t when t.commitsOf().isPresent() ->
          api.commits(exchange, t, t.commitsOf().get());
      case HubTarget.RepoResource t -> api.ofRepo(exchange, t, t.repo(), ServiceRoutes.scope(t));
      case HubTarget.AgentHarnesses _ -> api.agentHarnesses(exchange);
      case HubTarget.OtherApi t -> api.passOn(exchange, t, t.path());
      case HubTarget.PaperText t -> api.passOn(exchange, t, t.format());
      // Without a Xet token, a client downloads over plain HTTP, which the mirror serves.
      case HubTarget.XetToken _ -> ApiRoutes.error(exchange, HubError.notFound());
      case HubTarget.PathsInfo _ ->
          ApiRoutes.error(exchange, HubError.methodNotAllowed(exchange.method()));
      case HubTarget.Page t when t.path().equals("/") -> welcome(exchange);
      case HubTarget.Page _ -> ApiRoutes.error(exchange, HubError.notFound());
      case HubTarget.Telemetry _ -> throw new IllegalStateException("answered above");
    }
  }

  private static void refuseChange(Exchange exchange) throws IOException {
    boolean change =
        switch (exchange.method()) {
          case "POST", "PUT", "PATCH", "DELETE" -> true;
          default -> false;
        };
    ApiRoutes.error(
        exchange, change ? HubError.readOnly() : HubError.methodNotAllowed(exchange.method()));
  }

  /** People copy the address of the Hub's page about a file when they want the file. */
  private static void toResolve(Exchange exchange, HubTarget.BlobPage page) {
    HubTarget file = new HubTarget.ResolveFile(page.repo(), page.revision(), page.path());
    exchange.response().setStatus(302);
    exchange.set(HeaderNames.LOCATION, exchange.prefix() + file.format());
    exchange.response().setContentLengthLong(0);
  }

  private static void welcome(Exchange exchange) throws IOException {
    String text =
        """
        This is intrahub, a caching mirror of the Hugging Face Hub.

        Point a client here and change no code:

            export HF_ENDPOINT=%s
            hf download <repo>

        """
            .formatted(exchange.self());
    // It follows headers of the request, which no key of a cache on the way includes.
    CacheHeaders.forThisClientOnly(exchange);
    ErrorWriter.writeBody(
        exchange, "text/plain; charset=utf-8", text.getBytes(StandardCharsets.UTF_8));
  }

  /** Answers that the mirror itself failed. */
  static void internalError(Exchange exchange) throws IOException {
    ErrorWriter.write(exchange, HubError.internal(exchange.requestId()), Optional.empty());
  }
}
