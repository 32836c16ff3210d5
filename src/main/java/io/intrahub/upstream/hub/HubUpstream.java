package io.intrahub.upstream.hub;

import com.github.benmanes.caffeine.cache.Ticker;
import io.intrahub.access.Authority;
import io.intrahub.access.Caller;
import io.intrahub.access.EventOrder;
import io.intrahub.access.Grant;
import io.intrahub.access.ReadEvidence;
import io.intrahub.access.ReadScope;
import io.intrahub.base.MemoryBudget;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.HubTarget;
import io.intrahub.hub.LinkHeader;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.metrics.Meters;
import io.intrahub.policy.UpstreamState;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.CommitFiles;
import io.intrahub.upstream.FirstHop;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import io.intrahub.upstream.net.HttpTransport;
import io.intrahub.upstream.net.RedirectGuard;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ScheduledExecutorService;
import javax.net.SocketFactory;
import okhttp3.Interceptor;

/**
 * The Hub, as the rest of the house sees it: typed questions, typed outcomes, nothing thrown. All
 * methods block; callers run them on virtual threads and wait for as long as their client can.
 *
 * <p>Safe for use by many threads.
 */
public final class HubUpstream implements ApiUpstream, AutoCloseable {
  /** The owner in the memory budget of answers that confirm a grant. */
  private static final String CONFIRMING = "grants";

  private final UpstreamSettings settings;
  private final List<Endpoint> endpoints;
  private final HttpTransport transport;
  private final EndpointSelector selector;
  private final RetryPolicy retries;
  private final ApiClient api;
  private final FirstHopResolver firstHops;
  private final HubBlobSource.Parts sources;
  private final ListingPageReader listings;
  private final EventOrder order;
  private final LastAnswers lastAnswers;
  private final UpstreamQuotas quotas;
  private final UpstreamHealth health;
  private final Optional<DatasetViewer> viewer;

  /**
   * Connects to nothing yet.
   *
   * @param timer for limits on waiting; it runs short tasks only
   * @param budget for what is buffered of answers
   * @param order the one that refusals are numbered by
   * @param sockets opens the connections
   * @param timing the pauses between attempts of a call
   * @param name of this mirror in {@code Via}
   */
  public HubUpstream(
      UpstreamSettings settings,
      Clock clock,
      ScheduledExecutorService timer,
      MemoryBudget budget,
      EventOrder order,
      Meters meters,
      SocketFactory sockets,
      RetryTiming timing,
      String name) {
    this.settings = settings;
    this.order = order;
    this.lastAnswers = new LastAnswers("the Hub", clock);
    this.endpoints =
        settings.endpoints().stream()
            .map(endpoint -> Endpoint.of(endpoint, settings.silenceTimeout(), clock))
            .toList();
    Endpoint preferred = endpoints.getFirst();
    RedirectGuard guard = new RedirectGuard(settings.hosts());
    List<Interceptor> interceptors =
        List.of(
            new RequestCounter(meters),
            new IdentityEncodingInterceptor(),
            new TokenInterceptor(),
            new ViaInterceptor(name));
    this.transport = new HttpTransport(settings.network(), timer, guard, sockets, interceptors);
    this.retries = newRetries(settings, clock, meters, timing);
    this.health = new UpstreamHealth(endpoints, settings.offline(), lastAnswers);
    RateLimits limits = new RateLimits(clock);
    this.quotas =
        new UpstreamQuotas(
            limits, endpoints.stream().filter(Endpoint::authoritative).toList(), clock);
    quotas.watch(meters);
    this.selector =
        new EndpointSelector(endpoints, settings.offline(), retries, limits, lastAnswers);
    EndpointClient client = new EndpointClient(endpoints, transport, guard, lastAnswers, limits);
    AnswerReader answers = new AnswerReader(budget, settings.answerTimeout());
    this.api = new ApiClient(selector, client, answers, RefusalParser::read);
    RetryPolicy viewerRetries = newRetries(settings, clock, meters, timing);
    this.viewer = DatasetViewer.of(settings, clock, transport, guard, viewerRetries, answers);
    DownloadLocations locations = new DownloadLocations(clock);
    Ticker ticker = DownloadLocations.ticker(clock);
    SmallFileAddresses smallFiles = new SmallFileAddresses(preferred, ticker);
    LfsAddresses lfsFiles =
        new LfsAddresses(
            client, selector, preferred, locations, limits, settings.offline(), ticker);
    this.firstHops = new FirstHopResolver(selector, client, locations, smallFiles, order);
    this.listings = new ListingPageReader(selector, client, settings.answerTimeout());
    this.sources =
        new HubBlobSource.Parts(
            client,
            firstHops,
            locations,
            new SharedAddresses(
                preferred, locations, smallFiles, lfsFiles, limits, clock, settings.offline()),
            selector,
            lastAnswers,
            limits,
            retries,
            meters,
            preferred.base().host());
  }

