package io.intrahub.upstream.hub;

import io.intrahub.access.Caller;
import io.intrahub.hub.ByteRange;
import io.intrahub.hub.HeaderNames;
import io.intrahub.metrics.Meters;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import io.intrahub.upstream.net.HttpTransport;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.Response;

/**
 * The bytes of one file over plain HTTP. Its address comes from the first hop; the Hub is asked for
 * another when it has expired or its host can't be reached. What flows must be what was announced:
 * the right range of a content of the right size, not encoded.
 */
final class HubBlobSource implements BlobSource {
  private static final int SHORT_COMMIT = 8;

  /** Bytes that count as progress: a connection that brings fewer has brought next to nothing. */
  private static final int PROGRESS = 64 * 1024;

  private static final Pattern CONTENT_RANGE =
      Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18})");

  private final Parts parts;
  private final DownloadLocations.Key file;
  private final Caller caller;

  /** Shared by all openings, so that those who open again and again do not multiply attempts. */
  private final RetryBudget budget = new RetryBudget();

  /** Where its bytes came from last. */
  private volatile Optional<Endpoint> used = Optional.empty();

  /**
   * What all sources share.
   *
   * @param preferredHost of the endpoint that is asked first
   */
  record Parts(
      EndpointClient client,
      FirstHopResolver firstHops,
      DownloadLocations locations,
      RateLimits limits,
      RetryPolicy retries,
      Meters meters,
      String preferredHost) {}

  /**
   * Asks for nothing yet.
   *
   * @param file with the authority of {@code caller}
   */
  HubBlobSource(Parts parts, DownloadLocations.Key file, Caller caller) {
    this.parts = parts;
    this.file = file;
    this.caller = caller;
  }

  @Override
  public Object sponsor() {
    return file;
  }

  @Override
  public boolean outlivesRequest() {
    return caller.isAnonymous();
  }

  @Override
  public String host() {
    return parts.locations().get(file).map(l -> l.url().host()).orElse(parts.preferredHost());
  }

  @Override
  public void reportWrongContent() {
    // Not what is known of the address now: others may have been sent elsewhere meanwhile.
    used.ifPresent(endpoint -> parts.locations().markSuspect(file, endpoint));
    parts.client().dropIdleConnections();
  }

  /** For the operator: no token and no signature, which would let others read. */
  @Override
  public String toString() {
    String commit = file.commit().hex().substring(0, SHORT_COMMIT);
    return host() + " " + file.repo() + "@" + commit + "/" + file.path();
  }

  @Override
  public UpstreamResult<Opened> open(ByteRange.Span span) {
    return open(parts.retries().begin(budget), span).mapFailure(UpstreamFailure::asFinal);
  }

  @Override
  public UpstreamResult<Opened> openUnlessLimited(ByteRange.Span span) {
    if (caller.isAnonymous()) {
      // Such a limit is the mirror's: another source would meet the same.
      return open(span);
    }
    return open(parts.retries().begin(budget).withoutWaitingForLimits(), span)
        .mapFailure(f -> RetryPolicy.isShortLimit(f) ? f.asTransient() : f.asFinal());
  }

  private UpstreamResult<Opened> open(RetryPolicy.Operation operation, ByteRange.Span span) {
    return parts
        .retries()
        .run(operation, () -> openOnce(operation, span), UpstreamResult::asFailure);
  }

  private UpstreamResult<Opened> openOnce(RetryPolicy.Operation operation, ByteRange.Span span) {
    Optional<DownloadLocations.Location> known = parts.locations().get(file);
    if (known.isPresent()) {
      Attempt attempt = tryOpen(known.get(), span);
      if (attempt.isAddressUsable()) {
        return attempt.result();
      }
    }
    Optional<Endpoint> last = parts.locations().suspects(file);
    UpstreamResult<Opened> opening = openAnew(operation, span, last);
    if (last.isPresent() && opening.asFailure().isPresent()) {
      // Better from there than from nowhere: those that answered in its stead are of no use.
      parts.locations().clearSuspect(file);
      return openAnew(operation, span, Optional.empty());
    }
    return opening;
  }

  /** Asks for the address, one endpoint last if need be. */
  private UpstreamResult<Opened> openAnew(
      RetryPolicy.Operation operation, ByteRange.Span span, Optional<Endpoint> last) {
    CallPurpose question =
        caller.isAnonymous() ? CallPurpose.fetch(file.repo()) : CallPurpose.PASSED_ON;
    return parts
        .firstHops()
        .ask(operation, question, file, caller, last)
        .flatMap(hop -> openAt(hop, span));
  }

  private UpstreamResult<Opened> openAt(FirstHopResolver.Hop hop, ByteRange.Span span) {
    if (!hop.said().blob().equals(file.blob())) {
      return FailureClassifier.permanent(
          "it announces different content for " + file.path() + " of the same commit");
    }
    return tryOpen(hop.location(), span).result();
  }

  /**
   * What came of one address.
   *
   * @param isAddressUsable whether it may be tried again; otherwise the Hub is asked for another
   */
  private record Attempt(UpstreamResult<Opened> result, boolean isAddressUsable) {}

  /** Tries an address, and forgets it if it turns out to be unusable. */
  private Attempt tryOpen(DownloadLocations.Location location, ByteRange.Span span) {
    Endpoint endpoint = location.endpoint();
    // Small files come from the endpoint itself, where reading them counts like resolving them.
    boolean isCounted = endpoint.owns(location.url());
    Optional<UpstreamFailure> limit =
        isCounted
            ? parts.limits().find(endpoint, caller, RateLimits.Quota.RESOLVERS)
            : Optional.empty();
    if (limit.isPresent()) {
      return new Attempt(new UpstreamResult.Failed<>(limit.get()), true);
    }
    Attempt attempt = tryOnce(location, span);
    Optional<UpstreamFailure> failure = isCounted ? attempt.result().asFailure() : Optional.empty();
    failure.ifPresent(f ->
        parts
            .limits()
            .failed(endpoint, caller, RateLimits.Quota.RESOLVERS, CallPurpose.Purpose.FETCH, f));
    boolean isStrange =
        attempt
            .result()
            .asFailure()
            .filter(f -> f.kind() == UpstreamFailure.Kind.UNEXPECTED_ANSWER)
            .isPresent();
    // A portal's login page, for example, must not be asked for again when the portal has gone.
    if (isStrange || !attempt.isAddressUsable()) {
      parts.locations().drop(file);
    }
    return attempt;
  }

  private Attempt tryOnce(DownloadLocations.Location location, ByteRange.Span span) {
    HttpUrl url = location.url();
    try {
      for (int hop = 0; hop <= EndpointClient.MAX_HOPS; hop++) {
        Request.Builder request = new Request.Builder().url(url);
        if (span.offset() > 0 || span.end() < file.blob().size()) {
          request.header(HeaderNames.RANGE, "bytes=" + span.offset() + "-" + (span.end() - 1));
        }
        Response response = parts.client().send(location.endpoint(), request, caller);
        Optional<HttpUrl> next = parts.client().redirect(response);
        if (next.isEmpty()) {
          Attempt attempt = judge(response, span);
          if (attempt.result() instanceof UpstreamResult.Value) {
            used = Optional.of(location.endpoint());
          }
          return attempt;
        }
        response.close();
        url = next.get();
      }
      return new Attempt(
          FailureClassifier.permanent("the address of " + file.path() + " redirects in a loop"),
          true);
    } catch (IOException e) {
      Optional<UpstreamFailure> noConnection = FailureClassifier.ofContentHost(url.host(), e);
      return new Attempt(
          new UpstreamResult.Failed<>(noConnection.orElseGet(() -> FailureClassifier.of(e))),
          noConnection.isEmpty());
    }
  }

  /** Takes over the response: it stays open only inside an {@link Opened}. */
  private Attempt judge(Response response, ByteRange.Span span) throws IOException {
    boolean keep = false;
    try {
      int status = response.code();
      if (status == 401 || status == 403 || status == 404 || status == 410) {
        return new Attempt(
            FailureClassifier.permanent(
                "the address it just gave for " + file.path() + " is refused"),
            false);
      }
      UpstreamResult<Opened> opening = opening(response, span);
      keep = opening instanceof UpstreamResult.Value;
      return new Attempt(opening, true);
    } finally {
      if (!keep) {
        response.close();
      }
    }
  }

  private UpstreamResult<Opened> opening(Response response, ByteRange.Span span)
      throws IOException {
    String encoding = response.header("Content-Encoding", "identity");
    if (!"identity".equals(encoding)) {
      return FailureClassifier.unexpected(
          "it encodes the content of " + file.path() + " although identity was requested");
    }
    long length = response.body().contentLength();
    long skip;
    long promised;
    if (response.code() == 206) {
      Matcher range = CONTENT_RANGE.matcher(String.valueOf(response.header("Content-Range")));
      if (!range.matches()
          || Long.parseLong(range.group(1)) != span.offset()
          || Long.parseLong(range.group(2)) != span.end() - 1
          || Long.parseLong(range.group(3)) != file.blob().size()) {
        return FailureClassifier.unexpected(
            "it sends another range of " + file.path() + " than was requested");
      }
      skip = 0;
      promised = span.length();
    } else if (response.code() == 200) {
      skip = span.offset();
      promised = file.blob().size();
    } else {
      return new UpstreamResult.Failed<>(FailureClassifier.of(response));
    }
    if (length >= 0 && length != promised && FailureClassifier.isPage(response)) {
      return FailureClassifier.unexpected(FailureClassifier.PAGE);
    }
    if (length >= 0 && length != promised) {
      return FailureClassifier.unexpected(
          "it sends "
              + length
              + " bytes of "
              + file.path()
              + " where "
              + promised
              + " were announced");
    }
    boolean ranged = response.code() == 206 || span.length() == file.blob().size();
    return new UpstreamResult.Value<>(
        new Opened(new HttpStream(response, skip, span.length(), parts.meters(), budget), ranged));
  }

  /** Exactly the asked number of bytes, or an exception. */
  private static final class HttpStream implements Stream {
    private static final long STRIDE = 1 << 20;

    private final Response response;
    private final Meters meters;
    private final RetryBudget budget;

    /** Bytes that come before those that were asked for. */
    private long skip;

    private long left;

    /** Bytes that arrived since the budget was refilled. */
    private long progress;

    HttpStream(Response response, long skip, long length, Meters meters, RetryBudget budget) {
      this.response = response;
      this.budget = budget;
      this.skip = skip;
      this.left = length;
      this.meters = meters;
    }

    /**
     * Not done when it is opened: who hears that upstream sends no ranges may not want to wait for
     * gigabytes, and must be able to break them off.
     */
    private void skip() throws IOException {
      while (skip > 0) {
        long some = Math.min(skip, STRIDE);
        response.body().source().skip(some);
        skip -= some;
        arrived(some);
      }
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
      if (left == 0) {
        return -1;
      }
      skip();
      int limit = into.limit();
      if (into.remaining() > left) {
        into.limit(into.position() + (int) left);
      }
      int read;
      try {
        read = response.body().source().read(into);
      } finally {
        into.limit(limit);
      }
      if (read < 0) {
        throw new EOFException("upstream ended " + left + " bytes too early");
      }
      left -= read;
      arrived(read);
      return read;
    }

    private void arrived(long bytes) {
      meters.fetched(bytes);
      progress += bytes;
      if (progress >= PROGRESS || left == 0) {
        progress = 0;
        budget.refill();
      }
    }

    @Override
    public void await() throws IOException {
      if (left > 0) {
        skip();
        var _ = response.body().source().request(1);
      }
    }

    @Override
    public void abort() {
      HttpTransport.CallHandle.abort(response);
    }

    @Override
    public void close() {
      response.close();
    }
  }
}
