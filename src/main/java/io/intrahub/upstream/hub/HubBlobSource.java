package io.intrahub.upstream.hub;

import io.intrahub.access.Caller;
import io.intrahub.hub.ByteRange;
import io.intrahub.hub.Digest;
import io.intrahub.hub.HeaderNames;
import io.intrahub.metrics.Meters;
import io.intrahub.policy.CallPriority;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.CommitFiles;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
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

  private final Parts parts;
  private final DownloadLocations.Key file;
  private final Caller caller;
  private final CommitFiles files;

  /** Shared by all openings, so that those who open again and again do not multiply attempts. */
  private final RetryBudget budget = new RetryBudget();

  /** Where its bytes came from last. */
  private volatile Optional<Endpoint> used = Optional.empty();

  /** Whether they came last from an address that no first hop told. */
  private volatile boolean isUsedShared;

  /**
   * What all sources share.
   *
   * @param preferredHost of the endpoint that is asked first
   */
  record Parts(
      EndpointClient client,
      FirstHopResolver firstHops,
      DownloadLocations locations,
      SharedAddresses shared,
      EndpointSelector selector,
      LastAnswers lastAnswers,
      RateLimits limits,
      RetryPolicy retries,
      Meters meters,
      String preferredHost) {}

  /**
   * Asks for nothing yet.
   *
   * @param file with the authority of {@code caller}
   * @param files names others of the commit whose addresses are asked for with this one's
   */
  HubBlobSource(Parts parts, DownloadLocations.Key file, Caller caller, CommitFiles files) {
    this.parts = parts;
    this.file = file;
    this.caller = caller;
    this.files = files;
  }

  @Override
  public Object sponsor() {
    // One that claims to have come through the endpoint is refused where others are not.
    return caller.via().isEmpty() ? file : List.of(file, caller.via());
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
    used.ifPresent(endpoint -> {
      parts.locations().markSuspect(file, endpoint);
      if (isUsedShared) {
        parts.shared().wrong(file, endpoint);
      }
    });
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
    Optional<Unreachable> failed = Optional.empty();
    if (known.isPresent()) {
      AddressAttempt attempt = tryOpen(known.get(), span);
      if (attempt.address() == AddressAttempt.Address.USABLE) {
        return attempt.result();
      }
      if (attempt.address() == AddressAttempt.Address.UNREACHABLE && !attempt.isOfEndpoint()) {
        failed = Optional.of(new Unreachable(known.get().url(), attempt.result()));
      }
    }
    Optional<Endpoint> last = parts.locations().suspects(file);
    UpstreamResult<Opened> opening =
        known.isPresent() || last.isPresent()
            ? openAnew(operation, span, last, failed)
            : openShared(operation, span);
    if (last.isPresent() && opening.asFailure().isPresent()) {
      // Better from there than from nowhere: those that answered in its stead are of no use.
      parts.locations().clearSuspect(file);
      return openAnew(operation, span, Optional.empty(), failed);
    }
    return opening;
  }

  /**
   * An address that could not be connected to. Another address at the same host is not tried after
   * it: where packets are dropped, each attempt takes as long as {@code upstream.connect-timeout},
   * and clients have no time for two.
   */
  private record Unreachable(HttpUrl url, UpstreamResult<Opened> result) {
    boolean isHostOf(DownloadLocations.Location other) {
      return url.host().equals(other.url().host()) && url.port() == other.url().port();
    }
  }

  /** Opens an address that costs no first hop, if there is one. */
  private UpstreamResult<Opened> openShared(RetryPolicy.Operation operation, ByteRange.Span span) {
    Optional<DownloadLocations.Location> rejected = Optional.empty();
    Optional<Endpoint> last = Optional.empty();
    UpstreamResult<FirstHopResolver.Hop> hop;
    try (Turns.Turn turn = parts.shared().begin(file, caller)) {
      Optional<DownloadLocations.Location> shared = parts.shared().find(file, caller, files);
      if (shared.isPresent()) {
        AddressAttempt attempt = tryOpen(shared.get(), span);
        Optional<UpstreamFailure> failure = attempt.result().asFailure();
        boolean isTried = attempt.address() != AddressAttempt.Address.NOT_TRIED;
        if (isTried && failure.filter(HubBlobSource::isAboutAddress).isPresent()) {
          parts.shared().drop(file);
        }
        if (attempt.result() instanceof UpstreamResult.Value) {
          isUsedShared = true;
          parts.shared().opened(file);
        }
        if (failure.isEmpty() || (isTried && isSameElsewhere(failure.get()))) {
          return attempt.result();
        }
        if (failure.get().kind() == UpstreamFailure.Kind.TIMED_OUT) {
          last = Optional.of(shared.get().endpoint());
        }
        if (isStrange(failure.get())) {
          rejected = shared;
        }
        if (isStrange(failure.get()) || attempt.isUseless()) {
          parts.shared().unusable(file);
        }
      }
      hop = ask(operation, last, turn::close);
    }
    UpstreamResult<Opened> opening = hop.flatMap(found -> openAt(found, span));
    if (opening instanceof UpstreamResult.Value
        && hop instanceof UpstreamResult.Value(FirstHopResolver.Hop found)
        && rejected.filter(r -> isOtherOfSame(r, found.location())).isPresent()) {
      parts.shared().rejected(file);
    }
    return opening;
  }

  private static boolean isOtherOfSame(
      DownloadLocations.Location one, DownloadLocations.Location other) {
    return one.endpoint().equals(other.endpoint()) && !one.url().equals(other.url());
  }

  /**
   * Whether another address would not help now: a limit that is worth waiting for, or a wait after
   * which no client has time for another one unless another endpoint gives it.
   */
  private boolean isSameElsewhere(UpstreamFailure failure) {
    return switch (failure.kind()) {
      case TIMED_OUT -> !caller.isAnonymous() || !parts.selector().hasSeveral();
      case BUSY, OFFLINE -> true;
      default -> RetryPolicy.isShortLimit(failure);
    };
  }

  /** Whether an address may have failed, and not the mirror, or a limit of the rate of calls. */
  private static boolean isAboutAddress(UpstreamFailure failure) {
    return switch (failure.kind()) {
      case BUSY, OFFLINE, RATE_LIMITED -> false;
      default -> true;
    };
  }

  /** Asks for the address, one endpoint last if need be. */
  private UpstreamResult<Opened> openAnew(
      RetryPolicy.Operation operation,
      ByteRange.Span span,
      Optional<Endpoint> last,
      Optional<Unreachable> failed) {
    return ask(operation, last, () -> {})
        .flatMap(hop ->
            failed
                .filter(before -> before.isHostOf(hop.location()))
                .map(Unreachable::result)
                .orElseGet(() -> openAt(hop, span)));
  }

  private UpstreamResult<FirstHopResolver.Hop> ask(
      RetryPolicy.Operation operation, Optional<Endpoint> last, Runnable tried) {
    CallPurpose question = CallPurpose.fetch(file.repo(), caller);
    return parts.firstHops().ask(operation, question, file, caller, last, tried);
  }

  private UpstreamResult<Opened> openAt(FirstHopResolver.Hop hop, ByteRange.Span span) {
    if (!hop.said().blob().equals(file.blob())) {
      return FailureClassifier.permanent(
          "it announces different content for " + file.path() + " of the same commit");
    }
    return tryOpen(hop.location(), span).result();
  }

  /** Tries an address, and forgets it if it turns out to be unusable. */
  private AddressAttempt tryOpen(DownloadLocations.Location location, ByteRange.Span span) {
    Endpoint endpoint = location.endpoint();
    // Small files come from the endpoint itself, where reading them counts like resolving them.
    boolean isCounted = endpoint.owns(location.url());
    Optional<UpstreamFailure> limit =
        isCounted
            ? parts.limits().find(endpoint, caller, RateLimits.Quota.RESOLVERS, CallPriority.CLIENT)
            : Optional.empty();
    if (limit.isPresent()) {
      return new AddressAttempt(
          new UpstreamResult.Failed<>(limit.get()), AddressAttempt.Address.USABLE);
    }
    AddressAttempt attempt = tryCounted(location, span);
    Optional<UpstreamFailure> failure = isCounted ? attempt.result().asFailure() : Optional.empty();
    failure.ifPresent(f ->
        parts
            .limits()
            .failed(endpoint, caller, RateLimits.Quota.RESOLVERS, CallPurpose.Purpose.FETCH, f));
    boolean isStrange = attempt.result().asFailure().filter(HubBlobSource::isStrange).isPresent();
    // A portal's login page, for example, must not be asked for again when the portal has gone.
    if (isStrange || attempt.isUseless()) {
      parts.locations().drop(file);
    }
    return attempt;
  }

  /** Tells the circuit breaker what came of reading a small file at the endpoint itself. */
  private AddressAttempt tryCounted(DownloadLocations.Location location, ByteRange.Span span) {
    Endpoint endpoint = location.endpoint();
    // An endpoint that is a mirror itself may have to fetch a large file before it answers.
    boolean isQuick = file.blob().digest() instanceof Digest.GitSha1;
    return isQuick && endpoint.owns(location.url())
        ? parts
            .selector()
            .attempt(
                endpoint,
                CallPurpose.fetch(file.repo(), caller),
                () -> tryOnce(location, span),
                AddressAttempt::failureOfEndpoint)
            .orElseGet(() ->
                new AddressAttempt(
                    new UpstreamResult.Failed<>(parts.selector().unavailable()),
                    AddressAttempt.Address.NOT_TRIED))
        : tryOnce(location, span);
  }

  private static boolean isStrange(UpstreamFailure failure) {
    return failure.kind() == UpstreamFailure.Kind.UNEXPECTED_ANSWER;
  }

  private AddressAttempt tryOnce(DownloadLocations.Location location, ByteRange.Span span) {
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
          AddressAttempt attempt = judge(response, location.endpoint(), span);
          if (attempt.result() instanceof UpstreamResult.Value) {
            used = Optional.of(location.endpoint());
            isUsedShared = false;
          }
          return attempt;
        }
        response.close();
        url = next.get();
      }
      return new AddressAttempt(
          FailureClassifier.permanent("the address of " + file.path() + " redirects in a loop"),
          AddressAttempt.Address.USABLE);
    } catch (IOException e) {
      boolean isOfEndpoint = location.endpoint().owns(url);
      UpstreamFailure failure =
          isOfEndpoint
              ? FailureClassifier.of(e)
              : FailureClassifier.ofContentHost(url.host(), e)
                  .map(parts.lastAnswers()::addToFileServer)
                  .orElseGet(() -> FailureClassifier.of(e));
      // Nor does a client that left say anything about the address.
      boolean isConnected =
          failure.kind() != UpstreamFailure.Kind.UNREACHABLE
              || Thread.currentThread().isInterrupted();
      AddressAttempt.Address unreachable =
          url.equals(location.url())
              ? AddressAttempt.Address.UNREACHABLE
              : AddressAttempt.Address.DEAD_END;
      return new AddressAttempt(
          new UpstreamResult.Failed<>(failure),
          isConnected ? AddressAttempt.Address.USABLE : unreachable,
          isOfEndpoint);
    }
  }

  /** Takes over the response: it stays open only inside an {@link Opened}. */
  private AddressAttempt judge(Response response, Endpoint endpoint, ByteRange.Span span)
      throws IOException {
    boolean keep = false;
    try {
      int status = response.code();
      if (status == 401 || status == 403 || status == 404 || status == 410) {
        return new AddressAttempt(
            FailureClassifier.permanent(
                "the address it just gave for " + file.path() + " is refused"),
            AddressAttempt.Address.REJECTED);
      }
      UpstreamResult<Opened> opening =
          new ContentAnswers(file, parts.meters(), budget).open(response, span);
      keep = opening instanceof UpstreamResult.Value;
      return new AddressAttempt(
          opening, AddressAttempt.Address.USABLE, endpoint.owns(response.request().url()));
    } finally {
      if (!keep) {
        response.close();
      }
    }
  }
}
