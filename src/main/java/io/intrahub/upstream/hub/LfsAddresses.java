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
import io.intrahub.policy.CallPriority;
import io.intrahub.upstream.CommitFiles;
import io.intrahub.upstream.UpstreamFailure;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
 * <p>The answer gives addresses and nothing else: it proves no right to read and refuses nobody.
 * Whatever goes wrong, the first hop of the file tells what is the matter, so there is one attempt,
 * and no further one for this commit for a while. Only an answer which shows that the endpoint does
 * not know the call ends the calls about other commits too. The circuit breaker learns of calls
 * that get no answer.
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

  private static final int NOT_IMPLEMENTED = 501;

  /** Answers that the batch API has for objects that it does not like: too many, or one invalid. */
  private static final Set<Integer> ABOUT_OBJECTS = Set.of(413, 422);

  private static final MediaType TYPE = MediaType.get(LfsBatchJson.TYPE);

  private static final Duration USELESS = Duration.ofMinutes(10);

  /** Bytes of heap for what is remembered of these. */
  private static final long USELESS_WEIGHT = 1L << 20;

  /** Bytes of heap for one of them, besides the name of a repo. */
  private static final int OVERHEAD = 400;

  /** Seconds; an address that claims to live longer is believed this long. */
  private static final long MAX_LIFE = 86_400;

  private final EndpointClient client;
  private final EndpointSelector selector;
  private final Endpoint endpoint;
  private final DownloadLocations locations;
  private final RateLimits limits;
  private final boolean offline;
  private final Turns<Key> turns = new Turns<>(PATIENCE);
  private final Semaphore permits = new Semaphore(MAX_AT_ONCE);

  /** Endpoints, and commits as an authority reads them, for which the call is not worth it now. */
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
      EndpointSelector selector,
      Endpoint endpoint,
      DownloadLocations locations,
      RateLimits limits,
      boolean offline,
      Ticker ticker) {
    this.client = client;
    this.selector = selector;
    this.endpoint = endpoint;
    this.locations = locations;
    this.limits = limits;
    this.offline = offline;
    this.useless =
        Caffeine.newBuilder()
            .ticker(ticker)
            .maximumWeight(USELESS_WEIGHT)
            .weigher((Object key, Boolean is) -> weight(key))
            .expireAfterWrite(USELESS)
            .build();
  }

  private static int weight(Object key) {
    return key instanceof Key commit ? OVERHEAD + 2 * commit.repo().id().length() : OVERHEAD;
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

  /** An address of this file was refused, or its host can't be reached. */
  void unusable(DownloadLocations.Key file) {
    useless.put(Key.of(file), true);
  }

  private boolean mayAsk(Key key, Caller caller) {
    return !offline
        && !endpoint.breaker().isOpen()
        && !endpoint.breaker().isSilent()
        && useless.getIfPresent(endpoint) == null
        && useless.getIfPresent(key) == null
        && limits.find(endpoint, caller, RateLimits.Quota.PAGES, CallPriority.CLIENT).isEmpty();
  }

  /** The files to ask for, by content: a commit may have the same content under several names. */
  private Map<BlobId, List<DownloadLocations.Key>> wanted(
      DownloadLocations.Key file, CommitFiles files) {
    Map<BlobId, List<DownloadLocations.Key>> wanted = new HashMap<>();
    wanted.put(file.blob(), List.of(file));
    List<CommitFiles.Named> others = files.wanted(MAX_OBJECTS - 1);
    if (others.size() + 1 < MIN_OBJECTS && files.isExhaustive()) {
      // Looking at a listing takes time, and the next file would find no more.
      useless.put(Key.of(file), true);
    }
    for (CommitFiles.Named other : others) {
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
      CallPurpose question = CallPurpose.fetch(key.repo(), caller);
      Optional<UpstreamFailure> failure =
          selector
              .attempt(
                  endpoint, question, () -> send(key, url, request, wanted, caller), said -> said)
              .flatMap(said -> said);
      // A call that was stopped here, because its client left, says nothing of the commit.
      if (failure.filter(LfsAddresses::isAboutCommit).isPresent()
          && !Thread.currentThread().isInterrupted()) {
        useless.put(key, true);
      }
    } finally {
      permits.release();
    }
  }

  private static boolean isAboutCommit(UpstreamFailure failure) {
    return switch (failure.kind()) {
      case BUSY, UNREACHABLE -> false;
      default -> true;
    };
  }

  /** Sends the call, keeps the addresses of its answer, and returns why there was none. */
  private Optional<UpstreamFailure> send(
      Key key,
      HttpUrl url,
      Request.Builder request,
      Map<BlobId, List<DownloadLocations.Key>> wanted,
      Caller caller) {
    boolean isAnswered = false;
    try (Response response = client.send(endpoint, request, caller, PATIENCE)) {
      isAnswered = true;
      if (response.code() != 200) {
        return rejected(response, caller);
      }
      read(key, url, response, wanted);
      return Optional.empty();
    } catch (MalformedJsonException e) {
      useless.put(endpoint, true);
      return Optional.empty();
    } catch (IOException e) {
      UpstreamFailure failure = FailureClassifier.of(e);
      boolean isLate =
          !isAnswered
              && e instanceof InterruptedIOException
              && failure.kind() == UpstreamFailure.Kind.BROKEN;
      return Optional.of(
          isLate
              ? new UpstreamFailure(
                  UpstreamFailure.Kind.TIMED_OUT, "no answer within " + PATIENCE.toSeconds() + " s")
              : failure);
    }
  }

  private void read(
      Key key, HttpUrl url, Response response, Map<BlobId, List<DownloadLocations.Key>> wanted)
      throws IOException, MalformedJsonException {
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

  private Optional<UpstreamFailure> rejected(Response response, Caller caller) {
    UpstreamFailure failure = FailureClassifier.of(response);
    // A refusal is about this repo or this reader; the first hop finds out which.
    boolean isRefusal = RefusalParser.read(response, caller.isAnonymous()).isPresent();
    boolean isUnknown =
        (failure.kind() == UpstreamFailure.Kind.UNEXPECTED_ANSWER
                && !ABOUT_OBJECTS.contains(response.code()))
            || response.code() == NOT_IMPLEMENTED;
    if (isUnknown && !isRefusal) {
      useless.put(endpoint, true);
    }
    limits.failed(endpoint, caller, RateLimits.Quota.PAGES, CallPurpose.Purpose.FETCH, failure);
    return Optional.of(failure);
  }
}
