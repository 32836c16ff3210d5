package io.intrahub.upstream.hub;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.Ticker;
import io.intrahub.access.Authority;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.policy.Freshness;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import okhttp3.HttpUrl;

/**
 * Where the bytes of files are for now: the addresses that first hops told, kept in memory until
 * their signatures expire, so that the GET after the HEAD needs no second hop. A signed address is
 * as good as the right to read, so it is kept per authority; it is kept per content too, so that an
 * endpoint that names another content for a file changes nothing for the right one.
 *
 * <p>All addresses together take {@value #MAX_WEIGHT} bytes at most. Safe for use by many threads.
 */
final class DownloadLocations {
  private static final long MAX_WEIGHT = 8L * 1024 * 1024;

  /** A longer address is used once and not kept. */
  private static final int MAX_URL = 8 * 1024;

  /** What one entry takes besides its texts, and how often a parsed address holds its text. */
  private static final int OVERHEAD = 400;

  private static final int COPIES = 4;

  /** For an address that does not say when it expires. */
  private static final Duration DEFAULT_LIFE = Duration.ofMinutes(5);

  /** An address that claims to live longer is asked for again all the same. */
  private static final Duration LONGEST_LIFE = Duration.ofDays(1);

  /** An address is no longer handed out when it has less than this to live. */
  private static final Duration MARGIN = Duration.ofSeconds(10);

  /** Bytes of heap; clients choose the paths, which may be long. */
  private static final long DOUBTED_WEIGHT = 512 * 1024;

  private static final Duration DOUBT = Duration.ofHours(1);
  private static final DateTimeFormatter AMZ_DATE =
      DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'");

  private final Cache<Key, Location> locations;

  /** The endpoint that a file came wrong from, though it may be right from another. */
  private final Cache<Key, Endpoint> suspects;

  private final Clock clock;

  record Key(RepoId repo, CommitHash commit, FilePath path, BlobId blob, Authority authority) {}

  /**
   * An address.
   *
   * @param url where a GET gives the bytes
   * @param endpoint the endpoint that named it
   * @param expires when it is of no use any more
   */
  record Location(HttpUrl url, Endpoint endpoint, Instant expires) {}

  DownloadLocations(Clock clock) {
    this.clock = clock;
    Ticker ticker = ticker(clock);
    this.locations =
        Caffeine.newBuilder()
            .ticker(ticker)
            .maximumWeight(MAX_WEIGHT)
            .weigher((Key key, Location location) -> weight(key, location))
            .expireAfter(Expiry.writing((Key key, Location location) -> lifeOf(location)))
            .build();
    this.suspects =
        Caffeine.newBuilder()
            .ticker(ticker)
            .maximumWeight(DOUBTED_WEIGHT)
            .weigher((Key key, Endpoint endpoint) -> weight(key))
            .expireAfterWrite(DOUBT)
            .build();
  }

  /** The time of a clock, for caches. */
  static Ticker ticker(Clock clock) {
    return () -> {
      Instant now = clock.instant();
      return TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano();
    };
  }

  private static int weight(Key key, Location location) {
    return weight(key) + COPIES * location.url().toString().length();
  }

  private static int weight(Key key) {
    return OVERHEAD + 2 * key.path().value().length();
  }

  private Duration lifeOf(Location location) {
    Duration life = Duration.between(clock.instant(), location.expires()).minus(MARGIN);
    return life.isNegative() ? Duration.ZERO : life;
  }

  /** The address of a content, if one is known and lives long enough to be used. */
  Optional<Location> get(Key key) {
    return Optional.ofNullable(locations.getIfPresent(key))
        .filter(l -> Freshness.hasLeft(l.expires(), MARGIN, clock.instant()));
  }

  /**
   * Keeps an address that was told just now, unless it is too long or seems to have expired.
   *
   * @return the address, to be tried even if it seems to have expired: if this clock is ahead of
   *     the CDN's, every address does
   */
  Location put(Key key, Endpoint endpoint, HttpUrl url) {
    return put(key, endpoint, url, Optional.empty());
  }

  /**
   * As the other one.
   *
   * @param life that the answer states for the address, which may itself state a shorter one
   */
  Location put(Key key, Endpoint endpoint, HttpUrl url, Optional<Duration> life) {
    Instant signed = expiry(url);
    Instant told = life.map(clock.instant()::plus).orElse(signed);
    Location location = new Location(url, endpoint, told.isBefore(signed) ? told : signed);
    if (url.toString().length() <= MAX_URL) {
      locations.put(key, location);
    }
    return location;
  }

  void drop(Key key) {
    locations.invalidate(key);
  }

  /** What came from there was wrong: for a while prefers any other endpoint. */
  void markSuspect(Key key, Endpoint endpoint) {
    suspects.put(key, endpoint);
    drop(key);
  }

  /** The others are no better. */
  void clearSuspect(Key key) {
    suspects.invalidate(key);
  }

  /** The endpoint to be asked last for a file. */
  Optional<Endpoint> suspects(Key key) {
    return Optional.ofNullable(suspects.getIfPresent(key));
  }

  /** How many files came wrong lately, as far as that is remembered. Waits as {@link #size}. */
  long doubted() {
    suspects.cleanUp();
    return suspects.estimatedSize();
  }

  /** How many addresses are kept. Waits until what is too much has been removed. */
  long size() {
    locations.cleanUp();
    return locations.estimatedSize();
  }

  private Instant expiry(HttpUrl url) {
    Instant now = clock.instant();
    Instant latest = now.plus(LONGEST_LIFE);
    try {
      Instant signed = signedUntil(url).orElse(now.plus(DEFAULT_LIFE));
      return signed.isAfter(latest) ? latest : signed;
    } catch (ArithmeticException | DateTimeException | NumberFormatException e) {
      return now.plus(DEFAULT_LIFE);
    }
  }

  /** What the parameters of CloudFront, or those of S3, say. */
  private static Optional<Instant> signedUntil(HttpUrl url) {
    String expires = url.queryParameter("Expires");
    if (expires != null) {
      return Optional.of(Instant.ofEpochSecond(Long.parseLong(expires)));
    }
    String signed = url.queryParameter("X-Amz-Date");
    String life = url.queryParameter("X-Amz-Expires");
    if (signed == null || life == null) {
      return Optional.empty();
    }
    Instant from = LocalDateTime.parse(signed, AMZ_DATE).toInstant(ZoneOffset.UTC);
    return Optional.of(from.plusSeconds(Long.parseLong(life)));
  }
}
