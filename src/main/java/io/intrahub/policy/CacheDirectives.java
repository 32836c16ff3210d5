package io.intrahub.policy;

import java.time.Duration;
import java.util.Collection;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a client lets a cache answer its request: the directives of {@code Cache-Control} in requests
 * (RFC 9111 section 5.2.1). {@code no-store} and {@code no-transform} are not among them, because
 * the mirror stores what the Hub serves and not what clients send, and changes no content.
 *
 * @param noCache whether nothing is used without asking upstream
 * @param onlyIfCached whether upstream is not asked at all
 * @param maxAge the age that the answer must not reach; empty: any
 * @param minFresh how long the answer must stay fresh; zero: not at all
 * @param maxStale how long after it was fresh an answer is welcome; zero: not at all, {@link
 *     Lifetime#FOREVER}: at any age
 */
public record CacheDirectives(
    boolean noCache,
    boolean onlyIfCached,
    Optional<Duration> maxAge,
    Duration minFresh,
    Duration maxStale) {
  /** The client asked for nothing particular. */
  public static final CacheDirectives NONE =
      new CacheDirectives(false, false, Optional.empty(), Duration.ZERO, Duration.ZERO);

  /** The client wants upstream's word: {@code no-cache}. */
  public static final CacheDirectives NO_CACHE =
      new CacheDirectives(true, false, Optional.empty(), Duration.ZERO, Duration.ZERO);

  /** Ages are whole seconds, and a cache may take those above 2^31 for 2^31 (section 1.2.2). */
  private static final long MOST_SECONDS = 1L << 31;

  private static final Pattern DIRECTIVE =
      Pattern.compile("\\s*([a-z-]+)\\s*(?:=\\s*\"?\\s*([^\",\\s]*)\\s*\"?)?\\s*");

  private static final Pattern DIGITS = Pattern.compile("[0-9]+");

  /**
   * Reads the values of {@code Cache-Control} headers. What it does not know, or cannot read, has
   * no effect; of a directive that occurs twice, the last one counts.
   */
  public static CacheDirectives parse(Collection<String> values) {
    CacheDirectives all = NONE;
    for (String value : values) {
      for (String part : value.toLowerCase(Locale.ROOT).split(",", -1)) {
        Matcher directive = DIRECTIVE.matcher(part);
        if (directive.matches()) {
          all = all.with(directive.group(1), Optional.ofNullable(directive.group(2)));
        }
      }
    }
    return all;
  }

  /** The same, but an answer that is no longer fresh is not welcome. */
  public CacheDirectives withoutMaxStale() {
    return new CacheDirectives(noCache, onlyIfCached, maxAge, minFresh, Duration.ZERO);
  }

  /** Whether the cache may choose between what it has and upstream's word. */
  public boolean leaveChoice() {
    return !noCache && !onlyIfCached;
  }

  private CacheDirectives with(String name, Optional<String> argument) {
    Optional<Duration> time = argument.flatMap(CacheDirectives::seconds);
    return switch (name) {
      case "no-cache" -> new CacheDirectives(true, onlyIfCached, maxAge, minFresh, maxStale);
      case "only-if-cached" -> new CacheDirectives(noCache, true, maxAge, minFresh, maxStale);
      case "max-age" ->
          new CacheDirectives(
              // No age is below zero, as with no-cache.
              noCache || time.filter(Duration::isZero).isPresent(),
              onlyIfCached,
              time.or(() -> maxAge),
              minFresh,
              maxStale);
      case "min-fresh" ->
          new CacheDirectives(noCache, onlyIfCached, maxAge, time.orElse(minFresh), maxStale);
      case "max-stale" ->
          new CacheDirectives(
              noCache,
              onlyIfCached,
              maxAge,
              minFresh,
              argument.isEmpty() ? Lifetime.FOREVER : time.orElse(maxStale));
      default -> this;
    };
  }

  private static Optional<Duration> seconds(String text) {
    if (!DIGITS.matcher(text).matches()) {
      return Optional.empty();
    }
    boolean isLong = text.length() > 10;
    return Optional.of(
        Duration.ofSeconds(isLong ? MOST_SECONDS : Math.min(Long.parseLong(text), MOST_SECONDS)));
  }

  /** The same, from a client that lets upstream be asked. */
  CacheDirectives withUpstream() {
    return new CacheDirectives(noCache, false, maxAge, minFresh, maxStale);
  }

  /** The same, without what makes the mirror ask upstream earlier than it would by itself. */
  public CacheDirectives withoutDemand() {
    return new CacheDirectives(false, onlyIfCached, Optional.empty(), Duration.ZERO, maxStale);
  }
}
