package io.intrahub.upstream.hub;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import io.intrahub.access.Authority;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.HubTarget;
import io.intrahub.hub.HubTargetParser;
import io.intrahub.hub.RepoId;
import java.time.Duration;
import java.util.Optional;
import okhttp3.HttpUrl;

/**
 * The addresses of small files that need no first hop. A Hub that redirected one file of a commit
 * to its own {@code /api/resolve-cache} serves the other files kept in git from there too, so their
 * addresses follow from their paths. It checks the reader's credential there, as at {@code
 * resolve}. Only the preferred endpoint's addresses are derived.
 *
 * <p>Safe for use by many threads.
 */
final class SmallFileAddresses {
  /** Bytes of heap for what is known of commits. */
  private static final long MAX_WEIGHT = 1L << 20;

  /** Bytes of heap for a commit, besides the name of its repo. */
  private static final int OVERHEAD = 400;

  private static final int MAX_ENDPOINTS = 100;

  /** After this time a first hop is made again, in case the endpoint has changed its ways. */
  private static final Duration LIFE = Duration.ofMinutes(5);

  /** How long no address is derived after the endpoint showed that it does not know such ones. */
  private static final Duration REFUSED = Duration.ofMinutes(10);

  /** Longest wait for the first hop of another file; one of its own would hardly be faster. */
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  /** Whether the small files of a commit come from resolve-cache. */
  private final Cache<Key, Boolean> cached;

  /** Endpoints that refused a derived address lately. */
  private final Cache<Endpoint, Boolean> refused;

  private final Endpoint preferred;
  private final Turns<Key> turns = new Turns<>(PATIENCE);

  private record Key(RepoId repo, CommitHash commit, Authority authority) {
    static Key of(DownloadLocations.Key file) {
      return new Key(file.repo(), file.commit(), file.authority());
    }
  }

  SmallFileAddresses(Endpoint preferred, Ticker ticker) {
    this.preferred = preferred;
    this.cached =
        Caffeine.newBuilder()
            .ticker(ticker)
            .maximumWeight(MAX_WEIGHT)
            .weigher((Key key, Boolean is) -> OVERHEAD + 2 * key.repo().id().length())
            .expireAfterWrite(LIFE)
            .build();
    this.refused =
        Caffeine.newBuilder()
            .ticker(ticker)
            .maximumSize(MAX_ENDPOINTS)
            .expireAfterWrite(REFUSED)
            .build();
  }

  /** Learns from the address that a first hop told. */
  void learn(DownloadLocations.Key file, Endpoint endpoint, HttpUrl url) {
    if (isSmall(file) && endpoint.equals(preferred)) {
      cached.put(Key.of(file), isCache(file, endpoint, url));
    }
  }

  private static boolean isCache(DownloadLocations.Key file, Endpoint endpoint, HttpUrl url) {
    // Read as a target, because a path has more than one spelling.
    return endpoint.owns(url)
        && HubTargetParser.parse(endpoint.hubPath(url))
            instanceof HubTargetParser.Target(HubTarget target)
        && target.equals(targetOf(file));
  }

  private static HubTarget targetOf(DownloadLocations.Key file) {
    return new HubTarget.ResolveCacheFile(file.repo(), file.commit(), file.path());
  }

  private static boolean isSmall(DownloadLocations.Key file) {
    return file.blob().digest() instanceof Digest.GitSha1;
  }

  /** The address of a small file at the preferred endpoint, if it can be derived. */
  Optional<HttpUrl> derive(DownloadLocations.Key file, Endpoint endpoint) {
    if (!isSmall(file) || refused.getIfPresent(endpoint) != null) {
      return Optional.empty();
    }
    // Without the query that the Hub adds, which is for caches alone: older clients drop it (HP 3).
    return Optional.ofNullable(cached.getIfPresent(Key.of(file)))
        .filter(isCached -> isCached)
        .map(_ -> endpoint.url(targetOf(file).format()));
  }

  /** A derived address brought nothing: the next small file of this commit gets a first hop. */
  void drop(DownloadLocations.Key file) {
    cached.invalidate(Key.of(file));
  }

  /** The endpoint rejects a derived address, and serves the file from another one. */
  void refused(Endpoint endpoint) {
    refused.put(endpoint, true);
  }

  /**
   * Waits while another thread asks for the first hop of a small file of the same commit, because
   * its answer tells the address of this one too.
   *
   * @return to be closed after the first attempt at the caller's own first hop, if it needs one
   */
  Turns.Turn begin(DownloadLocations.Key file) {
    boolean isKnown = cached.getIfPresent(Key.of(file)) != null;
    return isSmall(file) && !isKnown ? turns.begin(Key.of(file)) : Turns.Turn.UNSHARED;
  }
}
