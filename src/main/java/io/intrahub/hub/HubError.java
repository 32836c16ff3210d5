package io.intrahub.hub;

import java.util.Optional;

/**
 * An error in the Hub's own form: status, {@code X-Error-Code}, {@code X-Error-Message} and a JSON
 * body {@code {"error": …}}.
 *
 * <p>The factory methods, with those of {@link OutageErrors} and {@link LimitErrors}, make all
 * errors of the mirror itself; some texts come from the class that detects the error. Two kinds of
 * error are made elsewhere: {@code upstream.hub.RefusalParser} makes those that pass on a refusal
 * of the Hub, and {@code http.JettySetup} answers requests that Jetty refuses before the router
 * sees them (400, 414, 431).
 *
 * @param status HTTP status, 400 to 599
 * @param code for the clients; empty where the Hub sends none, because with a code a client would
 *     raise the wrong exception
 * @param message for a person: one line of visible ASCII
 * @param retryAfterSeconds for {@code Retry-After}; empty sends no such header
 * @param limit why a request was not carried out that may succeed later; empty: another error
 */
public record HubError(
    int status,
    Optional<String> code,
    String message,
    Optional<Integer> retryAfterSeconds,
    Optional<Limit> limit) {
  /**
   * What kept the mirror from carrying out a request. A client may cause it, so a mirror in front
   * of this one must not take it for an outage of the Hub.
   */
  public enum Limit {
    /** The Hub limits the rate of requests. */
    RATE("limited"),
    /** The mirror has no capacity. */
    CAPACITY("busy");

    private final String detail;

    Limit(String detail) {
      this.detail = detail;
    }

    /** The value of {@code detail} in {@code Cache-Status}. */
    public String detail() {
      return detail;
    }
  }

  private static final int MAX_MESSAGE = 500;

  /** Cleans the message, so that no text from outside can inject a header. */
  public HubError {
    message = oneLine(message);
  }

  /** An error that is not due to a limit. */
  public HubError(
      int status, Optional<String> code, String message, Optional<Integer> retryAfterSeconds) {
    this(status, code, message, retryAfterSeconds, Optional.empty());
  }

  static HubError of(int status, ErrorCode code, String message) {
    return new HubError(status, Optional.of(code.wire()), message, Optional.empty());
  }

  static HubError of(int status, String message) {
    return new HubError(status, Optional.empty(), message, Optional.empty());
  }

  /**
   * The same error for a client that is not known to repeat requests after a 504: a registered
   * status tells it more than {@value OutageErrors#LASTING}.
   */
  public HubError withRegisteredStatus() {
    return status == OutageErrors.LASTING ? withStatus(504) : this;
  }

  /** The same error with another status. */
  public HubError withStatus(int newStatus) {
    return new HubError(newStatus, code, message, retryAfterSeconds, limit);
  }

  /** A malformed token. This message keeps clients from reporting "repository not found". */
  public static HubError badToken() {
    return of(401, "Invalid credentials in Authorization header");
  }

  /** A question about the holder of a token, without one. */
  public static HubError loginRequired() {
    return of(401, "Invalid username or password.");
  }

  /** A question about accounts or settings, where the mirror uses a token of its own. */
  public static HubError accountRoute() {
    return of(
        403,
        "This mirror uses an account of its own and answers nothing about accounts and settings."
            + " Ask the Hub itself: unset HF_ENDPOINT for that command.");
  }

  /** An invalid request. */
  public static HubError badRequest(String message) {
    return of(400, message);
  }

  /** The repo does not exist, or the client may not know that it does. */
  public static HubError repoNotFound(boolean anonymous) {
    return anonymous
        ? of(401, ErrorCode.REPO_NOT_FOUND, "Invalid username or password.")
        : of(404, ErrorCode.REPO_NOT_FOUND, "Repository not found");
  }

  /**
   * A rule of the operator keeps the client from this repo, whatever it is.
   *
   * @param message names the rule or the option
   */
  public static HubError forbidden(String message) {
    return of(403, message);
  }

  /**
   * A rule of the operator keeps the client from a gated repo.
   *
   * @param message names the rule or the option
   */
  public static HubError gated(String message) {
    return of(403, ErrorCode.GATED_REPO, message);
  }

  /**
   * The repo does not exist, or a rule of the operator keeps the client from knowing that it does.
   *
   * @param message names the rule or the option, and does not tell the two apart
   */
  public static HubError hidden(String message) {
    return of(404, ErrorCode.REPO_NOT_FOUND, message);
  }

  /** The repo exists, but not this revision. */
  public static HubError revisionNotFound(Revision revision) {
    return of(404, ErrorCode.REVISION_NOT_FOUND, "Invalid rev id: " + revision.value());
  }

  /** The commit exists, but has no such file. */
  public static HubError entryNotFound() {
    return of(404, ErrorCode.ENTRY_NOT_FOUND, "Entry not found");
  }

  /** The commit exists, but has no such folder. */
  public static HubError folderNotFound(FilePath path, Revision revision) {
    return of(
        404,
        ErrorCode.ENTRY_NOT_FOUND,
        path.value() + " does not exist on \"" + revision.value() + "\"");
  }

  /** A path that is not part of the API. */
  public static HubError notFound() {
    return of(404, "Sorry, we can't find the page you are looking for.");
  }

  /** A file of a bucket, which the Hub serves over Xet only, or what leads to one. */
  public static HubError bucketsNotServed() {
    return of(
        501,
        "This mirror does not serve the files of buckets, so it can't say whether this one exists."
            + " Ask the Hub itself: unset HF_ENDPOINT for that command.");
  }

  /** A question to the dataset viewer, if upstream has none. */
  public static HubError noDatasetViewer() {
    return of(
        501,
        "This mirror has no dataset viewer to ask, because its upstream has an IP address and no"
            + " name. Its operator can name a viewer with upstream.dataset-viewer.");
  }

  /**
   * A question with a token to the dataset viewer, to which this mirror sends none.
   *
   * @param viewer its address
   */
  public static HubError tokensNotSentToViewer(String viewer) {
    return of(
        501,
        "This mirror sends no tokens to its dataset viewer "
            + viewer
            + ", so only requests without a token are answered. The operator can name a viewer that"
            + " may receive tokens in upstream.dataset-viewer, with #send-tokens at its end.");
  }

  /** The path exists, but not for this method. */
  public static HubError methodNotAllowed(String method) {
    return of(405, "Method " + method + " is not allowed here.");
  }

  /** A request that would change the Hub. */
  public static HubError readOnly() {
    return of(
        403,
        "This mirror is read-only. Uploads and changes go to the Hub itself: unset HF_ENDPOINT for"
            + " that command.");
  }

  /** A request of this mirror came back to it, by the address of an endpoint. */
  public static HubError loop() {
    return of(
        508,
        "This request came back to the mirror that sent it. upstream.endpoints must name the Hub or"
            + " another mirror, and that must not lead back here.");
  }

  /** The requested range contains no byte of the content. */
  public static HubError rangeNotSatisfiable(long size) {
    return of(416, "The range lies beyond the end of the file, which has " + size + " bytes.");
  }

  /** A bug in the mirror; the log has the details under the request id. */
  public static HubError internal(String requestId) {
    return of(
        500, "Internal error of intrahub; the operator finds it in the log under " + requestId);
  }

  /**
   * The mirror's own copy of a file could not be read from its disk. A copy that is damaged is
   * fetched again, so the client may try once more.
   *
   * @param requestId under which the log has the reason
   */
  public static HubError unreadableCopy(String requestId) {
    return new HubError(
        503,
        Optional.empty(),
        "intrahub could not read its copy of this file. Try again; if it happens again, tell the"
            + " operator of this mirror, who finds the reason in the log under "
            + requestId
            + ".",
        Optional.of(1));
  }

  private static String oneLine(String text) {
    StringBuilder out = new StringBuilder(Math.min(text.length(), MAX_MESSAGE));
    for (int i = 0; i < text.length() && out.length() < MAX_MESSAGE; i++) {
      char c = text.charAt(i);
      out.append(c >= ' ' && c < 0x7f ? c : '?');
    }
    return out.toString();
  }
}
