package io.intrahub.access;

import io.intrahub.hub.RepoId;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * The one place that says who may read a repo.
 *
 * <p>The rule of this release: only what an <em>anonymous</em> asker may read is ever kept, and
 * what is kept may be read by everybody. All else streams through with the asker's own token. So a
 * proof rests on a verdict "public" that upstream confirmed lately; a token holder's success never
 * makes one.
 *
 * <p>Safe for use by many threads; it holds no state but its store's.
 */
public final class AccessChecker {
  private final VerdictStore verdicts;
  private final Clock clock;
  private final Settings settings;

  /**
   * How long a verdict holds.
   *
   * @param publicTtl since upstream last confirmed it
   * @param publicTtlDuringOutage the same, while upstream gives no word on the repo; see {@link
   *     Outage}
   */
  public record Settings(Duration publicTtl, Duration publicTtlDuringOutage) {
    /** Ten minutes, and seven days while upstream is down. */
    public static final Settings DEFAULT = new Settings(Duration.ofMinutes(10), Duration.ofDays(7));
  }

  public AccessChecker(VerdictStore verdicts, Clock clock, Settings settings) {
    this.verdicts = verdicts;
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
  public Optional<Authorised<RepoId>> rememberedDuringOutage(Outage outage) {
    return within(outage.repo(), settings.publicTtlDuringOutage());
  }

  private Optional<Authorised<RepoId>> within(RepoId repo, Duration ttl) {
    Instant now = clock.instant();
    return verdicts
        .publicSince(repo)
        // A verdict from the future means that the clock was set back: it can't be trusted.
        .filter(seen -> !seen.isAfter(now) && seen.plus(ttl).isAfter(now))
        .map(seen -> new Authorised<>(repo));
  }

  /** Takes the evidence, remembers it, and gives the proof that follows from it. */
  public Authorised<RepoId> admit(AnonymousRead evidence) {
    verdicts.rememberPublic(evidence.repo(), clock.instant());
    return new Authorised<>(evidence.repo());
  }

  /** An authoritative upstream refused an anonymous asker. */
  public void refused(RepoId repo) {
    verdicts.forgetPublic(repo);
  }
}
