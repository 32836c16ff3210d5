package io.intrahub.upstream.hub;

import io.intrahub.upstream.net.NetworkSettings;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Which endpoints are asked, and how patiently.
 *
 * @param endpoints in the order of preference, at least one of them authoritative
 * @param viewer the dataset viewer; empty if there is none
 * @param silenceTimeout a call without an answer is given up when its endpoint has answered nothing
 *     at all for this long
 * @param answerTimeout for a whole answer of the API, from its request. Only waiting for upstream
 *     counts, and each 64 KiB that arrived earn one more second.
 * @param retryPause before the second attempt of a call, at most; longer before each further one
 * @param offline upstream is never asked
 * @param network how each HTTP call is made
 */
public record UpstreamSettings(
    List<EndpointSettings> endpoints,
    Optional<EndpointSettings> viewer,
    Duration silenceTimeout,
    Duration answerTimeout,
    Duration retryPause,
    boolean offline,
    NetworkSettings network) {
  private static final Duration SILENCE_TIMEOUT = Duration.ofSeconds(5);
  private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(60);
  private static final Duration RETRY_PAUSE = Duration.ofMillis(100);

  /** Takes a copy of the list. */
  public UpstreamSettings {
    endpoints = List.copyOf(endpoints);
    if (endpoints.stream().noneMatch(EndpointSettings::authoritative)) {
      throw new IllegalArgumentException("at least one authoritative endpoint is needed");
    }
  }

  /** These endpoints, and the numbers of the configuration reference. */
  public static UpstreamSettings to(List<EndpointSettings> endpoints) {
    return new UpstreamSettings(
        endpoints,
        Optional.empty(),
        SILENCE_TIMEOUT,
        ANSWER_TIMEOUT,
        RETRY_PAUSE,
        false,
        NetworkSettings.DEFAULT);
  }

  /** The names of all servers that the operator named. */
  Set<String> hosts() {
    return Stream.concat(endpoints.stream(), viewer.stream())
        .map(server -> Endpoint.baseUrl(server.address().toString()).host())
        .collect(Collectors.toSet());
  }

  /** The same with another dataset viewer. */
  public UpstreamSettings withViewer(EndpointSettings other) {
    return new UpstreamSettings(
        endpoints, Optional.of(other), silenceTimeout, answerTimeout, retryPause, offline, network);
  }

  /** The same with other endpoints. */
  public UpstreamSettings withEndpoints(List<EndpointSettings> others) {
    return new UpstreamSettings(
        others, viewer, silenceTimeout, answerTimeout, retryPause, offline, network);
  }

  /** The same with another limit for the silence of an endpoint. */
  public UpstreamSettings withSilenceTimeout(Duration timeout) {
    return new UpstreamSettings(
        endpoints, viewer, timeout, answerTimeout, retryPause, offline, network);
  }

  /** The same with another limit for whole answers of the API. */
  public UpstreamSettings withAnswerTimeout(Duration timeout) {
    return new UpstreamSettings(
        endpoints, viewer, silenceTimeout, timeout, retryPause, offline, network);
  }

  /** The same with another pause before the second attempt of a call. */
  public UpstreamSettings withRetryPause(Duration pause) {
    return new UpstreamSettings(
        endpoints, viewer, silenceTimeout, answerTimeout, pause, offline, network);
  }

  /** The same, asking upstream or not. */
  public UpstreamSettings withOffline(boolean never) {
    return new UpstreamSettings(
        endpoints, viewer, silenceTimeout, answerTimeout, retryPause, never, network);
  }

  /** The same with other HTTP calls. */
  public UpstreamSettings withNetwork(NetworkSettings other) {
    return new UpstreamSettings(
        endpoints, viewer, silenceTimeout, answerTimeout, retryPause, offline, other);
  }
}
