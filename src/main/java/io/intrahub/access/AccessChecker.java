package io.intrahub.access;

import io.intrahub.access.local.RepoVisibility;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import io.intrahub.policy.CacheDirectives;
import io.intrahub.policy.Freshness;
import io.intrahub.policy.Lifetime;
import io.intrahub.policy.UpstreamState;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/**
 * Decides who may read a repo. No other class does.
 *
 * <p>Everything is stored once, and read by whoever holds a {@link Grant}: what upstream lately let
 * an authority read. A grant of the anonymous authority is one for everybody; the success of a
 * token holder never creates one. Everybody may hold a grant of a gated repo's metadata; its bytes
 * need a grant of the content, which a call for metadata never gives.
 *
 * <p>Answers may arrive in another order than their questions were asked. Evidence is rejected if
 * its question began before the newest refusal of the grant was learned, because the repo may have
 * been closed in between. A refusal always counts, however old its question is: which of the two
 * answers is newer cannot be known, and the only harm is one more question.
 *
 * <p>Safe for use by many threads.
 */
public final class AccessChecker {
  private static final int STRIPES = 256;

  /** A grant is not recorded again within this time, because each file of a load confirms it. */
  private static final Duration STEP = Duration.ofSeconds(1);

  private final GrantStore grants;
  private final EventOrder order;
  private final LatestRefusals refusals = new LatestRefusals();

  /**
   * Each guards the grants of some repos, so that no refusal arrives between the check for refusals
   * and the write of the grant. Held while the store writes, as the store's lock for it is.
   */
  private final List<ReentrantLock> stripes =
      Stream.generate(ReentrantLock::new).limit(STRIPES).toList();

  private final Clock clock;
  private final Settings settings;
  private final Instant started;

  /**
   * How long grants hold, counted from the start of the call with which upstream last confirmed
   * them.
   *
   * @param publicTtl a grant of the anonymous authority, which is for everybody
   * @param publicTtlDuringOutage the same, while upstream gives no answer about the repo; see
   *     {@link OutageEvidence}
   * @param grantTtl a grant of a token holder
   * @param grantRevalidate how long after {@code grantTtl} it still holds while upstream is asked
   *     in the background
   * @param grantGrace the same, while upstream gives no answer about the repo
   * @param keepRemoved whether everybody may read on what was public of a repo that upstream no
   *     longer has
   */
  public record Settings(
      Duration publicTtl,
      Duration publicTtlDuringOutage,
      Duration grantTtl,
      Duration grantRevalidate,
      Duration grantGrace,
      boolean keepRemoved) {
    /**
     * Ten minutes and seven days for everybody; five minutes, ten more and one hour for a token
     * holder.
     */
    public static final Settings DEFAULT =
        new Settings(
            Duration.ofMinutes(10),
            Duration.ofDays(7),
            Duration.ofMinutes(5),
            Duration.ofMinutes(10),
            Duration.ofHours(1),
            false);

    private Lifetime lifetime(Authority authority) {
      return authority instanceof Authority.Anonymous
          ? new Lifetime(publicTtl.dividedBy(2), publicTtl, Duration.ZERO, publicTtlDuringOutage)
          : new Lifetime(grantTtl.dividedBy(2), grantTtl, grantRevalidate, grantGrace);
    }
  }

  /**
   * Creates a checker.
   *
   * @param order the same object with which upstream's adapter numbers evidence
   * @param clock by which grants age, the same as that of {@code order}: a {@link SteadyClock}
   */
  public AccessChecker(GrantStore grants, EventOrder order, Clock clock, Settings settings) {
    this.grants = grants;
    this.order = order;
    this.clock = clock;
    this.settings = settings;
    this.started = clock.instant();
  }

  /**
   * Decides whether a client may be served under a grant. A grant of the content is one of the
   * metadata too, so the better of the two counts for that.
   *
   * @param upstream whether the authoritative endpoint can be asked
   */
  public Freshness.Decision decide(Grant grant, UpstreamState upstream) {
    Freshness.Decision content = decideExactly(of(grant, ReadScope.CONTENT), upstream);
    Freshness.Decision asked = decideExactly(grant, upstream);
    return content.compareTo(asked) < 0 ? content : asked;
  }

  private Freshness.Decision decideExactly(Grant grant, UpstreamState upstream) {
    return Freshness.decide(
        clock.instant(),
        confirmedAt(grant),
        settings.lifetime(grant.authority()),
        upstream,
        CacheDirectives.NONE);
  }

  /** Returns a proof from a grant that is fresh. */
  public Optional<Authorised<RepoId>> remembered(Grant grant) {
    return decided(grant, UpstreamState.DOWN, EnumSet.of(Freshness.Decision.SERVE));
  }

  /**
   * Returns a proof from a grant under which a client is served without waiting for upstream.
   *
   * @param upstream whether the authoritative endpoint can be asked
   */
  public Optional<Authorised<RepoId>> remembered(Grant grant, UpstreamState upstream) {
    return decided(
        grant,
        upstream,
        EnumSet.of(Freshness.Decision.SERVE, Freshness.Decision.SERVE_AND_REFRESH));
  }

