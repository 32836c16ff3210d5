package io.intrahub.upstream.hub;

import io.intrahub.access.Caller;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.HeaderNames;
import io.intrahub.hub.HubTarget;
import io.intrahub.hub.HubTargetParser;
import io.intrahub.hub.LinkHeader;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.json.EntryJson;
import io.intrahub.hub.json.MalformedJsonException;
import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Optional;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.Response;
import okio.BufferedSource;

/**
 * Reads pages of listings entry by entry: a page is never in memory as a whole. Safe for use by
 * many threads.
 */
final class ListingPageReader {
  private final EndpointSelector endpoints;
  private final EndpointClient client;

  /** A whole page comes within this time, from its first byte. */
  private final Duration limit;

  ListingPageReader(EndpointSelector endpoints, EndpointClient client, Duration limit) {
    this.endpoints = endpoints;
    this.client = client;
    this.limit = limit;
  }

  /** See {@link HubUpstream#listing}. */
  UpstreamResult<ListingPage> read(
      RepoId repo, String target, Caller caller, ListingPage.Receiver to) {
    return endpoints.visit(
        CallPurpose.learn(repo),
        RateLimits.Quota.API,
        caller,
        endpoint -> visit(endpoint, target, commitOf(target), caller, to));
  }

  /** The commit that a listing is of; empty when the target does not name one. */
  private static Optional<CommitHash> commitOf(String target) {
    int query = target.indexOf('?');
    String path = query < 0 ? target : target.substring(0, query);
    return HubTargetParser.parse(path) instanceof HubTargetParser.Target found
            && found.target() instanceof HubTarget.Tree tree
        ? tree.revision().asCommit()
        : Optional.empty();
  }

  private UpstreamResult<ListingPage> visit(
      Endpoint endpoint,
      String target,
      Optional<CommitHash> commit,
      Caller caller,
      ListingPage.Receiver to)
      throws IOException {
    HttpUrl url = endpoint.url(target);
    for (int hop = 0; hop <= EndpointClient.MAX_HOPS; hop++) {
      try (Response response = client.send(endpoint, new Request.Builder().url(url), caller)) {
        Optional<HttpUrl> elsewhere = client.redirect(response).filter(endpoint::owns);
        if (elsewhere.isEmpty()) {
          return sort(endpoint, response, target, commit, caller, to);
        }
        url = elsewhere.get();
        if (commit.isPresent() && !commitOf(endpoint.hubPath(url)).equals(commit)) {
          return FailureClassifier.permanent(FailureClassifier.OTHER_COMMIT);
        }
      }
    }
    return FailureClassifier.permanent(FailureClassifier.CIRCLE);
  }

  private UpstreamResult<ListingPage> sort(
      Endpoint endpoint,
      Response response,
      String target,
      Optional<CommitHash> commit,
      Caller caller,
      ListingPage.Receiver to)
      throws IOException {
    if (!response.isSuccessful()) {
      Optional<HubRefusal> refusal = RefusalParser.read(response, caller.isAnonymous());
      if (refusal.isPresent()) {
        return new UpstreamResult.Refused<>(refusal.get());
      }
      return new UpstreamResult.Failed<>(FailureClassifier.of(response));
    }
    if (FailureClassifier.isPage(response)) {
      return FailureClassifier.unexpected(FailureClassifier.PAGE);
    }
    String named = response.header(HeaderNames.X_REPO_COMMIT);
    if (commit.isPresent() && named != null && !CommitHash.parse(named).equals(commit)) {
      return FailureClassifier.permanent(FailureClassifier.OTHER_COMMIT);
    }
    ApiUpstream.NextPage behind =
        endpoint.nextPage(
            Optional.ofNullable(response.header(HeaderNames.LINK)).flatMap(LinkHeader::next),
            target);
    if (commit.isPresent()
        && behind instanceof ApiUpstream.NextPage.At(var page)
        && !commitOf(page).equals(commit)) {
      return FailureClassifier.permanent("its next page belongs to another commit");
    }
    return entries(response, behind, to);
  }

  private UpstreamResult<ListingPage> entries(
      Response response, ApiUpstream.NextPage behind, ListingPage.Receiver to) throws IOException {
    Body body = new Body(response.body().source(), limit);
    try {
      Taking taking = new Taking(to);
      taking.begin();
      int entries = EntryJson.read(body, taking);
      return new UpstreamResult.Value<>(new ListingPage.Whole(entries, behind));
    } catch (NotTakenException e) {
      // Not upstream's fault: it must neither be asked again nor count as down.
      return new UpstreamResult.Value<>(new ListingPage.NotTaken(e.failure()));
    } catch (MalformedJsonException e) {
      if (e.isOtherShape()) {
        // Upstream is well, and would send the same again. Clients may know more than the mirror.
        IOException unknown = new IOException("its shape is unknown: " + e.reason(), e);
        return new UpstreamResult.Value<>(new ListingPage.NotTaken(unknown));
      }
      return FailureClassifier.unexpected(e.reason());
    } catch (IOException e) {
      if (body.isLate()) {
        return new UpstreamResult.Failed<>(
            new UpstreamFailure(
                UpstreamFailure.Kind.TIMED_OUT,
                "no complete page of a listing within " + limit.toSeconds() + " s",
                false,
                Optional.empty()));
      }
      throw e;
    }
  }

  /** The receiver failed, and not the source. */
  private static final class NotTakenException extends IOException {
    private static final long serialVersionUID = 1L;

    private final IOException failure;

    NotTakenException(IOException failure) {
      super(failure);
      this.failure = failure;
    }

    IOException failure() {
      return failure;
    }
  }

  /** Tells failures of the receiver from those of the source. */
  private record Taking(ListingPage.Receiver to) implements ListingPage.Receiver {
    @Override
    public void begin() throws IOException {
      try {
        to.begin();
      } catch (IOException e) {
        throw new NotTakenException(e);
      }
    }

    @Override
    public void take(EntryJson.Sent entry) throws IOException {
      try {
        to.take(entry);
      } catch (IOException e) {
        throw new NotTakenException(e);
      }
    }
  }

  /**
   * A body that has to be there in time as a whole: the limit between bytes alone lets a page
   * trickle for ever. For one thread.
   */
  private static final class Body extends InputStream {
    private final BufferedSource source;
    private final long end;

    Body(BufferedSource source, Duration limit) {
      this.source = source;
      this.end = System.nanoTime() + limit.toNanos();
      source.timeout().deadlineNanoTime(end);
    }

    boolean isLate() {
      return System.nanoTime() - end >= 0;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int count) throws IOException {
      return source.read(into, offset, count);
    }
  }
}
