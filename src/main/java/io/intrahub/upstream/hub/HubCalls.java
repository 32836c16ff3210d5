package io.intrahub.upstream.hub;

import io.intrahub.access.Caller;
import io.intrahub.base.BudgetExhaustedException;
import io.intrahub.hub.HeaderNames;
import io.intrahub.hub.RepoId;
import io.intrahub.metrics.Meters;
import io.intrahub.upstream.BrokenAnswerException;
import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.net.HttpTransport;
import io.intrahub.upstream.net.NetworkSetupException;
import io.intrahub.upstream.net.RedirectGuard;
import io.intrahub.upstream.net.ResourceExhaustion;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.Response;

/**
 * Calls to the Hub's own endpoints: chooses the endpoint, minds its breaker, decides where a token
 * goes, follows the redirects that stay at home, and sorts what comes back. Safe for use by many
 * threads.
 */
final class HubCalls {
  /**
   * Set by this class, never taken from the wire: the answer came from an authoritative endpoint.
   */
  static final String AUTHORITATIVE = ":authoritative";

  static final UpstreamFailure OFFLINE =
      new UpstreamFailure(UpstreamFailure.Kind.OFFLINE, "upstream is switched off");

  static final String PAGE = "it is a web page and not the Hub's; a portal may require a login";
  static final String OTHER_COMMIT = "it names another commit than the requested one";
  static final int MAX_HOPS = 5;

  private final HttpTransport transport;
  private final RedirectGuard guard;
  private final List<Endpoint> endpoints;
  private final boolean offline;
  private final RetryPolicy retries;
  private final AnswerReader answers;
  private final Meters meters;

  HubCalls(
      HttpTransport transport,
      RedirectGuard guard,
      List<Endpoint> endpoints,
      boolean offline,
      RetryPolicy retries,
      AnswerReader answers,
      Meters meters) {
    this.transport = transport;
    this.guard = guard;
    this.endpoints = endpoints;
    this.offline = offline;
    this.retries = retries;
    this.answers = answers;
    this.meters = meters;
  }

  /**
   * What a visit to one endpoint gave: a result, or a failure after which the next may be tried.
   */
  sealed interface Visit<T> {
    record Done<T>(T result) implements Visit<T> {}

    record Failed<T>(UpstreamFailure failure) implements Visit<T> {}
  }

  /** The host of the preferred endpoint. */
  String primaryHost() {
    return endpoints.getFirst().base().host();
  }

  /** What is asked from now on goes over new connections, except what is under way. */
  void dropIdleConnections() {
    transport.dropIdleConnections();
  }

  /** For calls that don't go to an endpoint, but to where it sent us. */
  RetryPolicy retries() {
    return retries;
  }

  /** Where bytes that come are counted. */
  Meters meters() {
    return meters;
  }

  /** One visit to one endpoint. */
  interface Visitor<T> {
    Visit<T> visit(Endpoint endpoint) throws IOException;
  }

  /**
   * Visits the endpoints that may answer until one gives a result, in the operator's order but for
   * one.
   *
   * @param caller with a token: only the authoritative endpoint is visited
   * @param last is visited when all others failed
   */
  <T> Visit<T> visit(
      CallPurpose question, Caller caller, Optional<Endpoint> last, Visitor<T> visitor) {
    if (offline) {
      return new Visit.Failed<>(OFFLINE);
    }
    UpstreamFailure failure = unavailable();
    List<Endpoint> order = new ArrayList<>(endpoints);
    last.ifPresent(l -> order.sort(Comparator.comparing(l::equals)));
    for (Endpoint endpoint : order) {
      boolean mayHear = caller.isAnonymous() || endpoint.authoritative();
      if (!mayHear || !question.mayAsk(endpoint) || !endpoint.breaker().tryAcquire(question)) {
        continue;
      }
      Visit<T> visit = retries.run(() -> visitOnce(endpoint, visitor), HubCalls::failureIn);
      question.repo().ifPresent(repo -> count(endpoint.breaker(), repo, failureIn(visit)));
      switch (visit) {
        case Visit.Done<T> done -> {
          return done;
        }
        case Visit.Failed<T> failed -> failure = failed.failure();
      }
    }
    return new Visit.Failed<>(failure);
  }

