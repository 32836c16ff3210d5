package io.intrahub.upstream.hub;

import io.intrahub.access.AnonymousRead;
import io.intrahub.access.Caller;
import io.intrahub.access.EventOrder;
import io.intrahub.base.MemoryBudget;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.HubTarget;
import io.intrahub.hub.LinkHeader;
import io.intrahub.hub.RepoFacts;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.hub.json.MalformedJsonException;
import io.intrahub.hub.json.RepoInfoJson;
import io.intrahub.metrics.Meters;
import io.intrahub.policy.UpstreamState;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.FirstHop;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.net.HttpTransport;
import io.intrahub.upstream.net.RedirectGuard;
import io.intrahub.upstream.net.UpstreamSettings;
import java.time.Clock;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.stream.IntStream;
import javax.net.SocketFactory;
import okhttp3.HttpUrl;

/**
 * The Hub, as the rest of the house sees it: typed questions, typed outcomes, nothing thrown. All
 * methods block; callers run them on virtual threads and wait for as long as their client can.
 *
 * <p>Safe for use by many threads.
 */
public final class HubUpstream implements AutoCloseable {
  /** The owner in the memory budget of what {@link #confirm} answers. */
  public static final String CONFIRMING = "verdicts";

  private final UpstreamSettings settings;
  private final List<Endpoint> endpoints;
  private final HttpTransport transport;
  private final HubCalls hub;
  private final FirstHopResolver firstHops;
  private final DownloadLocations locations;
  private final ListingPageReader listings;
  private final EventOrder order;

  /**
   * Connects to nothing yet.
   *
   * @param timer for limits on waiting; it runs short tasks only
   * @param budget for what is buffered of answers
   * @param order the one that refusals are numbered by
   */
  public HubUpstream(
      UpstreamSettings settings,
      Clock clock,
      ScheduledExecutorService timer,
      MemoryBudget budget,
      EventOrder order,
      Meters meters) {
    this(settings, clock, timer, budget, order, meters, SocketFactory.getDefault());
  }

  /** As above, with the sockets of a test. */
  public HubUpstream(
      UpstreamSettings settings,
      Clock clock,
      ScheduledExecutorService timer,
      MemoryBudget budget,
      EventOrder order,
      Meters meters,
      SocketFactory sockets) {
    this.settings = settings;
    this.order = order;
    Set<String> hosts = new HashSet<>();
    this.endpoints =
        IntStream.range(0, settings.endpoints().size())
            .mapToObj(i -> {
              HttpUrl base = baseUrl(settings.endpoints().get(i).toString());
              hosts.add(base.host());
              return new Endpoint(base, i == 0, new CircuitBreaker(clock));
            })
            .toList();
    RedirectGuard guard = new RedirectGuard(hosts);
    this.transport = new HttpTransport(settings, timer, guard, sockets);
    RetryPolicy retries =
        new RetryPolicy(new Random(clock.millis()), settings.retryPause(), meters);
    AnswerReader answers = new AnswerReader(budget, settings.answerTimeout());
    this.hub =
        new HubCalls(transport, guard, endpoints, settings.offline(), retries, answers, meters);
    this.locations = new DownloadLocations(clock);
    this.firstHops = new FirstHopResolver(hub, locations, order);
    this.listings = new ListingPageReader(hub, this::nextPage, settings.answerTimeout());
  }

  private static HttpUrl baseUrl(String endpoint) {
    HttpUrl url = HttpUrl.get(endpoint);
    return url.encodedPath().endsWith("/") ? url : url.newBuilder().addPathSegment("").build();
  }

  /** Whether upstream can be asked now, as far as is known. */
  public UpstreamState state() {
    if (settings.offline()) {
      return UpstreamState.OFFLINE;
    }
    boolean noneAnswers =
        endpoints.stream().allMatch(e -> e.breaker().isOpen() || e.breaker().isSilent());
    return noneAnswers ? UpstreamState.DOWN : UpstreamState.REACHABLE;
  }