  private static RetryPolicy newRetries(
      UpstreamSettings settings, Clock clock, Meters meters, RetryTiming timing) {
    return new RetryPolicy(new Random(clock.millis()), settings.retryPause(), meters, timing);
  }

  /** Whether upstream can be asked now, as far as is known. */
  public UpstreamState state() {
    return health.state();
  }

  /** What is known of how upstream answers. */
  public UpstreamHealth health() {
    return health;
  }

  /** The dataset viewer that belongs to it; empty if there is none. */
  public Optional<DatasetViewer> viewer() {
    return viewer;
  }

  /** The same for calls in the name of an authority, whose quota may be nearly used up. */
  @Override
  public UpstreamState state(Authority authority) {
    return state() == UpstreamState.REACHABLE ? quotas.state(authority) : state();
  }

  /** How many more calls the authoritative endpoint allows. */
  public UpstreamQuotas quotas() {
    return quotas;
  }

  /**
   * Why upstream is not asked, in the states {@link UpstreamState#DOWN} and {@link
   * UpstreamState#OFFLINE}.
   */
  public UpstreamFailure unavailableReason() {
    return settings.offline() ? FailureClassifier.OFFLINE : selector.unavailable();
  }

  /** The same failure; if upstream gave no answer, it also says when the last one came. */
  @Override
  public UpstreamFailure withLastAnswer(UpstreamFailure failure) {
    return lastAnswers.addTo(failure);
  }

  /** That upstream limits the rate of requests, while a call waits for it because of that. */
  @Override
  public Optional<UpstreamFailure> limit() {
    return retries.limit();
  }

  /** The origin of the endpoint that gave an answer, which absolute links in it begin with. */
  @Override
  public String origin(ApiAnswer answer) {
    return answering(answer).origin();
  }

  private Endpoint answering(ApiAnswer answer) {
    return endpoints.stream()
        .filter(e -> e.base().toString().equals(answer.endpoint()))
        .findFirst()
        .orElseGet(endpoints::getFirst);
  }

  /**
   * Whether no authoritative endpoint can be asked: the operator switched upstream off, or no
   * connection to them came about lately. Another endpoint may be there all the same.
   */
  public boolean isUnavailable() {
    return health.authoritative() != UpstreamState.REACHABLE;
  }

  /** The same as a state: {@link UpstreamState#REACHABLE} unless {@link #isUnavailable()}. */
  public UpstreamState authoritativeState() {
    return health.authoritative();
  }

  /**
   * Asks upstream's own {@code resolve} about one file, on behalf of one client. Costs one call.
   * Any endpoint may answer a client without a token, so what it says is for that client only.
   */
  public UpstreamResult<FirstHop> firstHop(
      RepoId repo, Revision revision, FilePath path, Caller caller) {
    return firstHops.ask(CallPurpose.PASSED_ON, repo, revision, path, caller);
  }

  /**
   * Asks an authoritative endpoint's {@code resolve} about one file, as this caller. Costs one
   * call. The address of the bytes is kept for {@link #source}.
   */
  public UpstreamResult<FirstHop> learnFile(
      RepoId repo, Revision revision, FilePath path, Caller as) {
    return firstHops.ask(CallPurpose.learn(repo), repo, revision, path, as);
  }

  /**
   * As {@link #learnFile}, to confirm a grant: also while the endpoint is silent or in trouble.
   *
   * @param revision one that a client can't choose freely, as the path
   */
  public UpstreamResult<FirstHop> confirmByFile(
      RepoId repo, Revision revision, FilePath path, Caller as) {
    return firstHops.ask(CallPurpose.confirm(repo), repo, revision, path, as);
  }

  /**
   * Whether a call about this file proves that its reader may read the repo. The card does not: it
   * belongs to what a Hub may show of a gated repo to everybody.
   */
  public static boolean proves(FilePath path) {
    return FirstHopResolver.proves(path);
  }

  /**
   * Where the bytes of a file come from, read as this caller. Costs nothing until it is opened.
   *
   * @param repo under the id by which upstream knows it
   * @param files names the files of the commit whose addresses are asked for with this one's
   */
  public BlobSource source(
      RepoId repo,
      CommitHash commit,
      FilePath path,
      BlobId blob,
      Caller caller,
      CommitFiles files) {
    return new HubBlobSource(
        sources,
        new DownloadLocations.Key(repo, commit, path, blob, caller.authority()),
        caller,
        files);
  }

  /**
   * Asks for repo info, on behalf of one client. Any endpoint may answer a client without a token.
   *
   * @param revision empty: the default branch
   * @param query raw, without the question mark; empty for none
   */
  public UpstreamResult<RepoInfoAnswer> repoInfo(
      RepoId repo, Optional<Revision> revision, String query, Caller caller) {
    return info(CallPurpose.PASSED_ON, repo, revision, query, caller);
  }