  /** What there is to say when no endpoint is asked, because none of them answered lately. */
  UpstreamFailure unavailable() {
    return new UpstreamFailure(
        UpstreamFailure.Kind.UNREACHABLE, endpoints.getFirst().breaker().reason());
  }

  private static <T> Visit<T> visitOnce(Endpoint endpoint, Visitor<T> visitor) {
    try {
      return visitor.visit(endpoint);
    } catch (IOException e) {
      return new Visit.Failed<>(broken(e));
    }
  }

  private static <T> Optional<UpstreamFailure> failureIn(Visit<T> visit) {
    return visit instanceof Visit.Failed<T> failed
        ? Optional.of(failed.failure())
        : Optional.empty();
  }

  /** One failure for a call with all its tries: a Hub that fails now and then is not down. */
  private static void count(
      CircuitBreaker breaker, RepoId repo, Optional<UpstreamFailure> failure) {
    if (Thread.currentThread().isInterrupted()) {
      // The call was stopped here, because its client left: that says nothing of the endpoint.
      return;
    }
    failure.ifPresentOrElse(
        f -> {
          switch (f.kind()) {
            case UNREACHABLE -> breaker.unreachable(f.reason());
            case TIMED_OUT -> breaker.silent(repo, f.reason());
            case BROKEN, SERVER_ERROR -> breaker.troubled(repo, f.reason());
            case BUSY -> {
              // The mirror lacked memory or file descriptors: that says nothing of the endpoint.
            }
            case OFFLINE, RATE_LIMITED, UNEXPECTED_ANSWER, OVER_LIMIT, WRONG_CONTENT ->
                breaker.answered();
          }
        },
        breaker::answered);
  }

  /** The failure that an exception stands for. */
  static UpstreamFailure broken(IOException e) {
    if (e instanceof BrokenAnswerException answer) {
      return answer.failure();
    }
    if (e instanceof BudgetExhaustedException) {
      return new UpstreamFailure(
          UpstreamFailure.Kind.BUSY, "too many answers are being read at the same time");
    }
    if (ResourceExhaustion.isIn(e)) {
      // Not tried again here: a question that takes too long counts as one without an answer.
      return new UpstreamFailure(UpstreamFailure.Kind.BUSY, ResourceExhaustion.REASON);
    }
    UpstreamFailure.Kind kind =
        switch (e) {
          case HttpTransport.FirstByteTimeoutException _ -> UpstreamFailure.Kind.TIMED_OUT;
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
          case NetworkSetupException fault -> fault.isTransient();
          case HttpTransport.FirstByteTimeoutException _ -> false;
          case java.net.ConnectException _ -> false;
          case java.net.UnknownHostException _ -> false;
          case java.net.SocketTimeoutException _ -> false;
          default -> true;
        };
    return new UpstreamFailure(kind, describe(e), mayPass, Optional.empty());
  }

