package io.intrahub.upstream.hub;

import io.intrahub.base.BudgetExhaustedException;
import io.intrahub.hub.HeaderNames;
import io.intrahub.hub.HubError;
import io.intrahub.upstream.BrokenAnswerException;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import io.intrahub.upstream.net.ConnectionErrors;
import io.intrahub.upstream.net.HttpTransport;
import io.intrahub.upstream.net.NetworkSetupException;
import io.intrahub.upstream.net.ResourceExhaustion;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.util.Locale;
import java.util.Optional;
import okhttp3.Response;

/**
 * Tells what kind of failure an exception, or an answer that is neither a success nor a refusal,
 * stands for, and whether another attempt may help. Has no state.
 */
final class FailureClassifier {
  static final UpstreamFailure OFFLINE =
      new UpstreamFailure(UpstreamFailure.Kind.OFFLINE, "upstream is switched off");

  static final String PAGE = "it is a web page and not the Hub's; a portal may require a login";
  static final String OTHER_COMMIT = "it names another commit than the requested one";
  static final String RENAMED = "the repository has another name at the Hub now";
  static final String CIRCLE = "it redirects in a loop";

  private FailureClassifier() {}

  /** The failure that an exception stands for. */
  static UpstreamFailure of(IOException e) {
    if (e instanceof BrokenAnswerException answer) {
      return answer.failure();
    }
    if (e instanceof RateLimits.LimitedException limited) {
      return limited.failure();
    }
    if (e instanceof BudgetExhaustedException) {
      return new UpstreamFailure(
          UpstreamFailure.Kind.BUSY,
          "this client's share of memory.budget has no space left for an answer");
    }
    if (ResourceExhaustion.isIn(e)) {
      // Not tried again here: a question that takes too long counts as one without an answer.
      return new UpstreamFailure(UpstreamFailure.Kind.BUSY, ResourceExhaustion.REASON);
    }
    UpstreamFailure.Kind kind =
        switch (e) {
          case HttpTransport.FirstByteTimeoutException _ -> UpstreamFailure.Kind.TIMED_OUT;
          case HttpTransport.SilenceException _ -> UpstreamFailure.Kind.TIMED_OUT;
          case NetworkSetupException _ -> UpstreamFailure.Kind.UNREACHABLE;
          case java.net.ConnectException _ -> UpstreamFailure.Kind.UNREACHABLE;
          case java.net.UnknownHostException _ -> UpstreamFailure.Kind.UNREACHABLE;
          case java.net.NoRouteToHostException _ -> UpstreamFailure.Kind.UNREACHABLE;
          case javax.net.ssl.SSLHandshakeException _ -> UpstreamFailure.Kind.UNREACHABLE;
          case java.net.SocketTimeoutException timeout when isOfConnecting(timeout) ->
              UpstreamFailure.Kind.UNREACHABLE;
          default -> UpstreamFailure.Kind.BROKEN;
        };
    boolean mayPass =
        switch (e) {
          case NetworkSetupException setup -> setup.isTransient();
          case HttpTransport.FirstByteTimeoutException _ -> false;
          case HttpTransport.SilenceException _ -> false;
          case java.net.ConnectException _ -> false;
          case java.net.UnknownHostException _ -> false;
          case java.net.SocketTimeoutException _ -> false;
          default -> true;
        };
    boolean needsOperator = e instanceof NetworkSetupException setup && setup.needsOperator();
    UpstreamFailure failure =
        new UpstreamFailure(
            kind, ConnectionErrors.describe(e), mayPass, Optional.empty(), needsOperator);
    return ConnectionErrors.isOfSilence(e) ? failure.asLasting() : failure;
  }

  /**
   * The failure that an exception stands for if no connection to a file server came about. Asking
   * the Hub for another address is worth more than trying this one again.
   *
   * @param host of the address, which alone may be shown: path and query grant access
   * @return empty if there was a connection, or the mirror itself is at fault
   */
  static Optional<UpstreamFailure> ofContentHost(String host, IOException e) {
    UpstreamFailure failure = of(e);
    boolean connecting =
        failure.kind() == UpstreamFailure.Kind.UNREACHABLE
            || (e instanceof javax.net.ssl.SSLException
                && failure.kind() == UpstreamFailure.Kind.BROKEN);
    if (!connecting) {
      return Optional.empty();
    }
    UpstreamFailure ofHost =
        new UpstreamFailure(
            UpstreamFailure.Kind.UNREACHABLE,
            "the file server " + host + " can't be reached: " + failure.reason(),
            e instanceof NetworkSetupException setup && setup.isTransient(),
            Optional.empty(),
            failure.needsOperator());
    // A client that asked again would wait for as long.
    boolean isLasting = ConnectionErrors.isOfSilence(e) || e instanceof SocketTimeoutException;
    return Optional.of(isLasting ? ofHost.asLasting() : ofHost);
  }

