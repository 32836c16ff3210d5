package io.intrahub.hub;

import java.time.Duration;
import java.util.Optional;

/**
 * An error in the Hub's own form: status, {@code X-Error-Code}, {@code X-Error-Message} and a JSON
 * body {@code {"error": …}}.
 *
 * <p>The factory methods make all errors of the mirror itself; some texts come from the class that
 * detects the error. Two kinds of error are made elsewhere: {@code upstream.hub.RefusalParser}
 * makes those that pass on a refusal of the Hub, and {@code http.JettySetup} answers requests that
 * Jetty refuses before the router sees them (400, 414, 431).
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

  /**
   * "Origin is unreachable": not registered, but used by others for this, and no client is known to
   * repeat a request by itself because of it.
   */
  private static final int LASTING_OUTAGE = 523;

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

  private static HubError of(int status, ErrorCode code, String message) {
    return new HubError(status, Optional.of(code.wire()), message, Optional.empty());
  }

  private static HubError of(int status, String message) {
    return new HubError(status, Optional.empty(), message, Optional.empty());
  }

  /**
   * The same error for a client that is not known to repeat requests after a 504: a registered
   * status tells it more than {@value #LASTING_OUTAGE}.
   */
  public HubError withRegisteredStatus() {
    return status == LASTING_OUTAGE ? withStatus(504) : this;
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

  /** The same, for the client whose request caused that one. */
  public static HubError circular(String what, String reason) {
    return of(
        508,
        "intrahub could not ask the Hub for "
            + what
            + ": "
            + reason
            + ". The mirror's operator has to correct upstream.endpoints.");
  }

  /** The requested range contains no byte of the content. */
  public static HubError rangeNotSatisfiable(long size) {
    return of(416, "The range lies beyond the end of the file, which has " + size + " bytes.");
  }

  /**
   * Upstream could not be reached or did not answer, and nothing is stored to answer with, or the
   * client may not read it without upstream's word. The text is the same for both, because a client
   * must not learn from it that a private repo is stored.
   *
   * @param isLasting whether asking again at once is of no use. The Python clients repeat a request
   *     after a 504 up to five times, which takes them up to 23 seconds; after {@value
   *     #LASTING_OUTAGE} they report the error at once.
   */
  public static HubError upstreamUnreachable(String what, String reason, boolean isLasting) {
    return new HubError(
        isLasting ? LASTING_OUTAGE : 504,
        Optional.empty(),
        "intrahub could not reach the Hub for "
            + what
            + " ("
            + reason
            + ") and has no copy of it that it may serve. Try again later.",
        Optional.of(0));
  }

  /**
   * Upstream can't be reached until the operator changes something.
   *
   * @param reason what is wrong, and which option helps
   * @param isLasting as for {@link #upstreamUnreachable}
   */
  public static HubError upstreamMisconfigured(String what, String reason, boolean isLasting) {
    return new HubError(
        isLasting ? LASTING_OUTAGE : 504,
        Optional.empty(),
        "intrahub could not reach the Hub for "
            + what
            + " and has no copy of it that it may serve: "
            + reason
            + ".",
        Optional.of(0));
  }

  /**
   * The client wants no call to upstream (RFC 9111 section 5.2.1.7), and nothing is stored to
   * answer with. The text is the same if it may not read what is stored without upstream's word, as
   * for {@link #upstreamUnreachable}.
   */
  public static HubError notStored(String what) {
    return of(
        504,
        "The request says only-if-cached, and intrahub has no copy of "
            + what
            + " that it may serve without asking the Hub. Repeat the request without"
            + " only-if-cached, or with max-stale as well if the copy may be old.");
  }

  /** The operator has switched upstream off, and nothing is stored to answer with. */
  public static HubError offline(String what) {
    return of(
        501,
        "intrahub runs offline and has no copy of "
            + what
            + " that it may serve. Ask its operator to load it online.");
  }

  /**
   * Upstream answered with an error, or with something that is not a valid answer of the Hub, and
   * nothing is stored to answer with, as for {@link #upstreamUnreachable}.
   *
   * @param retryAfter after which time upstream wants to be asked again, if it said so
   * @param isLasting as for {@link #upstreamUnreachable}: no call has got a usable answer for a
   *     while
   */
  public static HubError badUpstream(
      String what, String reason, Optional<Duration> retryAfter, boolean isLasting) {
    return new HubError(
        isLasting ? LASTING_OUTAGE : 503,
        Optional.empty(),
        "The Hub's answer for "
            + what
            + " can't be used ("
            + reason
            + "), and intrahub has no copy of it that it may serve. Try again later.",
        Optional.of(retryAfter.map(d -> (int) Math.clamp(d.toSeconds(), 1, 300)).orElse(1)));
  }

  /**
   * Upstream answers nothing for a while, because it was asked too often, or is not asked so that
   * other clients can.
   *
   * @param what was asked for
   * @param reason what upstream said, or which share of its calls is used up
   * @param left for how long, if upstream said so
   */
  public static HubError rateLimited(String what, String reason, Optional<Duration> left) {
    int seconds = left.map(d -> (int) Math.clamp(d.toSeconds(), 1, 300)).orElse(1);
    return new HubError(
        503,
        Optional.empty(),
        "The Hub can't be asked for "
            + what
            + " now: "
            + reason
            + (left.isPresent() ? " for another " + seconds + " s" : "")
            + ". What is stored here can be loaded meanwhile. Try again later.",
        Optional.of(seconds),
        Optional.of(Limit.RATE));
  }

  /** The mirror has no capacity for the request now, and did not ask upstream. */
  public static HubError upstreamBusy(String what, String reason) {
    return new HubError(
        503,
        Optional.empty(),
        "The mirror can't load " + what + " now: " + reason + ". Try again later.",
        Optional.of(10),
        Optional.of(Limit.CAPACITY));
  }

  /** A limit of the mirror itself was reached; the same request may succeed a moment later. */
  public static HubError overloaded(String reason) {
    return new HubError(
        503,
        Optional.empty(),
        "intrahub is busy: " + reason + ". Try again later.",
        Optional.of(2),
        Optional.of(Limit.CAPACITY));
  }

  /**
   * The client's share of the memory for what is buffered is used up, as it is when all of it is.
   *
   * @param what there is no memory for
   */
  public static HubError memoryShareSpent(String what) {
    return overloaded("this client's share of memory.budget has no space left for " + what);
  }

  /** The request carries more than any client needs. */
  public static HubError tooLarge(String message) {
    return of(413, message);
  }

  /** The request did not arrive in time. */
  public static HubError requestTimeout(String message) {
    return of(408, message);
  }

  /**
   * One client exceeds its limit.
   *
   * @param message names the limit
   */
  public static HubError tooManyRequests(String message, Duration retryAfter) {
    return new HubError(
        429,
        Optional.empty(),
        message,
        Optional.of((int) Math.clamp(retryAfter.toSeconds(), 1, 300)));
  }

  /** Upstream sent bytes that do not match the announced digest, and not for the first time. */
  public static HubError wrongContent(String what, String reason) {
    return new HubError(
        502,
        Optional.empty(),
        "intrahub rejected what the Hub sent for "
            + what
            + ", for the second time: "
            + reason
            + ". Delete your partial copy and try again later. The operator finds the bytes in"
            + " quarantine/.",
        Optional.of(1));
  }

  /** A bug in the mirror; the log has the details under the request id. */
  public static HubError internal(String requestId) {
    return of(
        500, "Internal error of intrahub; the operator finds it in the log under " + requestId);
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