  /** Returns whether there is a grant that counts at least during an outage. */
  public boolean isKnown(Grant grant) {
    return decide(grant, UpstreamState.DOWN).servesAtOnce();
  }

  /**
   * Returns whether the repo was lately seen to be gated, by everybody or by this authority: then
   * repo info is no proof of the right to read its content.
   */
  public boolean isGated(RepoId repo, Authority authority) {
    return isSeenGated(repo, new Authority.Anonymous()) || isSeenGated(repo, authority);
  }

  /** Returns whether everybody was last shown the repo, but not its content, however long ago. */
  public boolean isOpenAsMetadata(RepoId repo) {
    Authority everybody = new Authority.Anonymous();
    return isKnown(new Grant(repo, everybody, ReadScope.METADATA))
        && !isKnown(new Grant(repo, everybody, ReadScope.CONTENT));
  }

  private boolean isSeenGated(RepoId repo, Authority authority) {
    return decideExactly(new Grant(repo, authority, ReadScope.METADATA), UpstreamState.DOWN)
        == Freshness.Decision.SERVE;
  }

  /** Returns a proof from an older grant, for a repo about which upstream gives no answer. */
  public Optional<Authorised<RepoId>> rememberedDuringOutage(
      OutageEvidence outage, Authority authority, ReadScope scope) {
    return decided(
        new Grant(outage.repo(), authority, scope),
        UpstreamState.DOWN,
        EnumSet.of(Freshness.Decision.SERVE, Freshness.Decision.SERVE_STALE));
  }

  /** Returns the proof for a client whom the operator's rules admit while there is no Hub. */
  public Authorised<RepoId> admit(RuleEvidence evidence) {
    return new Authorised<>(evidence.repo(), ReadScope.CONTENT, wasPublic(evidence.repo()));
  }

  /** Returns the proof for what was public of a repo, if the operator keeps such repos. */
  public Optional<Authorised<RepoId>> admit(RemovedEvidence evidence) {
    return settings.keepRemoved()
        ? Optional.of(new Authorised<>(evidence.repo(), ReadScope.CONTENT, true))
        : Optional.empty();
  }

  /** Returns whether everybody could read the repo when upstream last said who may. */
  public boolean wasPublic(RepoId repo) {
    return wasGranted(repo, new Authority.Anonymous(), ReadScope.CONTENT);
  }

  /**
   * Returns what is known of a repo from what everybody and this reader were ever granted; a repo
   * of which nothing is known counts as private and gated.
   */
  public RepoVisibility visibilityOfStored(RepoId repo, Authority reader) {
    return visibility(repo, reader, Duration.ofSeconds(Long.MAX_VALUE));
  }

  /**
   * Returns what is known of a repo now, if everybody's right to its metadata was asked for lately;
   * a repo of which nothing is known counts as private and gated.
   */
  public RepoVisibility visibility(RepoId repo, Authority reader) {
    return visibility(repo, reader, settings.publicTtlDuringOutage());
  }

  private RepoVisibility visibility(RepoId repo, Authority reader, Duration ttl) {
    Instant now = clock.instant();
    Authority anybody = new Authority.Anonymous();
    if (isWithin(new Grant(repo, anybody, ReadScope.CONTENT), ttl, now)) {
      return RepoVisibility.PUBLIC;
    }
    if (isWithin(new Grant(repo, anybody, ReadScope.METADATA), ttl, now)) {
      return RepoVisibility.GATED;
    }
    boolean open =
        wasGranted(repo, reader, ReadScope.CONTENT)
            && !wasGranted(repo, reader, ReadScope.METADATA);
    return open ? RepoVisibility.PRIVATE : RepoVisibility.PRIVATE_GATED;
  }

  private boolean wasGranted(RepoId repo, Authority authority, ReadScope scope) {
    return grants.confirmedAt(new Grant(repo, authority, scope)).isPresent();
  }

  private Optional<Authorised<RepoId>> decided(
      Grant grant, UpstreamState upstream, Set<Freshness.Decision> enough) {
    return Stream.of(of(grant, ReadScope.CONTENT), grant)
        .filter(held -> enough.contains(decideExactly(held, upstream)))
        .findFirst()
        .flatMap(AccessChecker::proof);
  }

  private boolean isWithin(Grant grant, Duration ttl, Instant now) {
    return confirmedAt(grant).filter(seen -> Freshness.isWithin(seen, ttl, now)).isPresent();
  }

  private Optional<Instant> confirmedAt(Grant grant) {
    Optional<Instant> seen = grants.confirmedAt(grant);
    return seen.filter(at -> at.isAfter(clock.instant())).isPresent()
        ? ageFutureGrant(grant)
        : seen;
  }

