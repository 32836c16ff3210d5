package io.intrahub.upstream.hub;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import io.intrahub.access.Authority;
import io.intrahub.access.Caller;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.json.LfsBatchJson;
import io.intrahub.hub.json.MalformedJsonException;
import io.intrahub.upstream.CommitFiles;
import io.intrahub.upstream.UpstreamFailure;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.stream.Stream;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okio.BufferedSource;

/**
 * Asks for the addresses of many LFS files of a commit with one call, the batch call of Git LFS,
 * where each of them would need a first hop otherwise. Only the preferred endpoint is asked.
 *
 * <p>The answer gives addresses and nothing else: it proves no right to read, refuses nobody and
 * says nothing about the health of the endpoint. Whatever goes wrong, the first hop of the file
 * tells what is the matter, so there is one attempt, and no further one for a while.
 *
 * <p>Safe for use by many threads.
 */
final class LfsAddresses {
  /** Objects of one call, as many as git-lfs asks for. */
  private static final int MAX_OBJECTS = 100;

  /**
   * Files for which the call is worth it. The Hub has a small quota for calls that are neither of
   * its API nor {@code resolve}, so that a call must save several others.
   */
  private static final int MIN_OBJECTS = 4;

  /** Bytes of an answer. */
  private static final long MAX_ANSWER = 512 * 1024;

  /** Calls at the same time, which bounds the memory for their answers; others make first hops. */
  private static final int MAX_AT_ONCE = 4;

  /** For the whole call: clients wait for it, and for a first hop if it fails. */
  private static final Duration PATIENCE = Duration.ofSeconds(4);

  private static final MediaType TYPE = MediaType.get(LfsBatchJson.TYPE);

  private static final Duration USELESS = Duration.ofMinutes(10);
  private static final int MAX_USELESS = 10_000;

  /** Seconds; an address that claims to live longer is believed this long. */
  private static final long MAX_LIFE = 86_400;

  private final EndpointClient client;
  private final Endpoint endpoint;
  private final DownloadLocations locations;
  private final RateLimits limits;
  private final boolean offline;
  private final Turns<Key> turns = new Turns<>(PATIENCE);
  private final Semaphore permits = new Semaphore(MAX_AT_ONCE);

  /** Endpoints, and commits as an authority reads them, for which the call was in vain lately. */
  private final Cache<Object, Boolean> useless;

  private record Key(RepoId repo, CommitHash commit, Authority authority) {
    static Key of(DownloadLocations.Key file) {
      return new Key(file.repo(), file.commit(), file.authority());
    }
  }

  /**
   * Asks for nothing yet.
   *
   * @param endpoint the preferred one
   * @param offline no endpoint is ever asked
   */
  LfsAddresses(
      EndpointClient client,
      Endpoint endpoint,
      DownloadLocations locations,
      RateLimits limits,
      boolean offline,
      Ticker ticker) {
    this.client = client;
    this.endpoint = endpoint;
    this.locations = locations;
    this.limits = limits;
    this.offline = offline;
    this.useless =
        Caffeine.newBuilder()
            .ticker(ticker)
            .maximumSize(MAX_USELESS)
            .expireAfterWrite(USELESS)
            .build();
  }

  /**
   * The address of an LFS file, asked for together with those of other files. Empty if the call is
   * not worth it or brings none.
   *
   * @param files names the others
   */
  Optional<DownloadLocations.Location> find(
      DownloadLocations.Key file, Caller caller, CommitFiles files) {
    Key key = Key.of(file);
    if (!(file.blob().digest() instanceof Digest.Sha256) || !mayAsk(key, caller)) {
      return Optional.empty();
    }
    try (Turns.Turn turn = turns.begin(key)) {
      // Another thread may have asked meanwhile.
      Optional<DownloadLocations.Location> told = locations.get(file);
      if (told.isEmpty() && turn.isFirst() && mayAsk(key, caller)) {
        ask(key, wanted(file, files), caller);
        told = locations.get(file);
      }
      return told;
    }
  }

  /** An address was refused, but the first hop finds the file. */
  void refused() {
    useless.put(endpoint, true);
  }

