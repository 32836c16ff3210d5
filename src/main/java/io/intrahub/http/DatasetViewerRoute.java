package io.intrahub.http;

import io.intrahub.access.ReadScope;
import io.intrahub.hub.HubError;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.hub.Revision;
import io.intrahub.mirror.RepoResources;
import io.intrahub.mirror.RevisionRequest;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The API of the Hub's dataset viewer, for requests whose host is {@code datasets-server.} and the
 * mirror's own name: {@code datasets} makes that name of {@code HF_ENDPOINT} (datasets 5.2.0,
 * {@code _dataset_viewer.py}). Each of its calls is about one dataset, {@code GET
 * /rows?dataset=acme/tiny&…}, so it is answered as any other read about that repo. Safe for use by
 * many threads.
 */
final class DatasetViewerRoute {
  private static final String PREFIX = "datasets-server.";
  private static final String DATASET = "dataset";

  /** One word, such as {@code first-rows}: the viewer's other paths are about no dataset. */
  private static final Pattern PATH = Pattern.compile("/[a-z][a-z-]{0,63}");

  /** What may be asked with the mirror's own token, as {@link ServiceRoutes} says of the Hub. */
  private static final Set<String> QUESTIONS =
      Set.of(
          "/croissant",
          "/croissant-crumbs",
          "/filter",
          "/first-rows",
          "/info",
          "/is-valid",
          "/opt-in-out-urls",
          "/parquet",
          "/presidio-entities",
          "/rows",
          "/search",
          "/size",
          "/splits",
          "/statistics");

  private final Optional<RepoResources> viewer;

  /** Answers from this viewer; empty if upstream has none. */
  DatasetViewerRoute(Optional<RepoResources> viewer) {
    this.viewer = viewer;
  }

  /** Returns whether a request is for the viewer. */
  static boolean isFor(Exchange exchange) {
    return exchange.host().toLowerCase(Locale.ROOT).startsWith(PREFIX);
  }

  /** Answers a GET or HEAD of {@link #isFor}. */
  void handle(Exchange exchange) throws IOException {
    if (viewer.isEmpty()) {
      ApiRoutes.error(exchange, HubError.noDatasetViewer());
      return;
    }
    boolean isAsked =
        exchange.caller().requester().isPresent()
            ? QUESTIONS.contains(exchange.rawPath())
            : PATH.matcher(exchange.rawPath()).matches();
    if (!isAsked) {
      ApiRoutes.error(exchange, HubError.notFound());
      return;
    }
    QueryParameters query = QueryParameters.parse(exchange.rawQuery());
    // With two of them, the viewer could read another dataset than the one that is checked here.
    List<String> named = query.all(DATASET);
    Optional<RepoId> dataset =
        named.size() == 1 ? RepoId.parse(RepoType.DATASET, named.getFirst()) : Optional.empty();
    if (dataset.isEmpty()) {
      ApiRoutes.error(
          exchange, HubError.badRequest("Name one dataset, as in ?dataset=namespace/name."));
      return;
    }
    RevisionRequest on = new RevisionRequest(dataset.get(), Revision.DEFAULT, exchange.asked());
    ApiRoutes.write(
        exchange,
        viewer
            .get()
            .get(
                on,
                ReadScope.CONTENT,
                exchange.rawPath() + "?" + query.format(),
                exchange.selfAt(exchange.host().substring(PREFIX.length()))));
  }
}
