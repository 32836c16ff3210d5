package io.intrahub.mirror;

import io.intrahub.hub.CommitHash;
import java.util.Map;
import java.util.Optional;

/** What the mirror answers to a call of the Hub's API. */
public sealed interface ApiReply permits ApiReply.Ok, ErrorReply {
  /**
   * Success.
   *
   * @param status 200 to 299, or 302 if the client finds what it asks for at another path
   * @param contentType of the body
   * @param commit for {@code X-Repo-Commit}
   * @param headers further headers, by name; {@code Location} is a path of the Hub, which leads to
   *     the mirror once it has the prefix that the client sees
   * @param body to be closed by whoever takes the reply, written or not
   * @param label where it comes from
   */
  record Ok(
      int status,
      String contentType,
      Optional<CommitHash> commit,
      Map<String, String> headers,
      ReplyBody body,
      CacheLabel label)
      implements ApiReply {
    /** The content type of every JSON answer. */
    public static final String JSON = "application/json; charset=utf-8";

    static Ok json(CommitHash commit, ReplyBody body, CacheLabel label) {
      return new Ok(200, JSON, Optional.of(commit), Map.of(), body, label);
    }
  }
}
