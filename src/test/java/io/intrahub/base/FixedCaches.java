package io.intrahub.base;

/**
 * What the caches take that do not follow from the heap, in bytes. {@code CacheMemoryIT} fills the
 * large ones.
 */
public final class FixedCaches {
  /** Signed addresses, see {@code upstream.hub.DownloadLocations}. */
  public static final long LOCATIONS = 8L << 20;

  /** What is known of the Hub's rate limits, see {@code upstream.hub.RateLimits}. */
  public static final long RATE_LIMITS = 9L << 20;

  /** The commit of each repo whose id is known, see {@code mirror.RepoIdentity}. */
  public static final long IDENTITIES = 4L << 20;

  /**
   * What is remembered of the ways to files (2.5 MiB), refusals that end a grant (8,192), and
   * failed listings, commits fetched ahead, durable folders and contents that came wrong: 12,000
   * things of 300 bytes each.
   */
  public static final long OTHERS = 8L << 20;

  private FixedCaches() {}

  /** All of them. */
  public static long total() {
    return LOCATIONS + RATE_LIMITS + IDENTITIES + OTHERS;
  }
}
