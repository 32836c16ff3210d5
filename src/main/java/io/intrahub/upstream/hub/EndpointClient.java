package io.intrahub.upstream.hub;

import io.intrahub.access.Caller;
import io.intrahub.hub.HeaderNames;
import io.intrahub.policy.CallPriority;
import io.intrahub.upstream.net.HttpTransport;
import io.intrahub.upstream.net.RedirectGuard;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.Response;

/**
 * Sends single requests to an endpoint, or to where it redirected, and tells which redirects may be
 * followed. Following them is left to the caller, who knows which ones make sense. Safe for use by
 * many threads.
 *
 * <p>Whose request it is, and for which endpoint, travels with the request as OkHttp tags; {@link
 * TokenInterceptor} reads them. A request that is tagged with {@link CallPurpose.Purpose#CONFIRM}
 * is not given up when its endpoint is silent, unless another endpoint can answer it.
 */
final class EndpointClient {
  /** Redirects that a call follows, at most. */
  static final int MAX_HOPS = 5;

  /** Longer than silence lasts: also an answer that comes too late shows that the Hub is there. */
  private static final Duration CHECK_TIMEOUT = Duration.ofSeconds(10);

  private static final Duration LOOK_AGAIN = Duration.ofSeconds(1);

  private final List<Endpoint> endpoints;
  private final HttpTransport transport;
  private final RedirectGuard guard;
  private final LastAnswers lastAnswers;
  private final RateLimits limits;

  /**
   * Makes one.
   *
   * @param endpoints that calls are made to
   */
  EndpointClient(
      List<Endpoint> endpoints,
      HttpTransport transport,
      RedirectGuard guard,
      LastAnswers lastAnswers,
      RateLimits limits) {
    this.endpoints = endpoints;
    this.transport = transport;
    this.guard = guard;
    this.lastAnswers = lastAnswers;
    this.limits = limits;
  }

  /**
   * Sends a request, with the caller's token if the endpoint may have it.
   *
   * @param endpoint that the request goes to, or that redirected to its address
   * @param request with its address set
   * @return to be closed by the caller
   * @throws RateLimits.LimitedException if the endpoint allows the caller no more calls now
   * @throws IOException when there is no connection or no head in time
   */
  Response send(Endpoint endpoint, Request.Builder request, Caller caller) throws IOException {
    return send(endpoint, request, caller, Duration.ZERO);
  }

  /**
   * As the other one, with a limit for the whole call.
   *
   * @param atMost from now until the end of the body; zero: no such limit
   */
  Response send(Endpoint endpoint, Request.Builder request, Caller caller, Duration atMost)
      throws IOException {
    Request tagged = request.tag(Endpoint.class, endpoint).tag(Caller.class, caller).build();
    if (!endpoint.owns(tagged.url())) {
      return sendWatched(endpoint, tagged, atMost);
    }
    CallPurpose.Purpose purpose = tagged.tag(CallPurpose.Purpose.class);
    CallPriority priority = purpose == null ? CallPriority.CLIENT : purpose.priority(caller);
    String target = endpoint.hubPath(tagged.url());
    try (RateLimits.Call call = limits.begin(endpoint, caller, target, priority)) {
      Response response = sendWatched(endpoint, tagged, atMost);
      call.answered(response.code(), response.headers());
      return response;
    }
  }

  /** Sends it, and ends it early if the endpoint answers nothing at all. */
  private Response sendWatched(Endpoint endpoint, Request request, Duration atMost)
      throws IOException {
    boolean patient = isPatient(endpoint, request);
    SilenceMonitor.Call call = endpoint.silence().began();
    try {
      Response response = transport.send(request, atMost, () -> watch(endpoint, call, patient));
      heard(endpoint, request.url());
      return response;
    } catch (IOException e) {
      if (e instanceof HttpTransport.SilenceException
          || e instanceof HttpTransport.FirstByteTimeoutException) {
        // The idle connections may lead nowhere either since the network changed.
        transport.dropIdleConnections();
      }
      // Connecting may take as long as the limit, and fails then by a time-out of its own.
      if (endpoint.silence().isSilent()) {
        endpoint.breaker().fellSilent();
      }
      throw e;
    } finally {
      call.ended();
    }
  }

  /** Who may read a repo is decided by the answer to its own question, if nobody else has one. */
  private boolean isPatient(Endpoint endpoint, Request request) {
    CallPurpose.Purpose purpose = request.tag(CallPurpose.Purpose.class);
    Caller caller = request.tag(Caller.class);
    return purpose == CallPurpose.Purpose.CONFIRM
        && caller != null
        && endpoints.stream()
            .noneMatch(other -> !other.equals(endpoint) && other.isUsable(purpose, caller));
  }

  private void heard(Endpoint endpoint, HttpUrl url) {
    endpoint.silence().heard();
    if (endpoint.owns(url)) {
      endpoint.breaker().heard();
      if (endpoint.authoritative()) {
        lastAnswers.heardHub();
      }
    } else {
      lastAnswers.heardFileServer();
    }
  }

  /** Ends a call of a silent endpoint, unless it is one that must wait for its own answer. */
  private Optional<Duration> watch(Endpoint endpoint, SilenceMonitor.Call call, boolean patient) {
    Duration next = call.look(() -> checkLiveness(endpoint));
    if (!next.isZero()) {
      return Optional.of(next);
    }
    endpoint.breaker().fellSilent();
    return patient ? Optional.of(LOOK_AGAIN) : Optional.empty();
  }

  /**
   * Any answer shows that the endpoint is there. It counts against the quota as any call does, but
   * is sent even if nothing is left of that: a client could use it up, and silence would follow.
   */
  private void checkLiveness(Endpoint endpoint) {
    RateLimits.Call counted =
        limits.beginRegardless(endpoint, Caller.ANONYMOUS, endpoint.hubPath(endpoint.base()));
    Request request =
        new Request.Builder()
            .url(endpoint.base())
            .head()
            .tag(Endpoint.class, endpoint)
            .tag(Caller.class, Caller.ANONYMOUS)
            .build();
    transport.sendAside(
        request,
        CHECK_TIMEOUT,
        answer -> {
          answer.ifPresent(head -> counted.answered(head.code(), head.headers()));
          counted.close();
          if (answer.isPresent()) {
            endpoint.silence().heard();
            endpoint.breaker().answeredLivenessCheck();
          }
        });
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
    return address(response.request().url(), location);
  }

  /** An address that an answer told; empty when it is none, or none that may be followed. */
  Optional<HttpUrl> address(HttpUrl from, String text) {
    return Optional.ofNullable(from.resolve(text)).filter(to -> guard.allows(from, to));
  }

  /** What is asked from now on goes over new connections, except what is under way. */
  void dropIdleConnections() {
    transport.dropIdleConnections();
  }
}