  /**
   * Why upstream is not asked, in the states {@link UpstreamState#DOWN} and {@link
   * UpstreamState#OFFLINE}.
   */
  public UpstreamFailure unavailableReason() {
    return settings.offline() ? HubCalls.OFFLINE : hub.unavailable();
  }

  /** That upstream limits the rate of requests, while a call waits for it because of that. */
  public Optional<UpstreamFailure> limit() {
    return hub.retries().limit();
  }

  /** The origin of the preferred endpoint, which absolute links in its answers begin with. */
  public String origin() {
    return endpoints.getFirst().origin();
  }

  /**
   * Whether the authoritative endpoint can't be asked: the operator switched it off, or no
   * connection to it came about lately. Another endpoint may be there all the same.
   */
  public boolean isUnavailable() {
    return settings.offline() || endpoints.getFirst().breaker().isOpen();
  }

  /** Whether other endpoints than the authoritative one may be asked. */
  public boolean hasFallback() {
    return endpoints.size() > 1;
  }

  /**
   * Asks upstream's own {@code resolve} about one file, on behalf of one client. Costs one call.
   * Any endpoint may answer a client without a token, so what it says is for that client only.
   */
  public FirstHop firstHop(RepoId repo, Revision revision, FilePath path, Caller caller) {
    return firstHops.ask(CallPurpose.PASSED_ON, repo, revision, path, caller);
  }

  /**
   * Asks the authoritative endpoint's {@code resolve} about one file, anonymously. Costs one call.
   * The address of the bytes is kept for {@link #source}.
   */
  public FirstHop learnFile(RepoId repo, Revision revision, FilePath path) {
    return firstHops.ask(CallPurpose.learn(repo), repo, revision, path, Caller.ANONYMOUS);
  }

  /**
   * Where the bytes of a file come from, read as this caller. Costs nothing until it is opened.
   *
   * @param repo under the id by which upstream knows it
   */
  public BlobSource source(
      RepoId repo, CommitHash commit, FilePath path, BlobId blob, Caller caller) {
    return new HubBlobSource(hub, firstHops, locations, repo, commit, path, blob, caller);
  }

  /**
   * Asks for repo info, on behalf of one client: {@link ApiAnswer.Info}, or a refusal or failure.
   * Any endpoint may answer a client without a token.
   *
   * @param revision empty: the default branch
   * @param query raw, without the question mark; empty for none
   */
  public ApiAnswer repoInfo(RepoId repo, Optional<Revision> revision, String query, Caller caller) {
    return info(CallPurpose.PASSED_ON, repo, revision, query, caller);
  }

  /**
   * Asks the authoritative endpoint for repo info, anonymously. Parameters as above.
   *
   * @param owner whose share of the memory budget the answer counts against; nothing else of the
   *     client that begins the question is known here
   */
  public ApiAnswer learnInfo(RepoId repo, Optional<Revision> revision, String query, String owner) {
    return info(CallPurpose.learn(repo), repo, revision, query, Caller.anonymous(owner));
  }

  /**
   * Asks the authoritative endpoint whether everybody may read a repo. As {@link #learnInfo}, but
   * it is asked even if it answers 5xx about many repos.
   *
   * @param revision one that a client can't choose freely
   */
  public ApiAnswer confirm(RepoId repo, Optional<Revision> revision) {
    // A share of the memory budget of its own: cold questions of clients must not use it up.
    return info(CallPurpose.confirm(repo), repo, revision, "", Caller.anonymous(CONFIRMING));
  }

