package io.intrahub.upstream.hub;

import io.intrahub.access.Authority;
import io.intrahub.access.Caller;
import io.intrahub.hub.HubError;
import io.intrahub.policy.UpstreamState;
import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import io.intrahub.upstream.net.HttpTransport;
import io.intrahub.upstream.net.RedirectGuard;
import java.time.Clock;
import java.util.List;
import java.util.Optional;

/**
 * The Hub's dataset viewer, a server of its own ({@code datasets-server.huggingface.co}) that knows
 * the splits, rows and Parquet files of datasets. Its health and its limits are its own: the Hub
 * may answer while it does not. What it refuses says nothing of who may read the dataset, because
 * it also refuses datasets that it can't show.
 *
 * <p>Safe for use by many threads.
 */
public final class DatasetViewer implements ApiUpstream {
  private final Endpoint server;
  private final ApiClient api;
  private final UpstreamHealth health;
  private final RetryPolicy retries;
  private final LastAnswers lastAnswers;
  private final String hubOrigin;

  private DatasetViewer(
      Endpoint viewer,
      boolean offline,
      Clock clock,
      HttpTransport transport,
      RedirectGuard guard,
      RetryPolicy retries,
      AnswerReader answers,
      String hubOrigin) {
    this.server = viewer;
    List<Endpoint> servers = List.of(viewer);
    RateLimits limits = new RateLimits(clock);
    this.retries = retries;
    this.lastAnswers = new LastAnswers("the dataset viewer", clock);
    this.health = new UpstreamHealth(servers, offline, lastAnswers);
    this.hubOrigin = hubOrigin;
    this.api =
        new ApiClient(
            new EndpointSelector(servers, offline, retries, limits, lastAnswers),
            new EndpointClient(servers, transport, guard, lastAnswers, limits),
            answers,
            RefusalParser::ofViewer);
  }

  /**
   * The viewer of these settings, if they name one. Connects to nothing yet.
   *
   * @param retries of its own, which the Hub's calls do not use: a limit that a call waits for is
   *     remembered there, and the viewer's is not the Hub's
   */
  static Optional<DatasetViewer> of(
      UpstreamSettings settings,
      Clock clock,
      HttpTransport transport,
      RedirectGuard guard,
      RetryPolicy retries,
      AnswerReader answers) {
    String hubOrigin =
        settings.endpoints().stream()
            .filter(EndpointSettings::authoritative)
            .map(hub -> Endpoint.of(hub, settings.silenceTimeout(), clock).origin())
            .findFirst()
            .orElseThrow();
    return settings
        .viewer()
        .map(server ->
            new DatasetViewer(
                Endpoint.of(server, settings.silenceTimeout(), clock),
                settings.offline(),
                clock,
                transport,
                guard,
                retries,
                answers,
                hubOrigin));
  }

  @Override
  public UpstreamResult<ApiAnswer> call(ApiRequest request, Caller caller) {
    if (!server.mayHear(caller)) {
      // It answers others, so this must not look like an outage.
      return new UpstreamResult.Refused<>(
          new HubRefusal(HubError.tokensNotSentToViewer(server.origin()), Optional.empty()));
    }
    return api.call(CallPurpose.PASSED_ON, request, caller).map(ApiClient.Answer::said);
  }

  @Override
  public UpstreamState state(Authority authority) {
    return health.state();
  }

  /** None: its answers have parameters for that. */
  @Override
  public NextPage nextPage(ApiAnswer answer, String target) {
    return new NextPage.None();
  }

  @Override
  public String origin(ApiAnswer answer) {
    return hubOrigin;
  }

  @Override
  public boolean decidesAccess() {
    return false;
  }

  @Override
  public Optional<UpstreamFailure> limit() {
    return retries.limit();
  }

  @Override
  public UpstreamFailure withLastAnswer(UpstreamFailure failure) {
    return lastAnswers.addTo(failure);
  }
}