  private boolean mayAsk(Key key, Caller caller) {
    return !offline
        && !endpoint.breaker().isOpen()
        && !endpoint.breaker().isSilent()
        && useless.getIfPresent(endpoint) == null
        && useless.getIfPresent(key) == null
        && limits.find(endpoint, caller, RateLimits.Quota.PAGES).isEmpty();
  }

  /** The files to ask for, by content: a commit may have the same content under several names. */
  private Map<BlobId, List<DownloadLocations.Key>> wanted(
      DownloadLocations.Key file, CommitFiles files) {
    Map<BlobId, List<DownloadLocations.Key>> wanted = new HashMap<>();
    wanted.put(file.blob(), List.of(file));
    for (CommitFiles.Named other : files.wanted(MAX_OBJECTS - 1)) {
      DownloadLocations.Key key =
          new DownloadLocations.Key(
              file.repo(), file.commit(), other.path(), other.blob(), file.authority());
      boolean isLfs = other.blob().digest() instanceof Digest.Sha256;
      if (isLfs && locations.get(key).isEmpty() && locations.suspects(key).isEmpty()) {
        wanted.merge(
            other.blob(),
            List.of(key),
            (a, b) -> Stream.concat(a.stream(), b.stream()).distinct().toList());
      }
    }
    return wanted;
  }

  private void ask(Key key, Map<BlobId, List<DownloadLocations.Key>> wanted, Caller caller) {
    if (wanted.size() < MIN_OBJECTS || !permits.tryAcquire()) {
      return;
    }
    try {
      HttpUrl url =
          endpoint.url(
              "/"
                  + key.repo().type().pathPrefix()
                  + key.repo().id()
                  + ".git/info/lfs/objects/batch");
      Request.Builder request =
          new Request.Builder()
              .url(url)
              .header("Accept", LfsBatchJson.TYPE)
              .post(RequestBody.create(LfsBatchJson.write(wanted.keySet()), TYPE));
      try (Response response = client.send(endpoint, request, caller, PATIENCE)) {
        read(key, url, response, wanted, caller);
      }
    } catch (RateLimits.LimitedException e) {
      useless.put(key, true);
    } catch (IOException | MalformedJsonException e) {
      // A call that was stopped here, because its client left, says nothing of the endpoint.
      if (!Thread.currentThread().isInterrupted()) {
        useless.put(endpoint, true);
      }
    } finally {
      permits.release();
    }
  }

  private void read(
      Key key,
      HttpUrl url,
      Response response,
      Map<BlobId, List<DownloadLocations.Key>> wanted,
      Caller caller)
      throws IOException, MalformedJsonException {
    if (response.code() != 200) {
      rejected(key, response, caller);
      return;
    }
    BufferedSource source = response.body().source();
    if (source.request(MAX_ANSWER + 1)) {
      useless.put(endpoint, true);
      return;
    }
    boolean isAnyUsable = false;
    for (LfsBatchJson.Download told : LfsBatchJson.read(source.getBuffer().readByteArray())) {
      // Another object, or another size, was not asked for.
      List<DownloadLocations.Key> files = wanted.getOrDefault(told.blob(), List.of());
      Optional<HttpUrl> address = client.address(url, told.href());
      Optional<Duration> life =
          told.expiresIn().map(seconds -> Duration.ofSeconds(Math.min(seconds, MAX_LIFE)));
      for (DownloadLocations.Key file : files) {
        address.ifPresent(a -> locations.put(file, endpoint, a, life));
        isAnyUsable |= locations.get(file).isPresent();
      }
    }
    if (!isAnyUsable) {
      useless.put(key, true);
    }
  }

  private void rejected(Key key, Response response, Caller caller) {
    if (RefusalParser.read(response, caller.isAnonymous()).isPresent()) {
      // About this repo or this reader; the first hop finds out which.
      useless.put(key, true);
      return;
    }
    UpstreamFailure failure = FailureClassifier.of(response);
    boolean isLimit = failure.kind() == UpstreamFailure.Kind.RATE_LIMITED;
    useless.put(isLimit ? key : endpoint, true);
    limits.failed(endpoint, caller, RateLimits.Quota.PAGES, CallPurpose.Purpose.FETCH, failure);
  }
}
