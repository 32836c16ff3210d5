package io.intrahub.upstream.hub;

import io.intrahub.access.Caller;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.HeaderNames;
import io.intrahub.hub.RepoId;
import io.intrahub.metrics.Meters;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.FirstHop;
import io.intrahub.upstream.UpstreamFailure;
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
 * The bytes of one file over plain HTTP. Its address comes from the first hop and is made anew when
 * it has expired. What flows must be what was announced: the right range of a content of the right
 * size, not encoded.
 */
final class HubBlobSource implements BlobSource {
  private static final int SHORT_COMMIT = 8;
  private static final Pattern CONTENT_RANGE =
      Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18})");

  private final HubCalls hub;
  private final FirstHopResolver firstHops;
  private final DownloadLocations locations;
  private final RepoId repo;
  private final CommitHash commit;
  private final FilePath path;
  private final BlobId blob;
  private final Caller caller;

  /** Where its bytes came from last. */
  private volatile Optional<Endpoint> used = Optional.empty();

  HubBlobSource(
      HubCalls hub,
      FirstHopResolver firstHops,
      DownloadLocations locations,
      RepoId repo,
      CommitHash commit,
      FilePath path,
      BlobId blob,
      Caller caller) {
    this.hub = hub;
    this.firstHops = firstHops;
    this.locations = locations;
    this.repo = repo;
    this.commit = commit;
    this.path = path;
    this.blob = blob;
    this.caller = caller;
  }

  @Override
  public Object sponsor() {
    return key();
  }

  @Override
  public boolean outlivesRequest() {
    return caller.isAnonymous();
  }

  @Override
  public String host() {
    return locations.get(key()).map(l -> l.url().host()).orElseGet(hub::primaryHost);
  }

  @Override
  public void reportWrongContent() {
    // Not what is known of the address now: others may have been sent elsewhere meanwhile.
    used.ifPresent(endpoint -> locations.markSuspect(key(), endpoint));
    hub.dropIdleConnections();
  }

  /** For the operator: no token and no signature, which would let others read. */
  @Override
  public String toString() {
    return host() + " " + repo + "@" + commit.hex().substring(0, SHORT_COMMIT) + "/" + path;
  }

  private DownloadLocations.Key key() {
    return new DownloadLocations.Key(repo, commit, path, blob, caller.authority());
  }

  @Override
  public Opening open(ByteRange.Span span) {
    Opening opening =
        hub.retries()
            .run(
                () -> openOnce(span),
                o -> o instanceof Failed f ? Optional.of(f.failure()) : Optional.empty());
    return opening instanceof Failed failed ? new Failed(failed.failure().asFinal()) : opening;
  }

  private Opening openOnce(ByteRange.Span span) {
    DownloadLocations.Key key = key();
    Optional<DownloadLocations.Location> known = locations.get(key);
    if (known.isPresent()) {
      Optional<Opening> opening = tryOpen(known.get(), span);
      if (opening.isPresent()) {
        return opening.get();
      }
      locations.drop(key);
    }
    Optional<Endpoint> last = locations.suspects(key);
    Opening opening = openAnew(span, last);
    if (last.isPresent() && opening instanceof Failed) {
      // Better from there than from nowhere: those that answered in its stead are of no use.
      locations.clearSuspect(key);
      return openAnew(span, Optional.empty());
    }
    return opening;
  }

  /** Asks for the address, one endpoint last if need be. */
  private Opening openAnew(ByteRange.Span span, Optional<Endpoint> last) {
    CallPurpose question = caller.isAnonymous() ? CallPurpose.fetch(repo) : CallPurpose.PASSED_ON;
    FirstHopResolver.Hop hop =
        firstHops.ask(question, repo, commit.asRevision(), path, caller, last);
    return switch (hop.said()) {
      case FirstHop.Refused refused -> new Refused(refused.refusal());
      // The first hop was tried several times already.
      case FirstHop.Failed failed -> new Failed(failed.failure().asFinal());
      case FirstHop.Found found when !found.blob().equals(blob) ->
          permanent("it announces different content for " + path + " of the same commit");
      case FirstHop.Found _ ->
          hop.location()
              .flatMap(location -> tryOpen(location, span))
              .orElseGet(() -> permanent("the address it just gave for " + path + " is refused"));
    };
  }

  /** Empty when the address is of no use any more and a new one should be asked for. */
  private Optional<Opening> tryOpen(DownloadLocations.Location location, ByteRange.Span span) {
    HttpUrl url = location.url();
    try {
      for (int hop = 0; hop <= HubCalls.MAX_HOPS; hop++) {
        Request.Builder request = new Request.Builder().url(url);
        if (span.offset() > 0 || span.end() < blob.size()) {
          request.header(HeaderNames.RANGE, "bytes=" + span.offset() + "-" + (span.end() - 1));
        }
        Response response = hub.send(location.endpoint(), request, caller);
        Optional<HttpUrl> next = hub.redirect(response);
        if (next.isEmpty()) {
          Optional<Opening> opening = judge(response, span);
          if (opening.isPresent() && opening.get() instanceof Opened) {
            used = Optional.of(location.endpoint());
          }
          return opening;
        }
        response.close();
        url = next.get();
      }
      return Optional.of(permanent("the address of " + path + " redirects in a loop"));
    } catch (IOException e) {
      return Optional.of(new Failed(HubCalls.broken(e)));
    }
  }

  /** Takes over the response: it stays open only inside an {@link Opened}. */
  private Optional<Opening> judge(Response response, ByteRange.Span span) throws IOException {
    boolean keep = false;
    try {
      int status = response.code();
      if (status == 401 || status == 403 || status == 404 || status == 410) {
        return Optional.empty();
      }
      Opening opening = opening(response, span);
      keep = opening instanceof Opened;
      return Optional.of(opening);
    } finally {
      if (!keep) {
        response.close();
      }
    }
  }

  private Opening opening(Response response, ByteRange.Span span) throws IOException {
    String encoding = response.header("Content-Encoding", "identity");
    if (!"identity".equals(encoding)) {
      return unexpected("it encodes the content of " + path + " although identity was requested");
    }
    long length = response.body().contentLength();
    long skip;
    long promised;
    if (response.code() == 206) {
      Matcher range = CONTENT_RANGE.matcher(String.valueOf(response.header("Content-Range")));
      if (!range.matches()
          || Long.parseLong(range.group(1)) != span.offset()
          || Long.parseLong(range.group(2)) != span.end() - 1
          || Long.parseLong(range.group(3)) != blob.size()) {
        return unexpected("it sends another range of " + path + " than was requested");
      }
      skip = 0;
      promised = span.length();
    } else if (response.code() == 200) {
      skip = span.offset();
      promised = blob.size();
    } else {
      return new Failed(HubCalls.failureOf(response));
    }
    if (length >= 0 && length != promised && HubCalls.isPage(response)) {
      return unexpected(HubCalls.PAGE);
    }
    if (length >= 0 && length != promised) {
      return unexpected(
          "it sends " + length + " bytes of " + path + " where " + promised + " were announced");
    }
    boolean ranged = response.code() == 206 || span.length() == blob.size();
    return new Opened(new HttpStream(response, skip, span.length(), hub.meters()), ranged);
  }

  /** A failure of which another try will bring the same. */
  private static Failed permanent(String reason) {
    return new Failed(
        new UpstreamFailure(UpstreamFailure.Kind.UNEXPECTED_ANSWER, reason).asFinal());
  }

  private static Failed unexpected(String reason) {
    return new Failed(new UpstreamFailure(UpstreamFailure.Kind.UNEXPECTED_ANSWER, reason));
  }

  /** Exactly the asked number of bytes, or an exception. */
  private static final class HttpStream implements Stream {
    private static final long STRIDE = 1 << 20;

    private final Response response;
    private final Meters meters;

    /** Bytes that come before those that were asked for. */
    private long skip;

    private long left;

    HttpStream(Response response, long skip, long length, Meters meters) {
      this.response = response;
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
        meters.fetched(some);
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
      meters.fetched(read);
      return read;
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
