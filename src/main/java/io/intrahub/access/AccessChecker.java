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
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
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
  /** A grant is not recorded again within this time, because each file of a load confirms it. */
  private static final Duration STEP = Duration.ofSeconds(1);

  private final GrantStore grants;
  private final EventOrder order;
  private final LatestRefusals refusals = new LatestRefusals();

  private final Clock clock;
  private final Settings settings;
  private final GrantTimes times;
  private final List<Consumer<Authority.TokenHolder>> rejections = new CopyOnWriteArrayList<>();

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

    /**
     * Returns how long a grant of a token holder can count after it was last confirmed, at most.
     */
    public Duration longestTokenGrant() {
      Duration revalidated = grantTtl.plus(grantRevalidate);
      return revalidated.compareTo(grantGrace) > 0 ? revalidated : grantGrace;
    }

    Lifetime lifetime(Authority authority) {
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
    this.times = new GrantTimes(grants, clock, settings);
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
        times.confirmedAt(grant),
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

  /**
   * Returns how long ago upstream confirmed a grant, or the one of the content that covers it; not
   * negative, and empty if there is none.
   */
  public Optional<Duration> age(Grant grant) {
    return times
        .confirmedAt(of(grant, ReadScope.CONTENT))
        .or(() -> times.confirmedAt(grant))
        .map(at -> Duration.between(at, clock.instant()))
        .map(age -> age.isNegative() ? Duration.ZERO : age);
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
    // What a seed says of a repo may be from a time when it was private: no proof for everybody.
    boolean withSeeds = evidence.isWhateverItIs();
    boolean everybody = !withSeeds && wasPublic(evidence.repo());
    return new Authorised<>(evidence.repo(), ReadScope.CONTENT, everybody, withSeeds);
  }

  /** Returns the proof for what was public of a repo, if the operator keeps such repos. */
  public Optional<Authorised<RepoId>> admit(RemovedEvidence evidence) {
    return settings.keepRemoved()
        ? Optional.of(new Authorised<>(evidence.repo(), ReadScope.CONTENT, true, false))
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
    return times.confirmedAt(grant).filter(seen -> Freshness.isWithin(seen, ttl, now)).isPresent();
  }

  private static Grant of(Grant grant, ReadScope scope) {
    return new Grant(grant.repo(), grant.authority(), scope);
  }

  private static Optional<Authorised<RepoId>> proof(Grant grant) {
    boolean everybody = grant.authority() instanceof Authority.Anonymous;
    return Optional.of(new Authorised<>(grant.repo(), grant.scope(), everybody, false));
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
    ReentrantLock lock = times.lock(grant.repo());
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
    ReentrantLock lock = times.lock(grant.repo());
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
    times.awaitWriters();
    grants.forgetAll(holder);
    rejections.forEach(listener -> listener.accept(holder));
  }

  /** Has what is remembered for a token forgotten with its grants. */
  public void onRejected(Consumer<Authority.TokenHolder> listener) {
    rejections.add(listener);
  }

  /**
   * The name of a repo belongs to another one now: evidence from before is about the earlier one.
   * Its grants are for the caller to remove afterwards, with all else that is kept of it.
   */
  public void replaced(RepoId repo) {
    ReentrantLock lock = times.lock(repo);
    lock.lock();
    try {
      refusals.addAll(repo, order.now());
    } finally {
      lock.unlock();
    }
  }
}