  /** The JDK and OkHttp 5 tell a time-out of connecting from one of reading by its text only. */
  private static boolean isOfConnecting(java.net.SocketTimeoutException e) {
    return String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT).contains("connect");
  }

  /**
   * Sends a request, with the caller's token if it goes to the endpoint itself and that may have
   * it.
   *
   * @param request with its address set
   */
  Response send(Endpoint endpoint, Request.Builder request, Caller caller) throws IOException {
    Request bare = request.header("Accept-Encoding", "identity").build();
    boolean trusted = endpoint.authoritative() && endpoint.owns(bare.url());
    Request.Builder complete = bare.newBuilder();
    if (trusted) {
      caller.token().ifPresent(t -> complete.header("Authorization", t.asAuthorization()));
    }
    meters.upstreamRequest();
    return transport.send(complete.build());
  }

  /**
   * Where an answer redirects to.
   *
   * @return empty when it does not, or when it may not be followed
   */
  Optional<HttpUrl> redirect(Response response) {
    String location = response.header(HeaderNames.LOCATION);
    if (response.code() < 300 || response.code() >= 400 || location == null) {
      return Optional.empty();
    }
    HttpUrl from = response.request().url();
    return Optional.ofNullable(from.resolve(location)).filter(to -> guard.allows(from, to));
  }

  /** See {@link HubUpstream#call}. */
  ApiAnswer api(CallPurpose question, ApiRequest request, Caller caller) {
    Visit<ApiAnswer> visit =
        visit(question, caller, Optional.empty(), endpoint -> visitApi(endpoint, request, caller));
    return switch (visit) {
      case Visit.Done<ApiAnswer> done -> done.result();
      case Visit.Failed<ApiAnswer> failed -> new ApiAnswer.Failed(failed.failure());
    };
  }

  private Visit<ApiAnswer> visitApi(Endpoint endpoint, ApiRequest request, Caller caller)
      throws IOException {
    HttpUrl url = endpoint.url(request.target());
    for (int hop = 0; hop <= MAX_HOPS; hop++) {
      Request.Builder next = new Request.Builder().url(url);
      if (request.method().equals("HEAD")) {
        next.head();
      }
      request.body().ifPresent(body -> next.post(new SentBody(body)));
      long sent = System.nanoTime();
      Response response = send(endpoint, next, caller);
      if (response.isSuccessful()) {
        return answers.read(endpoint, response, request, caller.client(), sent);
      }
      try (response) {
        Optional<HttpUrl> target = redirect(response).filter(endpoint::owns);
        if (target.isEmpty()) {
          return unsuccessful(endpoint, response, caller);
        }
        url = target.get();
      }
    }
    return permanent("it redirects in a loop");
  }

  private static Visit<ApiAnswer> unsuccessful(
      Endpoint endpoint, Response response, Caller caller) {
    Optional<HubRefusal> refusal = RefusalParser.read(response, caller.isAnonymous());
    if (refusal.isPresent() && endpoint.authoritative()) {
      return new Visit.Done<>(new ApiAnswer.Refused(refusal.get()));
    }
    return new Visit.Failed<>(failureOf(response));
  }

  /** The failure that an answer without success or refusal stands for. */
  static UpstreamFailure failureOf(Response response) {
    int status = response.code();
    if (status == 429) {
      return new UpstreamFailure(
          UpstreamFailure.Kind.RATE_LIMITED,
          "it limits the rate of requests (429)",
          true,
          RetryAfterHeaders.wait(response));
    }
    if (status >= 500 || status == 408) {
      return new UpstreamFailure(
          UpstreamFailure.Kind.SERVER_ERROR,
          "it answered " + status,
          true,
          RetryAfterHeaders.wait(response));
    }
    return new UpstreamFailure(
        UpstreamFailure.Kind.UNEXPECTED_ANSWER,
        "it answered " + status + ", but not as the Hub does");
  }

  /** An answer of which another try will bring the same. */
  static <T> Visit<T> permanent(String reason) {
    return new Visit.Failed<>(
        new UpstreamFailure(UpstreamFailure.Kind.UNEXPECTED_ANSWER, reason).asFinal());
  }

  /** Whether this is a page for people. A file may be one too. */
  static boolean isPage(Response response) {
    String type = response.header(HeaderNames.CONTENT_TYPE);
    return type != null && type.startsWith("text/html");
  }

  static <T> Visit<T> unexpected(String reason) {
    return new Visit.Failed<>(new UpstreamFailure(UpstreamFailure.Kind.UNEXPECTED_ANSWER, reason));
  }

  /** What an exception means, without addresses: they may hold a signature. */
  static String describe(IOException e) {
    return switch (e) {
      case NetworkSetupException fault -> String.valueOf(fault.getMessage());
      case java.net.UnknownHostException _ -> "its name can't be resolved";
      case java.net.ConnectException _ -> "the connection was refused";
      case java.net.SocketTimeoutException _ -> "it did not answer in time";
      case javax.net.ssl.SSLException _ -> "TLS failed: " + e.getMessage();
      case HttpTransport.FirstByteTimeoutException _ -> String.valueOf(e.getMessage());
      default -> {
        String text = String.valueOf(e.getMessage());
        yield "the connection broke" + (text.contains("://") ? "" : ": " + text);
      }
    };
  }
}
