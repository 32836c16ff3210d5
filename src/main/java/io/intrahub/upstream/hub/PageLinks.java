package io.intrahub.upstream.hub;

import java.util.Optional;
import okhttp3.HttpUrl;

/**
 * Where the links between the pages of a list lead.
 *
 * @param home the preferred endpoint, which links are relative to
 */
record PageLinks(Endpoint home) {
  /**
   * The page that a link names.
   *
   * @param link as in the header {@code Link}; empty: there is none
   * @param target path and query that the answer is for
   */
  HubUpstream.NextPage next(Optional<String> link, String target) {
    if (link.isEmpty()) {
      return new HubUpstream.NextPage.None();
    }
    HttpUrl url = home.url(target).resolve(link.get());
    if (url == null) {
      return new HubUpstream.NextPage.Elsewhere();
    }
    String path = home.hubPath(url);
    boolean samePath = path.equals(home.hubPath(home.url(target)));
    if (!home.owns(url) && !samePath) {
      return new HubUpstream.NextPage.Elsewhere();
    }
    String query = url.encodedQuery();
    return new HubUpstream.NextPage.At(
        query == null || query.isEmpty() ? path : path + "?" + query);
  }
}
