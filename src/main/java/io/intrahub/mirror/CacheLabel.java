package io.intrahub.mirror;

import io.intrahub.access.Caller;
import io.intrahub.hub.CommitHash;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * What the client is told about where an answer comes from (RFC 9211).
 *
 * @param source where from
 * @param ttl how long the answer still counts as fresh; negative when it is stale; empty for what
 *     never changes
 * @param age since upstream confirmed it; empty for what never changes or was just fetched
 * @param stale whether it is served because upstream can't be asked
 * @param restricted whether not everybody may read it, so that no cache on the way may keep it
 * @param newer the commit that upstream last named, if the mirror can't serve that one
 * @param removed since when the Hub no longer serves the repo, if it is kept all the same
 * @param grantAge how long ago upstream confirmed the grant under which it is served; present only
 *     for another mirror, whose own grant must not begin a new life with this answer. If it is
 *     missing there, the answer confirms nothing.
 * @param partial whether the files that it names may not be all of the commit
 */
public record CacheLabel(
    Source source,
    Optional<Duration> ttl,
    Optional<Duration> age,
    boolean stale,
    boolean restricted,
    Optional<CommitHash> newer,
    Optional<Instant> removed,
    Optional<Duration> grantAge,
    boolean partial) {
  /** Where an answer comes from. */
  public enum Source {
    /** The mirror had it. */
    HIT,
    /** Fetched for this answer, and kept. */
    MISS,
    /** Fetched for this answer, and not kept: it is passed on, or the store can't keep it. */
    BYPASS
  }

  /**
   * For an answer that was fetched for one client.
   *
   * @param stale whether another mirror gave it from its store because it could not ask the Hub
   * @param grantAge how long ago the Hub confirmed the grant under which it was given; empty if
   *     that is not known
   */
  static CacheLabel passedOn(boolean stale, Optional<Duration> grantAge, Caller caller) {
    CacheLabel label =
        new CacheLabel(Source.BYPASS, Optional.empty(), Optional.empty(), stale, true);
    return caller.via().isEmpty() ? label : label.withGrantAge(grantAge);
  }

  /** For an answer than which none newer is known. */
  public CacheLabel(
      Source source,
      Optional<Duration> ttl,
      Optional<Duration> age,
      boolean stale,
      boolean restricted) {
    this(
        source,
        ttl,
        age,
        stale,
        restricted,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        false);
  }

  /** The same, from another source. */
  public CacheLabel from(Source other) {
    return new CacheLabel(other, ttl, age, stale, restricted, newer, removed, grantAge, partial);
  }

  /** The same, but upstream named a newer commit before it stopped to answer. */
  CacheLabel withNewer(CommitHash commit) {
    return new CacheLabel(
        source, ttl, age, true, restricted, Optional.of(commit), removed, grantAge, partial);
  }

  /** The same, from a repo that the Hub no longer serves. */
  CacheLabel withRemoved(Instant since) {
    return new CacheLabel(
        source, ttl, age, true, restricted, newer, Optional.of(since), grantAge, partial);
  }

  /** The same, for an answer that not everybody may read. */
  CacheLabel asRestricted() {
    return new CacheLabel(source, ttl, age, stale, true, newer, removed, grantAge, partial);
  }

  /** The same, for another mirror. */
  CacheLabel withGrantAge(Optional<Duration> confirmed) {
    return new CacheLabel(source, ttl, age, stale, restricted, newer, removed, confirmed, partial);
  }

  /** The same, served because upstream gave no answer. */
  CacheLabel asStale() {
    return new CacheLabel(source, ttl, age, true, restricted, newer, removed, grantAge, partial);
  }

  /** The same, made from what is stored of a commit, which may not be all of it. */
  CacheLabel asPartial() {
    return new CacheLabel(source, ttl, age, true, restricted, newer, removed, grantAge, true);
  }
}
