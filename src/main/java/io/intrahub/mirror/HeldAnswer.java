package io.intrahub.mirror;

import io.intrahub.hub.CommitHash;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/** What {@link RecentAnswers} knows of an answer. */
sealed interface HeldAnswer {
  /** When the question began. */
  Instant learnedAt();

  /** Bytes of the body in memory. */
  default int weight() {
    return this instanceof Whole answer ? answer.body().length : 0;
  }

  /** It is too large to be kept. */
  record TooLarge(Instant learnedAt) implements HeldAnswer {}

  /**
   * The answer itself.
   *
   * @param nextPage path and query of the Hub
   * @param headers the other headers that are shown with it
   * @param origin of the endpoint that gave it, which links in it begin with
   * @param body as upstream sent it, without Xet fields; to be read only
   */
  record Whole(
      int status,
      String contentType,
      Optional<CommitHash> commit,
      Optional<String> nextPage,
      Map<String, String> headers,
      String origin,
      byte[] body,
      Instant learnedAt)
      implements HeldAnswer {
    boolean isJson() {
      return contentType.startsWith("application/json") && body.length > 0;
    }
  }
}