  /**
   * Asks an authoritative endpoint for repo info, as this caller, whose client's share of the
   * memory budget the answer counts against. Parameters as above.
   */
  public UpstreamResult<RepoInfoAnswer> learnInfo(
      RepoId repo, Optional<Revision> revision, String query, Caller as) {
    return info(CallPurpose.learn(repo), repo, revision, query, as);
  }

  /**
   * Asks an authoritative endpoint whether the caller may read a repo. As {@link #learnInfo}, but
   * it is asked even if it answers 5xx about many repos. To confirm a grant that there is, pass
   * {@link #confirming} of the caller.
   *
   * @param revision one that a client can't choose freely
   */
  public UpstreamResult<RepoInfoAnswer> confirm(
      RepoId repo, Optional<Revision> revision, Caller as) {
    return info(CallPurpose.confirm(repo), repo, revision, "", as);
  }

  /**
   * Asks an authoritative endpoint whether the caller may read a gated repo's content ({@code GET
   * /api/{type}s/{repo}/auth-check}, huggingface_hub {@code HfApi.auth_check}). As {@link
   * #confirm}. The evidence is about the repo that answered, which may have been renamed.
   */
  public UpstreamResult<ReadEvidence> authCheck(RepoId repo, Caller as) {
    String target = new HubTarget.RepoResource(repo, "auth-check").format();
    EventOrder.Moment began = order.now();
    return api.call(CallPurpose.confirm(repo), ApiRequest.get(target), as)
        .flatMap(answer -> {
          answer.said().body().close();
          if (answer.grantAge().isEmpty()) {
            return FailureClassifier.ofUnknownAge();
          }
          EventOrder.Moment confirmed = began.withAge(answer.grantAge().get());
          return ApiRequest.get(answer.path())
              .repo()
              .<UpstreamResult<ReadEvidence>>map(answered ->
                  new UpstreamResult.Value<>(
                      ReadEvidence.witnessed(
                          new Grant(answered, as.authority(), ReadScope.CONTENT), confirmed)))
              .orElseGet(() -> FailureClassifier.unexpected("it is about no repo"));
        });
  }

  /**
   * Returns the same caller, with a share of the memory budget that cold questions can't use up. It
   * is for the confirmation of a grant that there is. A question about a new token or a new repo
   * counts against its client.
   */
  public static Caller confirming(Caller as) {
    return new Caller(as.authority(), as.token(), CONFIRMING).withVia(as.via());
  }

  /** Whether a caller is one of {@link #confirming}. */
  static boolean isConfirming(Caller caller) {
    return caller.client().equals(CONFIRMING);
  }

  private UpstreamResult<RepoInfoAnswer> info(
      CallPurpose question, RepoId repo, Optional<Revision> revision, String query, Caller caller) {
    HubTarget target = new HubTarget.RepoInfo(repo, revision);
    EventOrder.Moment began = order.now();
    return api.call(question, ApiRequest.get(withQuery(target.format(), query)), caller)
        .flatMap(answer -> {
          if (answer.grantAge().isEmpty() && question.purpose().isToLearn()) {
            answer.said().body().close();
            return FailureClassifier.ofUnknownAge();
          }
          return RepoInfoReader.read(answer, repo, revision, caller, began);
        });
  }

  @Override
  public UpstreamResult<ApiAnswer> call(ApiRequest request, Caller caller) {
    return api.call(CallPurpose.PASSED_ON, request, caller).map(ApiClient.Answer::said);
  }

  /**
   * Asks an authoritative endpoint about a repo, as this caller. As {@link #call}, but a redirect
   * to another repo is not followed: the right to that was not checked.
   */
  public UpstreamResult<ApiAnswer> learn(RepoId repo, ApiRequest request, Caller as) {
    return api.call(CallPurpose.learn(repo), request.within(repo::equals), as)
        .map(ApiClient.Answer::said);
  }

  /**
   * Reads a page of a listing from an authoritative endpoint, as this caller, and passes its
   * entries on as they arrive. Xet fields are left out. When upstream fails, the receiver may have
   * got some entries of the page.
   *
   * @param repo that is listed
   * @param target path and query
   * @param to called by this thread, never after this method returned
   */
  public UpstreamResult<ListingPage> listing(
      RepoId repo, String target, Caller as, ListingPage.Receiver to) {
    return listings.read(repo, target, as, to);
  }

  @Override
  public NextPage nextPage(ApiAnswer answer, String target) {
    return answering(answer).nextPage(answer.header("link").flatMap(LinkHeader::next), target);
  }

  /** Its refusals say who may read a repo. */
  @Override
  public boolean decidesAccess() {
    return true;
  }

  private static String withQuery(String path, String query) {
    return query.isEmpty() ? path : path + "?" + query;
  }

  @Override
  public void close() {
    transport.close();
  }
}