  private ApiAnswer info(
      CallPurpose question, RepoId repo, Optional<Revision> revision, String query, Caller caller) {
    HubTarget target = new HubTarget.RepoInfo(repo, revision);
    EventOrder.Moment began = order.now();
    ApiAnswer answer = hub.api(question, ApiRequest.get(withQuery(target.format(), query)), caller);
    if (!(answer instanceof ApiAnswer.Ok ok)) {
      return answer;
    }
    ApiBody body = ok.body();
    boolean kept = false;
    try {
      RepoFacts facts =
          body.isWhole()
              ? RepoInfoJson.read(body.bytes())
              : RepoInfoJson.readBeginning(body.bytes());
      Optional<RepoId> known = RepoId.parse(repo.type(), facts.id());
      if (known.isEmpty()) {
        return unexpected("repo info of another repo");
      }
      Optional<CommitHash> commit = revision.flatMap(Revision::asCommit);
      if (commit.isPresent() && facts.commit().filter(c -> !c.equals(commit.get())).isPresent()) {
        return lasting(HubCalls.OTHER_COMMIT);
      }
      boolean proves = caller.isAnonymous() && facts.openToAll() && ok.isAuthoritative();
      kept = true;
      return new ApiAnswer.Info(
          known.get(),
          facts,
          body,
          proves ? Optional.of(AnonymousRead.witnessed(known.get(), began)) : Optional.empty());
    } catch (MalformedJsonException e) {
      return unexpected(e.reason());
    } finally {
      if (!kept) {
        body.close();
      }
    }
  }

  /**
   * Makes any other call of the API on behalf of one client. JSON is copied without Xet fields;
   * redirects within the endpoint are followed. The body of a success must be closed.
   */
  public ApiAnswer call(ApiRequest request, Caller caller) {
    return hub.api(CallPurpose.PASSED_ON, request, caller);
  }

  /**
   * Reads a page of a listing anonymously from the authoritative endpoint, and passes its entries
   * on as they arrive. Xet fields are left out.
   *
   * @param repo that is listed
   * @param target path and query
   * @param to called by this thread, never after this method returned
   */
  public ListingPage listing(RepoId repo, String target, ListingPage.Receiver to) {
    return listings.read(repo, target, to);
  }

  /** What an answer says of a page behind it. */
  public sealed interface NextPage {
    /** There is none. */
    record None() implements NextPage {}

    /**
     * There is one.
     *
     * @param target of the Hub: path and query
     */
    record At(String target) implements NextPage {}

    /** There is one, but not at the Hub: it is not followed, and what is there is not all. */
    record Elsewhere() implements NextPage {}
  }

  /**
   * The next page that the {@code Link} header of an answer names. It is asked for at the endpoints
   * and nowhere else: a server must not choose where calls go. A link to the same path under
   * another name is taken, because proxies that pass the Hub on often leave its own name in links.
   *
   * @param target path and query that the answer is for
   */
  public NextPage nextPage(ApiAnswer.Ok answer, String target) {
    return nextPage(answer.header("link").flatMap(LinkHeader::next), target);
  }

  private NextPage nextPage(Optional<String> link, String target) {
    if (link.isEmpty()) {
      return new NextPage.None();
    }
    Endpoint home = endpoints.getFirst();
    HttpUrl url = home.url(target).resolve(link.get());
    if (url == null) {
      return new NextPage.Elsewhere();
    }
    String path = home.hubPath(url);
    boolean samePath = path.equals(home.hubPath(home.url(target)));
    if (!home.owns(url) && !samePath) {
      return new NextPage.Elsewhere();
    }
    String query = url.encodedQuery();
    return new NextPage.At(withQuery(path, query == null ? "" : query));
  }

  private static String withQuery(String path, String query) {
    return query.isEmpty() ? path : path + "?" + query;
  }

  /** An answer of which another try will bring the same. */
  private static ApiAnswer lasting(String reason) {
    return new ApiAnswer.Failed(
        new UpstreamFailure(UpstreamFailure.Kind.UNEXPECTED_ANSWER, reason).asFinal());
  }

  private static ApiAnswer unexpected(String reason) {
    return new ApiAnswer.Failed(
        new UpstreamFailure(UpstreamFailure.Kind.UNEXPECTED_ANSWER, reason));
  }

  @Override
  public void close() {
    transport.close();
  }
}