  /**
   * Gives an age to a grant from the future. It was stored by an earlier process, and the clock was
   * set back before this one began, so nobody knows how old it is. From the start of this process
   * it counts as run out: the Hub is asked, and if it gives no answer, the grant counts for what is
   * left of its time, as after a step back of a process that runs. That age is stored, so that
   * another start adds nothing.
   */
  private Optional<Instant> ageFutureGrant(Grant grant) {
    Instant aged = started.minus(settings.lifetime(grant.authority()).servedFor());
    ReentrantLock lock = stripe(grant.repo());
    lock.lock();
    try {
      // It may have been refused or confirmed meanwhile.
      Optional<Instant> seen = grants.confirmedAt(grant);
      if (seen.filter(at -> at.isAfter(clock.instant())).isEmpty()) {
        return seen;
      }
      grants.remember(grant, aged);
      return Optional.of(aged);
    } finally {
      lock.unlock();
    }
  }

  private static Grant of(Grant grant, ReadScope scope) {
    return new Grant(grant.repo(), grant.authority(), scope);
  }

  private static Optional<Authorised<RepoId>> proof(Grant grant) {
    boolean everybody = grant.authority() instanceof Authority.Anonymous;
    return Optional.of(new Authorised<>(grant.repo(), grant.scope(), everybody));
  }

  /**
   * Records the evidence and returns the proof that follows from it. The same evidence may be
   * passed any number of times. Evidence that everybody sees a repo as gated ends what everybody
   * was granted of its content.
   *
   * @return empty if the authority was refused after the question of this evidence began
   */
  public Optional<Authorised<RepoId>> admit(ReadEvidence evidence) {
    Grant grant = evidence.grant();
    if (refusals.overtake(grant, evidence.asked())) {
      return Optional.empty();
    }
    Instant now = clock.instant();
    // The clock may have been set back since the question began.
    Instant seen = evidence.asked().at().isAfter(now) ? now : evidence.asked().at();
    boolean closes =
        grant.scope() == ReadScope.METADATA && grant.authority() instanceof Authority.Anonymous;
    Grant content = of(grant, ReadScope.CONTENT);
    if (isNoted(grant, seen, now) && !(closes && grants.confirmedAt(content).isPresent())) {
      return proof(grant);
    }
    ReentrantLock lock = stripe(grant.repo());
    lock.lock();
    try {
      if (refusals.overtake(grant, evidence.asked())) {
        return Optional.empty();
      }
      if (closes && grants.confirmedAt(content).isPresent()) {
        refuse(content);
      }
      if (!isNoted(grant, seen, now)) {
        grants.remember(grant, seen);
      }
      return proof(grant);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Returns the proof for a blob of a repo. Only a caller that has learned from the manifest of a
   * commit of this repo, or from upstream's own answer about a file of it, that the repo names this
   * blob may call this; {@code mirror.EntryLookup} is the only one.
   *
   * @param repo the proof for the content of the repo that names the blob
   * @throws IllegalArgumentException if only the metadata of the repo may be read
   */
  public static AuthorisedBlob blob(Authorised<RepoId> repo, BlobId blob) {
    if (!repo.scope().covers(ReadScope.CONTENT)) {
      throw new IllegalArgumentException("the proof is for metadata only");
    }
    return new AuthorisedBlob(repo, blob);
  }

  /** Returns whether the recorded grant is as good as one from this moment. */
  private boolean isNoted(Grant grant, Instant seen, Instant now) {
    return grants
        .confirmedAt(grant)
        .filter(known -> !known.isAfter(now) && seen.isBefore(known.plus(STEP)))
        .isPresent();
  }

  /**
   * The authoritative endpoint refused an authority the repo, or its content only. What is refused
   * as a whole is refused in part too.
   */
  public void refused(Grant grant) {
    ReentrantLock lock = stripe(grant.repo());
    lock.lock();
    try {
      if (grant.scope() == ReadScope.METADATA) {
        refuse(grant);
      }
      refuse(of(grant, ReadScope.CONTENT));
    } finally {
      lock.unlock();
    }
  }

  /** Under the lock of the repo's stripe. */
  private void refuse(Grant grant) {
    refusals.add(grant, order.now());
    grants.forget(grant);
  }

  /** The authoritative endpoint no longer accepts this token, for whatever repo. */
  public void rejected(Authority.TokenHolder holder) {
    refusals.addAll(holder, order.now());
    // Whoever checked for refusals before that holds a lock until its grant is written. The grants
    // are removed afterwards: the disk must not keep all other repos waiting.
    stripes.forEach(ReentrantLock::lock);
    stripes.forEach(ReentrantLock::unlock);
    grants.forgetAll(holder);
  }

  /**
   * The name of a repo belongs to another one now: evidence from before is about the earlier one.
   * Its grants are for the caller to remove afterwards, with all else that is kept of it.
   */
  public void replaced(RepoId repo) {
    ReentrantLock lock = stripe(repo);
    lock.lock();
    try {
      refusals.addAll(repo, order.now());
    } finally {
      lock.unlock();
    }
  }

  private ReentrantLock stripe(RepoId repo) {
    return stripes.get(Math.floorMod(repo.hashCode(), STRIPES));
  }
}
