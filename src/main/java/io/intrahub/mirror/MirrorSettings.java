package io.intrahub.mirror;

import io.intrahub.policy.Lifetime;
import java.time.Duration;

/**
 * How long things hold and how long clients wait.
 *
 * @param revisions freshness of revision to commit
 * @param aliasTtl how long another name of a repo is believed
 * @param refusedTtl how long an anonymous "no such repo" is believed, and that a token is invalid
 * @param gatedTtl how long an anonymous "gated" is believed, and any refusal of a repo to a token:
 *     short, since somebody may just have been granted access
 * @param headTimeout within which a resolve has its answer; so long any request waits for the Hub's
 *     word on a grant that has run out
 * @param staleTimeout after which a revision that is known and may be read is served instead of
 *     waiting for upstream
 * @param sharedTimeout how long a client waits for a question that was put for several files at
 *     once, before it asks for its own
 * @param apiTimeout within which other answers come
 * @param quiet a refreshed commit becomes visible when its revision was not asked for this long
 * @param quietAtMost … or after this time at the latest
 * @param warmLimit bytes that are fetched of one repo before its new commits become visible, at
 *     most; of a larger change only the small files are
 * @param listingLimit entries in one answer of a listing
 * @param manifestLimit entries of a commit that are learned at most
 * @param coldQuestions of one client to the Hub per minute about what may not exist
 * @param lists freshness of searches and other lists
 */
public record MirrorSettings(
    Lifetime revisions,
    Duration aliasTtl,
    Duration refusedTtl,
    Duration gatedTtl,
    Duration headTimeout,
    Duration staleTimeout,
    Duration sharedTimeout,
    Duration apiTimeout,
    Duration quiet,
    Duration quietAtMost,
    long warmLimit,
    int listingLimit,
    int manifestLimit,
    int coldQuestions,
    Lists lists) {
  /**
   * How long the answer to a list may be used.
   *
   * @param ttl how long it is fresh
   * @param staleForAnonymous up to this age it is served to a client without a token while upstream
   *     gives no answer
   * @param staleForToken the same for the token with which it was asked
   */
  public record Lists(Duration ttl, Duration staleForAnonymous, Duration staleForToken) {
    /** A minute; seven days and an hour, as grants hold. */
    public static final Lists DEFAULT =
        new Lists(Duration.ofMinutes(1), Duration.ofDays(7), Duration.ofHours(1));
  }

  /** The numbers of the configuration reference. */
  public static final MirrorSettings DEFAULT =
      new MirrorSettings(
          Lifetime.of(Duration.ofSeconds(60), Duration.ofMinutes(10)),
          Duration.ofHours(1),
          Duration.ofSeconds(60),
          Duration.ofSeconds(15),
          Duration.ofSeconds(8),
          Duration.ofSeconds(2),
          Duration.ofSeconds(2),
          Duration.ofSeconds(60),
          Duration.ofSeconds(5),
          Duration.ofSeconds(60),
          20L << 30,
          10_000,
          300_000,
          300,
          Lists.DEFAULT);

  /** The same with another time to live of revisions. */
  public MirrorSettings withRevisionTtl(Duration ttl) {
    return new MirrorSettings(
        Lifetime.of(ttl, revisions.staleWhileRevalidate()),
        aliasTtl,
        refusedTtl,
        gatedTtl,
        headTimeout,
        staleTimeout,
        sharedTimeout,
        apiTimeout,
        quiet,
        quietAtMost,
        warmLimit,
        listingLimit,
        manifestLimit,
        coldQuestions,
        lists);
  }

  /** The same with another limit of what is fetched for a new commit. */
  public MirrorSettings withWarmLimit(long bytes) {
    return new MirrorSettings(
        revisions,
        aliasTtl,
        refusedTtl,
        gatedTtl,
        headTimeout,
        staleTimeout,
        sharedTimeout,
        apiTimeout,
        quiet,
        quietAtMost,
        bytes,
        listingLimit,
        manifestLimit,
        coldQuestions,
        lists);
  }

  /** The same with another limit of the entries of a listing that is stored. */
  public MirrorSettings withManifestLimit(int entries) {
    return new MirrorSettings(
        revisions,
        aliasTtl,
        refusedTtl,
        gatedTtl,
        headTimeout,
        staleTimeout,
        sharedTimeout,
        apiTimeout,
        quiet,
        quietAtMost,
        warmLimit,
        listingLimit,
        entries,
        coldQuestions,
        lists);
  }

  /** The same with another limit of what one client may ask the Hub. */
  public MirrorSettings withColdQuestions(int perMinute) {
    return new MirrorSettings(
        revisions,
        aliasTtl,
        refusedTtl,
        gatedTtl,
        headTimeout,
        staleTimeout,
        sharedTimeout,
        apiTimeout,
        quiet,
        quietAtMost,
        warmLimit,
        listingLimit,
        manifestLimit,
        perMinute,
        lists);
  }

  /** The same with other limits on waiting for upstream. */
  public MirrorSettings withTimeouts(Duration head, Duration stale) {
    return new MirrorSettings(
        revisions,
        aliasTtl,
        refusedTtl,
        gatedTtl,
        head,
        stale,
        sharedTimeout,
        apiTimeout,
        quiet,
        quietAtMost,
        warmLimit,
        listingLimit,
        manifestLimit,
        coldQuestions,
        lists);
  }

  /** The same with another limit on waiting for a question about several files. */
  public MirrorSettings withSharedTimeout(Duration shared) {
    return new MirrorSettings(
        revisions,
        aliasTtl,
        refusedTtl,
        gatedTtl,
        headTimeout,
        staleTimeout,
        shared,
        apiTimeout,
        quiet,
        quietAtMost,
        warmLimit,
        listingLimit,
        manifestLimit,
        coldQuestions,
        lists);
  }
}
