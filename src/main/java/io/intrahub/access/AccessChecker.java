package io.intrahub.access;

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
 * The one place that says who may read a repo.
 *
 * <p>The rule of this release: only what an <em>anonymous</em> client may read is ever kept, and
 * what is kept may be read by everybody. All else streams through with the client's own token. So a
 * proof rests on a verdict "public" that upstream confirmed lately; a token holder's success never
 * makes one.
 *
 * <p>Answers may arrive in another order than their questions were asked. Evidence whose question
 * began before the newest refusal of the repo was learned is not admitted: the repo may have been
 * closed in between. A refusal always counts, however old its question is, because the two answers
 * can't be told apart in time and the only harm is one more question.
 *
 * <p>Safe for use by many threads.
 */
public final class AccessChecker {
  private static final int STRIPES = 256;

  /** A verdict is not noted again for this long: each file of a load brings one. */
  private static final Duration STEP = Duration.ofSeconds(1);

  private final VerdictStore verdicts;
  private final EventOrder order;
  private final LatestRefusals refusals = new LatestRefusals();

  /**
   * Each guards the verdicts of some repos against a refusal between the look at the refusals and
   * the write of the verdict. Held while the store writes, as its own lock for the verdict is.
   */
  private final List<ReentrantLock> stripes =
      Stream.generate(ReentrantLock::new).limit(STRIPES).toList();

  private final Clock clock;
  private final Settings settings;

  /**
   * How long a verdict holds.
   *
   * @param publicTtl since the question began that upstream last confirmed it with
   * @param publicTtlDuringOutage the same, while upstream gives no word on the repo; see {@link
   *     OutageEvidence}
   */
  public record Settings(Duration publicTtl, Duration publicTtlDuringOutage) {
    /** Ten minutes, and seven days while upstream is down. */
    public static final Settings DEFAULT = new Settings(Duration.ofMinutes(10), Duration.ofDays(7));
  }

  /**
   * Makes one.
   *
   * @param order the one that upstream's adapter stamps evidence with
   */
  public AccessChecker(VerdictStore verdicts, EventOrder order, Clock clock, Settings settings) {
    this.verdicts = verdicts;
    this.order = order;
    this.clock = clock;
    this.settings = settings;
  }

  /** A proof from what is remembered, when it is recent enough that upstream need not be asked. */
  public Optional<Authorised<RepoId>> remembered(RepoId repo) {
    return within(repo, settings.publicTtl());
  }

  /**
   * Whether a verdict still holds, but for less than half of its time: it should be renewed now.
   */
  public boolean isAging(RepoId repo) {
    return remembered(repo).isPresent()
        && within(repo, settings.publicTtl().dividedBy(2)).isEmpty();
  }

  /** Whether a verdict is there that counts in an outage at least. */
  public boolean isKnown(RepoId repo) {
    return within(repo, settings.publicTtlDuringOutage()).isPresent();
  }

  /** A proof from what is remembered, for a repo that upstream gives no word on. */
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
   * Takes the evidence, remembers it, and gives the proof that follows from it. The same evidence
   * may be given any number of times.
   *
   * @return empty when the repo was refused after the question of this evidence began
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

  /** Whether a verdict is there that is as good as one from this moment. */
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
