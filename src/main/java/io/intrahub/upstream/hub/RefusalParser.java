package io.intrahub.upstream.hub;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.ErrorCode;
import io.intrahub.hub.HeaderNames;
import io.intrahub.hub.HubError;
import io.intrahub.hub.json.ErrorJson;
import io.intrahub.upstream.HubRefusal;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import okhttp3.Response;

/**
 * Tells a "no" of the Hub from a "no" of somebody in between. Only what has the Hub's own shape
 * counts; a proxy's or a CDN's 403 and a portal's login page are failures.
 */
final class RefusalParser {
  private static final String BAD_TOKEN = "Invalid credentials in Authorization header";

  /** The Hub's own errors have a few hundred bytes; what is longer is cut, and then is no JSON. */
  private static final long MAX_BODY = 8 * 1024;

  /** An error text that takes longer than this is not waited for. */
  private static final long MAX_SECONDS = 10;

  private RefusalParser() {}

  /**
   * The refusal in this answer.
   *
   * @return empty when the answer is none of the Hub's refusals
   */
  static Optional<HubRefusal> read(Response response, boolean anonymous) {
    int status = response.code();
    if (status < 400 || status >= 500 || status == 408 || status == 429) {
      return Optional.empty();
    }
    return ofShape(response, anonymous);
  }

  /**
   * The refusal in an answer of the dataset viewer, which has a code at each of its own errors, and
   * says with a 500 that an answer is not computed yet (datasets-server, {@code ResponseNotReady}).
   *
   * @return empty when the answer is none of the viewer's own errors
   */
  static Optional<HubRefusal> ofViewer(Response response, boolean anonymous) {
    boolean isOwn =
        switch (response.code()) {
          case 500, 501 -> header(response, HeaderNames.X_ERROR_CODE).isPresent();
          default -> false;
        };
    return isOwn ? ofShape(response, anonymous) : read(response, anonymous);
  }

  private static Optional<HubRefusal> ofShape(Response response, boolean anonymous) {
    int status = response.code();
    Optional<String> code = header(response, HeaderNames.X_ERROR_CODE);
    Optional<String> message = header(response, HeaderNames.X_ERROR_MESSAGE);
    boolean hubShaped = code.isPresent() || message.isPresent();
    String body = hubShaped && message.isPresent() ? "" : body(response);
    if (!hubShaped) {
      // A bare 401 is how the Hub hides a repo from somebody without a token; it may come without
      // a body (HEAD) or with JSON, never with HTML.
      boolean page =
          header(response, HeaderNames.CONTENT_TYPE).filter(t -> t.contains("html")).isPresent();
      boolean bare =
          status == 401 && !page && (body.isEmpty() || ErrorJson.message(body).isPresent());
      if (!bare) {
        return Optional.empty();
      }
    }
    String text =
        message
            .or(() -> ErrorJson.message(body))
            .orElseGet(() -> defaultMessage(status, code, anonymous));
    Optional<String> toClient = code;
    if (code.isEmpty() && status == 401 && !text.equals(BAD_TOKEN)) {
      // Over plain http the client's own rule for a bare 401 is dead, so the code must be there.
      toClient = Optional.of(ErrorCode.REPO_NOT_FOUND.wire());
    }
    HubError error = new HubError(status, toClient, text, Optional.empty());
    return Optional.of(
        new HubRefusal(
            error, header(response, HeaderNames.X_REPO_COMMIT).flatMap(CommitHash::parse)));
  }

  private static String defaultMessage(int status, Optional<String> code, boolean anonymous) {
    if (code.isPresent() && code.get().equals(ErrorCode.ENTRY_NOT_FOUND.wire())) {
      return HubError.entryNotFound().message();
    }
    if (status == 401 || status == 404) {
      return HubError.repoNotFound(anonymous).message();
    }
    return "The Hub refused the request.";
  }

  private static Optional<String> header(Response response, String name) {
    return Optional.ofNullable(response.header(name));
  }

  private static String body(Response response) {
    try {
      response.body().source().timeout().deadline(MAX_SECONDS, TimeUnit.SECONDS);
      return response.peekBody(MAX_BODY).string();
    } catch (IOException e) {
      // Without its text the refusal is judged by its head alone.
      return "unreadable";
    }
  }
}