  /** The status with which a mirror answers its own request (RFC 5842 section 7.2). */
  private static final int LOOP = 508;

  /** Characters of an error's text that are repeated. */
  private static final int MAX_SAID = 300;

  /** The failure that an answer without success or refusal stands for. */
  static UpstreamFailure of(Response response) {
    int status = response.code();
    if (status == 429) {
      return new UpstreamFailure(
          UpstreamFailure.Kind.RATE_LIMITED,
          "it limits the rate of requests (429) of this site or token",
          true,
          RetryAfterHeaders.wait(response));
    }
    if (MirrorLabel.is(HubError.Limit.RATE, response.headers())) {
      return new UpstreamFailure(
          UpstreamFailure.Kind.RATE_LIMITED,
          "the mirror that stands between says that the Hub limits the requests",
          true,
          RetryAfterHeaders.wait(response));
    }
    if (MirrorLabel.is(HubError.Limit.CAPACITY, response.headers())) {
      // A question about a grant is over, and not asked again until it is late: a client may have
      // used up the capacity. All other calls go on as after a 429.
      boolean confirms =
          response.request().tag(CallPurpose.Purpose.class) == CallPurpose.Purpose.CONFIRM;
      return new UpstreamFailure(
          confirms ? UpstreamFailure.Kind.BUSY : UpstreamFailure.Kind.RATE_LIMITED,
          "the mirror that stands between is busy and limits the requests",
          !confirms,
          RetryAfterHeaders.wait(response));
    }
    if (status == LOOP) {
      return new UpstreamFailure(
          UpstreamFailure.Kind.CIRCULAR,
          "the request came back to a mirror that had sent it, because upstream.endpoints lead in a"
              + " circle",
          false,
          Optional.empty(),
          true);
    }
    if (status >= 500 || status == 408) {
      return new UpstreamFailure(
          UpstreamFailure.Kind.SERVER_ERROR,
          "it answered " + status + said(response),
          true,
          RetryAfterHeaders.wait(response));
    }
    return unexpectedFailure("it answered " + status + ", but not as the Hub does");
  }

  /** What an error says for people; another mirror names its cause. Often empty. */
  private static String said(Response response) {
    String text = response.header(HeaderNames.X_ERROR_MESSAGE);
    if (text == null || text.isBlank() || text.contains("://")) {
      return "";
    }
    String said = text.endsWith(".") ? text.substring(0, text.length() - 1) : text;
    return ": " + said.substring(0, Math.min(said.length(), MAX_SAID));
  }

  /** An answer that is not the Hub's; another attempt may bring a better one. */
  static <T> UpstreamResult<T> unexpected(String reason) {
    return new UpstreamResult.Failed<>(unexpectedFailure(reason));
  }

  /** An answer that another mirror gave from its store without asking the Hub. */
  static <T> UpstreamResult<T> stale() {
    return new UpstreamResult.Failed<>(
        new UpstreamFailure(
            UpstreamFailure.Kind.STALE_ANSWER,
            "the mirror that stands between could not ask the Hub either"));
  }

  /**
   * An answer of another mirror that does not say when the Hub last confirmed the right to read.
   * The mirror can't know how long it still holds, so it confirms nothing.
   */
  static <T> UpstreamResult<T> ofUnknownAge() {
    return new UpstreamResult.Failed<>(
        new UpstreamFailure(
            UpstreamFailure.Kind.STALE_ANSWER,
            "the mirror that stands between does not say when the Hub last let the client read it"));
  }

  /** An answer without a fact that the mirror needs and may learn in another way. */
  static <T> UpstreamResult<T> incomplete(String reason) {
    return new UpstreamResult.Failed<>(
        new UpstreamFailure(UpstreamFailure.Kind.INCOMPLETE_ANSWER, reason));
  }

  /** A success that is something else than repo info. */
  static <T> UpstreamResult<T> noRepoInfo(String reason) {
    return new UpstreamResult.Failed<>(
        new UpstreamFailure(UpstreamFailure.Kind.NO_REPO_INFO, reason));
  }

  /** An answer of which another attempt will bring the same. */
  static <T> UpstreamResult<T> permanent(String reason) {
    return new UpstreamResult.Failed<>(unexpectedFailure(reason).asFinal());
  }

  private static UpstreamFailure unexpectedFailure(String reason) {
    return new UpstreamFailure(UpstreamFailure.Kind.UNEXPECTED_ANSWER, reason);
  }

  /** Whether this is a page for people. A file may be one too. */
  static boolean isPage(Response response) {
    String type = response.header(HeaderNames.CONTENT_TYPE);
    return type != null && type.startsWith("text/html");
  }

  /** The JDK and OkHttp 5 tell a time-out of connecting from one of reading by its text only. */
  private static boolean isOfConnecting(java.net.SocketTimeoutException e) {
    return String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT).contains("connect");
  }
}
