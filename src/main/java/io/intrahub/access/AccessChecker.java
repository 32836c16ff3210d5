package io.intrahub.access;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import io.intrahub.policy.Freshness;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/**
 * Decides who may read a repo. No other class does.
 *
 * <p>The rule of this release: only content that an <em>anonymous</em> client may read is stored,
 * and every client may read stored content. Everything else streams through with the client's own
 * token. A proof therefore rests on a verdict "public" that upstream confirmed recently; the
 * success of a token holder never creates one.
 *
 * <p>Answers may arrive in another order than their questions were asked. Evidence is rejected if
 * its question began before the newest refusal of the repo was learned, because the repo may have
 * been closed in between. A refusal always counts, however old its question is: which of the two
 * answers is newer cannot be known, and the only harm is one more question.
 *
 * <p>Safe for use by many threads.
 */
public final class AccessChecker {
  private static final int STRIPES = 256;

  /** A verdict is not recorded again within this time, because each file of a load confirms it. */
  private static final Duration STEP = Duration.ofSeconds(1);

  private final VerdictStore verdicts;
  private final EventOrder order;
  private final LatestRefusals refusals = new LatestRefusals();

  /**
   * Each guards the verdicts of some repos, so that no refusal arrives between the check for
   * refusals and the write of the verdict. Held while the store writes, as the store's lock for it
   * is.
   */
  private final List<ReentrantLock> stripes =
      Stream.generate(ReentrantLock::new).limit(STRIPES).toList();

  private final Clock clock;
  private final Settings settings;

  /**
   * How long a verdict holds.
   *
   * @param publicTtl counted from the start of the call with which upstream last confirmed it
   * @param publicTtlDuringOutage the same, while upstream gives no answer about the repo; see
   *     {@link OutageEvidence}
   */
  public record Settings(Duration publicTtl, Duration publicTtlDuringOutage) {
    /** Ten minutes, and seven days while upstream is down. */
    public static final Settings DEFAULT = new Settings(Duration.ofMinutes(10), Duration.ofDays(7));
  }

  /**
   * Creates a checker.
   *
   * @param order the same object with which upstream's adapter numbers evidence
   */
  public AccessChecker(VerdictStore verdicts, EventOrder order, Clock clock, Settings settings) {
    this.verdicts = verdicts;
    this.order = order;
    this.clock = clock;
    this.settings = settings;
  }

  /** Returns a proof from a verdict that is recent enough that upstream need not be asked. */
  public Optional<Authorised<RepoId>> remembered(RepoId repo) {
    return within(repo, settings.publicTtl());
  }

  /**
   * Returns whether a verdict holds for less than half of its time, so that it should be renewed.
   */
  public boolean isAging(RepoId repo) {
    return remembered(repo).isPresent()
        && within(repo, settings.publicTtl().dividedBy(2)).isEmpty();
  }

  /** Returns whether there is a verdict that counts at least during an outage. */
  public boolean isKnown(RepoId repo) {
    return within(repo, settings.publicTtlDuringOutage()).isPresent();
  }

  /** Returns a proof from an older verdict, for a repo about which upstream gives no answer. */
  public Optional<Authorised<RepoId>> rememberedDuringOutage(OutageEvidence outage) {
    return within(outage.repo(), settings.publicTtlDuringOutage());
  }

  private Optional<Authorised<RepoId>> within(RepoId repo, Duration ttl) {
    Instant now = clock.instant();
    return verdicts
        .publicSince(repo)
        .filter(seen -> Freshness.isWithin(seen, ttl, now))
        .map(seen -> new Authorised<>(repo));
  }

  /**
   * Records the evidence and returns the proof that follows from it. The same evidence may be
   * passed any number of times.
   *
   * @return empty if the repo was refused after the question of this evidence began
   */
  public Optional<Authorised<RepoId>> admit(AnonymousRead evidence) {
    RepoId repo = evidence.repo();
    if (refusals.overtake(repo, evidence.asked())) {
      return Optional.empty();
    }
    Instant now = clock.instant();
    // The clock may have been set back since the question began.
    Instant seen = evidence.asked().at().isAfter(now) ? now : evidence.asked().at();
    if (isNoted(repo, seen, now)) {
      return Optional.of(new Authorised<>(repo));
    }
    ReentrantLock lock = stripe(repo);
    lock.lock();
    try {
      if (refusals.overtake(repo, evidence.asked())) {
        return Optional.empty();
      }
      if (!isNoted(repo, seen, now)) {
        verdicts.rememberPublic(repo, seen);
      }
      return Optional.of(new Authorised<>(repo));
    } finally {
      lock.unlock();
    }
  }

  /**
   * Returns the proof for a blob of a repo. Only a caller that has learned from the manifest of a
   * commit of this repo, or from upstream's own answer about a file of it, that the repo names this
   * blob may call this; {@code mirror.EntryLookup} is the only one.
   *
   * @param repo the proof for the repo that names the blob
   */
  public static AuthorisedBlob blob(Authorised<RepoId> repo, BlobId blob) {
    return new AuthorisedBlob(repo, blob);
  }

  /** Returns whether the recorded verdict is as good as one from this moment. */
  private boolean isNoted(RepoId repo, Instant seen, Instant now) {
    return verdicts
        .publicSince(repo)
        .filter(known -> !known.isAfter(now) && seen.isBefore(known.plus(STEP)))
        .isPresent();
  }

  /** The authoritative endpoint refused an anonymous client. */
  public void refused(RepoId repo) {
    ReentrantLock lock = stripe(repo);
    lock.lock();
    try {
      refusals.add(repo, order.now());
      verdicts.forgetPublic(repo);
    } finally {
      lock.unlock();
    }
  }

  private ReentrantLock stripe(RepoId repo) {
    return stripes.get(Math.floorMod(repo.hashCode(), STRIPES));
  }
}
