package io.intrahub.upstream;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.intrahub.access.Authority;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import okhttp3.HttpUrl;

/**
 * Where the bytes of files lie for now: what the first hop told, kept in memory until it expires,
 * so that the GET after the HEAD needs no second hop. A signed address is as good as the right to
 * read, so it is kept per authority. Safe for use by many threads.
 */
final class Locations {
  private static final int MAX_ENTRIES = 50_000;

  /** For an address that does not say when it expires. */
  private static final Duration DEFAULT_LIFE = Duration.ofMinutes(5);

  /** An address is no longer handed out when it has less than this to live. */
  private static final Duration MARGIN = Duration.ofSeconds(10);

  private static final int MAX_DOUBTED = 1_000;
  private static final Duration DOUBT = Duration.ofHours(1);

  private final Cache<Key, Location> locations =
      Caffeine.newBuilder().maximumSize(MAX_ENTRIES).build();

  /** The endpoint that a file came wrong from, though it may be right from another. */
  private final Cache<Key, Endpoint> doubted =
      Caffeine.newBuilder().maximumSize(MAX_DOUBTED).expireAfterWrite(DOUBT).build();

  private final Clock clock;

  record Key(RepoId repo, CommitHash commit, FilePath path, Authority authority) {}

  /**
   * An address.
   *
   * @param url where a GET gives the bytes
   * @param endpoint the endpoint that named it
   * @param ownOrigin whether it is that endpoint's own address, where a token may go
   * @param expires when it is of no use any more
   */
  record Location(HttpUrl url, Endpoint endpoint, boolean ownOrigin, Instant expires) {}

  Locations(Clock clock) {
    this.clock = clock;
  }

  Optional<Location> get(Key key) {
    return Optional.ofNullable(locations.getIfPresent(key))
        .filter(l -> l.expires().minus(MARGIN).isAfter(clock.instant()));
  }

  /**
   * The address that was told last, whether it seems expired or not. One that was told just now has
   * to be tried: if this clock is ahead of the CDN's, every address seems to have expired.
   */
  Optional<Location> justTold(Key key) {
    return Optional.ofNullable(locations.getIfPresent(key));
  }

  Location put(Key key, Endpoint endpoint, HttpUrl url) {
    Location location = new Location(url, endpoint, endpoint.owns(url), expiry(url));
    locations.put(key, location);
    return location;
  }

  void drop(Key key) {
    locations.invalidate(key);
  }

  /** What came from there was wrong: for a while prefers any other endpoint. */
  void doubt(Key key, Endpoint endpoint) {
    doubted.put(key, endpoint);
    drop(key);
  }

  /** The others are no better. */
  void trust(Key key) {
    doubted.invalidate(key);
  }

  /** The endpoint to be asked last for a file. */
  Optional<Endpoint> doubted(Key key) {
    return Optional.ofNullable(doubted.getIfPresent(key));
  }

  private Instant expiry(HttpUrl url) {
    Instant fallback = clock.instant().plus(DEFAULT_LIFE);
    String expires = url.queryParameter("Expires");
    if (expires == null) {
      return fallback;
    }
    try {
      return Instant.ofEpochSecond(Long.parseLong(expires));
    } catch (NumberFormatException | java.time.DateTimeException e) {
      return fallback;
    }
  }
}
