package io.intrahub.upstream.hub;

import io.intrahub.hub.RepoId;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * Remembers that an endpoint does not answer, so that nobody waits for a failure that is known to
 * come. Only the mirror's own questions count ({@link CallPurpose}): a call that is passed on to a
 * client never makes an endpoint count as failing. It may be the probe that finds an unreachable
 * endpoint reachable again.
 *
 * <p>There are three kinds of failure:
 *
 * <ul>
 *   <li><b>Unreachable</b>: no connection came about. After {@value #FAILURES_TO_OPEN} in a row the
 *       breaker is open and all calls are refused.
 *   <li><b>Silent</b>: there was a connection, and no answer within the time-out. After {@value
 *       #FAILURES_TO_OPEN} in a row, with no answer to any question in between, or as soon as
 *       {@value #SILENT_TO_OPEN} have timed out or wait for {@value #OVERDUE_SECONDS} seconds while
 *       the endpoint answers nothing at all, all calls are refused but those that are passed on or
 *       confirm who may read. The endpoint does not count as unreachable: silence never makes an
 *       expired grant believed.
 *   <li><b>Troubled</b>: the endpoint answered 5xx, too late, or broke the answer off. That may be
 *       the fault of the one repo that was asked about. After {@value #FAILURES_TO_OPEN} in a row
 *       about {@value #REPOS_TO_OPEN} different repos or more, calls about the repos that failed
 *       are refused. Calls about any other repo are made, and the first answer ends the trouble. A
 *       client that asks for what is known to fail can thus delay no repo but that one.
 * </ul>
 *
 * <p>One of the refused calls is let through as a probe when the one before it has ended and
 * {@value #PROBE_SECONDS} seconds have passed since. One answer closes the breaker. What can be
 * served without a call waits longer: {@link #isOpen} and {@link #isSilent} hold for 5 seconds,
 * then for twice as long after each probe, 60 seconds at most, so that a warm load seldom has to
 * find out.
 *
 * <p>{@link CallPurpose.Purpose#CONFIRM} is refused only while the endpoint is unreachable, because
 * who may read a repo is decided by the answer to that repo's own question. If another endpoint can
 * answer it, a silent one is not waited for.
 *
 * <p>Safe for use by many threads; the monitor of this object guards all fields and is held for no
 * I/O.
 */
final class CircuitBreaker {
  static final int FAILURES_TO_OPEN = 5;
  private static final int REPOS_TO_OPEN = 3;
  private static final int MAX_REPOS = 1_000;
  private static final int PROBE_SECONDS = 2;
  static final Duration PROBE_PAUSE = Duration.ofSeconds(PROBE_SECONDS);

  /** An answer that takes longer is more than most clients wait for. */
  private static final int OVERDUE_SECONDS = 4;

  static final Duration OVERDUE = Duration.ofSeconds(OVERDUE_SECONDS);
  private static final int SILENT_TO_OPEN = 3;

  private final Clock clock;
  private final FailureStreak connections = new FailureStreak();
  private final FailureStreak silences = new FailureStreak();
  private final FailureStreak answers = new FailureStreak();

  /** The mirror's own attempts that have not ended. */
  private final Set<Attempt> waiting = new HashSet<>();

  /** How many answers have begun, to whatever call. */
  private long heard;

  /** Whether calls are refused because of {@link #fellSilent}, and not because of failures. */
  private boolean isMute;

  /** Whether connecting fails until the operator changes something. */
  private boolean needsOperator;

  /** The repos of the failures in {@link #answers}, the oldest first. */
  private final Set<RepoId> troubled = new LinkedHashSet<>();

  /** An attempt of a call, from {@link #began} to {@link #ended}. Compared by identity. */
  static final class Attempt {
    private final Instant began;

    /** How many answers had begun before it. */
    private final long heardBefore;

    private Attempt(Instant began, long heardBefore) {
      this.began = began;
      this.heardBefore = heardBefore;
    }
  }

  /**
   * Leave to make one call, which may be the probe. The outcome is reported with it, because only
   * the call that is the probe may end the probe without an answer. Compared by identity.
   */
  static final class Admission {
    /** If it is a probe: completed when the outcome of the probe has been reported. */
    final CompletableFuture<Void> ended = new CompletableFuture<>();
  }

  /**
   * What a call finds.
   *
   * @param admission empty if it is refused
   * @param probe under way, for which a refused call may wait
   */
  record Entry(Optional<Admission> admission, Optional<CompletableFuture<Void>> probe) {}

  CircuitBreaker(Clock clock) {
    this.clock = clock;
  }

  /** Whether the endpoint is unreachable and all calls are refused now. Changes nothing. */
  synchronized boolean isOpen() {
    return connections.areRefused(clock.instant());
  }

  /** Whether it refuses no call, not even until a probe that is due has been made. */
  synchronized boolean isWell() {
    noticeSilence();
    return !connections.hasReachedLimit() && !silences.hasReachedLimit();
  }

  /** Whether the endpoint takes connections and answers nobody, so that calls are refused now. */
  synchronized boolean isSilent() {
    noticeSilence();
    return silences.areRefused(clock.instant());
  }

  /** One of the mirror's own attempts begins; {@link #ended} must follow. */
  synchronized Attempt began() {
    Attempt attempt = new Attempt(clock.instant(), heard);
    waiting.add(attempt);
    return attempt;
  }

  /** An attempt ended, in whatever way. */
  synchronized void ended(Attempt attempt) {
    waiting.remove(attempt);
  }

  /** The head of an answer arrived, to whatever call. */
  synchronized void heard() {
    heard++;
  }

  /** The endpoint has answered nothing for as long as {@link SilenceMonitor} permits. */
  synchronized void fellSilent() {
    if (!silences.hasReachedLimit()) {
      silences.open("no answer to any call", clock.instant());
      isMute = true;
    }
  }

  /**
   * The endpoint answered the liveness check of {@link SilenceMonitor}. That says nothing of the
   * calls that it does not answer.
   */
  synchronized void answeredLivenessCheck() {
    if (isMute) {
      endSilence();
    }
  }

  /** Whether calls are refused because of {@link #fellSilent}. */
  synchronized boolean isMute() {
    return isMute;
  }

  private void endSilence() {
    silences.end();
    isMute = false;
  }

  /** Does not wait for the time-outs of calls that have waited in vain for too long already. */
  private void noticeSilence() {
    if (silences.hasReachedLimit()) {
      return;
    }
    Instant now = clock.instant();
    long overdue =
        waiting.stream()
            .filter(a -> a.heardBefore == heard && !now.isBefore(a.began.plus(OVERDUE)))
            .count();
    if (overdue > 0 && overdue + silences.number() >= SILENT_TO_OPEN) {
      silences.open("no answer to any call for " + OVERDUE_SECONDS + " s", now);
    }
  }

  /**
   * Admits a call, if it may be made. Its outcome must be reported by {@link #answered}, {@link
   * #unreachable}, {@link #silent} or {@link #troubled}, by {@link #passedOn} if it is passed on to
   * a client, or by {@link #abandoned} if it says nothing about the endpoint.
   */
  synchronized Optional<Admission> tryAcquire(CallPurpose question) {
    noticeSilence();
    Instant now = clock.instant();
    Admission admission = new Admission();
    // All calls that are passed on when the pause is over; before that one as a probe.
    boolean mayCall =
        question.purpose() == CallPurpose.Purpose.PASS_ON
            ? !connections.areRefused(now) || connections.tryProbe(admission, now)
            : refusing(question).map(streak -> streak.tryProbe(admission, now)).orElse(true);
    return mayCall ? Optional.of(admission) : Optional.empty();
  }

  /**
   * As {@link #tryAcquire}, for a call that another endpoint can answer. Silence refuses it
   * whatever it is for, unless it is the probe. A call that is passed on is never the probe of a
   * silent endpoint, because it says nothing about it.
   */
  synchronized Optional<Admission> tryAcquireUnlessSilent(CallPurpose question) {
    noticeSilence();
    if (connections.hasReachedLimit() || !silences.hasReachedLimit()) {
      return tryAcquire(question);
    }
    Instant now = clock.instant();
    Admission admission = new Admission();
    boolean mayCall =
        question.purpose() == CallPurpose.Purpose.PASS_ON
            ? !silences.areRefused(now)
            : silences.tryProbe(admission, now);
    return mayCall ? Optional.of(admission) : Optional.empty();
  }

  /**
   * Whether a call may be made, and if not, what it may wait for. Both are of one moment: a probe
   * that ends between two questions would be missed.
   */
  synchronized Entry enter(CallPurpose question) {
    Optional<Admission> admission = tryAcquire(question);
    return new Entry(admission, admission.isPresent() ? Optional.empty() : probe(question));
  }

  /** The failures because of which a call is refused unless it is a probe. */
  private Optional<FailureStreak> refusing(CallPurpose question) {
    if (connections.hasReachedLimit()) {
      return Optional.of(connections);
    }
    if (question.purpose() == CallPurpose.Purpose.CONFIRM
        || question.purpose() == CallPurpose.Purpose.PASS_ON) {
      return Optional.empty();
    }
    if (silences.hasReachedLimit()) {
      return Optional.of(silences);
    }
    boolean inTrouble =
        answers.hasReachedLimit()
            && troubled.size() >= REPOS_TO_OPEN
            && question.repo().filter(troubled::contains).isPresent();
    return inTrouble ? Optional.of(answers) : Optional.empty();
  }

  /**
   * The probe under way that a refused call may wait for.
   *
   * @return completed, with nothing, when the outcome of the probe has been reported; empty when
   *     there is none under way, or it has not been answered for {@value #OVERDUE_SECONDS} seconds
   */
  synchronized Optional<CompletableFuture<Void>> probe(CallPurpose question) {
    Instant now = clock.instant();
    return refusing(question).flatMap(streak -> streak.probe(now));
  }

  /**
   * Whether a call by the mirror itself would be made now, or would wait for a probe that is under
   * way.
   */
  synchronized boolean mayAsk() {
    noticeSilence();
    Instant now = clock.instant();
    FailureStreak refusing = connections.hasReachedLimit() ? connections : silences;
    return !refusing.hasReachedLimit() || refusing.probe(now).isPresent() || refusing.isDue(now);
  }

  /**
   * A call ended that was passed on to a client. While the endpoint is unreachable, it tells
   * whether a connection came about, which no client can feign; otherwise it counts for nothing.
   * One that finds the endpoint unreachable still makes the pause no longer.
   *
   * @param connected whether there was a connection
   */
  synchronized void passedOn(Admission admission, boolean connected) {
    if (!connections.hasReachedLimit()) {
      return;
    }
    if (connected) {
      connections.end();
    } else {
      connections.fail(admission);
    }
  }

  /** A call ended without saying anything about the endpoint: another one may be the probe now. */
  synchronized void abandoned(Admission admission) {
    connections.abandon(admission);
    silences.abandon(admission);
    answers.abandon(admission);
  }

  /** Why calls are refused now, and when the next one is let through: for a person. */
  synchronized String reason() {
    FailureStreak refusing =
        connections.hasReachedLimit()
            ? connections
            : silences.hasReachedLimit() ? silences : answers;
    return refusing.why(clock.instant());
  }

  /** Whether calls are refused for a {@link #reason} that the operator has to do away with. */
  synchronized boolean needsOperator() {
    return connections.hasReachedLimit() && needsOperator;
  }

  /** The endpoint answered, and not with 5xx. */
  synchronized void answered() {
    connections.end();
    endSilence();
    answers.end();
    troubled.clear();
  }

  /**
   * No connection to the endpoint came about.
   *
   * @param why for a person
   * @param lasts whether that is so until the operator changes something
   */
  synchronized void unreachable(Admission admission, String why, boolean lasts) {
    connections.add(admission, why, clock.instant());
    endProbe(admission);
    needsOperator = lasts;
  }

  /**
   * There was a connection, and no answer within the time-out.
   *
   * @param repo that was asked about
   * @param why for a person
   */
  synchronized void silent(Admission admission, RepoId repo, String why) {
    fail(admission, repo, why);
    silences.add(admission, why, clock.instant());
    endProbe(admission);
  }

  /**
   * There was a connection, but no usable answer: 5xx, or broken off.
   *
   * @param repo that was asked about
   * @param why for a person
   */
  synchronized void troubled(Admission admission, RepoId repo, String why) {
    fail(admission, repo, why);
    endSilence();
    endProbe(admission);
  }

  /**
   * There was a connection, but no usable answer, to a call that another one about the same repo
   * follows: that one's outcome counts.
   */
  synchronized void connected(Admission admission) {
    connections.end();
    endSilence();
    endProbe(admission);
  }

  private void endProbe(Admission admission) {
    connections.fail(admission);
    silences.fail(admission);
    answers.fail(admission);
  }

  private void fail(Admission admission, RepoId repo, String why) {
    connections.end();
    troubled.add(repo);
    if (troubled.size() > MAX_REPOS) {
      troubled.remove(troubled.iterator().next());
    }
    answers.add(admission, why, clock.instant());
  }
}
