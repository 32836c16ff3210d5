package io.intrahub.upstream.hub;

import io.intrahub.hub.RepoId;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Remembers that an endpoint does not answer, so that nobody waits for a failure that is known to
 * come. Only the mirror's own questions count ({@link CallPurpose}): neither an answer nor a
 * failure of a call that is passed on to a client changes anything here.
 *
 * <p>There are three kinds of failure:
 *
 * <ul>
 *   <li><b>Unreachable</b>: no connection came about. After {@value #FAILURES_TO_OPEN} in a row the
 *       breaker is open and all calls are refused.
 *   <li><b>Silent</b>: there was a connection, and no answer within the time-out. After {@value
 *       #FAILURES_TO_OPEN} in a row, with no answer to any question in between, all calls are
 *       refused but those that are passed on or confirm who may read. The endpoint does not count
 *       as unreachable: silence never makes an expired grant believed.
 *   <li><b>Troubled</b>: the endpoint answered 5xx, too late, or broke the answer off. That may be
 *       the fault of the one repo that was asked about. After {@value #FAILURES_TO_OPEN} in a row
 *       about {@value #REPOS_TO_OPEN} different repos or more, calls about the repos that failed
 *       are refused. Calls about any other repo are made, and the first answer ends the trouble. A
 *       client that asks for what is known to fail can thus delay no repo but that one.
 * </ul>
 *
 * <p>From time to time one of the refused calls is let through as a probe, at first after 5
 * seconds, then after twice as long each time, 60 seconds at most. One answer closes the breaker.
 * {@link CallPurpose.Purpose#CONFIRM} is refused only while the endpoint is unreachable, because
 * who may read a repo is decided by the answer to that repo's own question.
 *
 * <p>Safe for use by many threads; the monitor of this object guards all fields and is held for no
 * I/O.
 */
final class CircuitBreaker {
  private static final int FAILURES_TO_OPEN = 5;
  private static final int REPOS_TO_OPEN = 3;
  private static final int MAX_REPOS = 1_000;
  private static final Duration FIRST_PAUSE = Duration.ofSeconds(5);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(60);

  private final Clock clock;
  private final FailureStreak connections = new FailureStreak();
  private final FailureStreak silences = new FailureStreak();
  private final FailureStreak answers = new FailureStreak();

  /** Whether connecting fails until the operator changes something. */
  private boolean needsOperator;

  /** The repos of the failures in {@link #answers}, the oldest first. */
  private final Set<RepoId> troubled = new LinkedHashSet<>();

  CircuitBreaker(Clock clock) {
    this.clock = clock;
  }

  /** Whether the endpoint is unreachable and all calls are refused now. Changes nothing. */
  synchronized boolean isOpen() {
    return connections.areRefused(clock.instant());
  }

  /** Whether the endpoint takes connections and answers nobody, so that calls are refused now. */
  synchronized boolean isSilent() {
    return silences.areRefused(clock.instant());
  }

  /**
   * Whether a call may be made. Unless it is passed on to a client, or the mirror itself was at
   * fault, its outcome must be reported by {@link #answered}, {@link #unreachable}, {@link #silent}
   * or {@link #troubled}.
   */
  synchronized boolean tryAcquire(CallPurpose question) {
    Instant now = clock.instant();
    if (question.purpose() == CallPurpose.Purpose.PASS_ON) {
      // Not as a probe: nothing would come of it.
      return !connections.areRefused(now);
    }
    if (connections.hasReachedLimit()) {
      return connections.tryProbe(now);
    }
    if (silences.hasReachedLimit() && question.purpose() != CallPurpose.Purpose.CONFIRM) {
      return silences.tryProbe(now);
    }
    boolean inTrouble =
        answers.hasReachedLimit()
            && troubled.size() >= REPOS_TO_OPEN
            && question.repo().filter(troubled::contains).isPresent();
    return question.purpose() == CallPurpose.Purpose.CONFIRM || !inTrouble || answers.tryProbe(now);
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
    silences.end();
    answers.end();
    troubled.clear();
  }

  /**
   * No connection to the endpoint came about.
   *
   * @param why for a person
   * @param lasts whether that is so until the operator changes something
   */
  synchronized void unreachable(String why, boolean lasts) {
    connections.add(why, clock.instant());
    needsOperator = lasts;
  }

  /**
   * There was a connection, and no answer within the time-out.
   *
   * @param repo that was asked about
   * @param why for a person
   */
  synchronized void silent(RepoId repo, String why) {
    fail(repo, why);
    silences.add(why, clock.instant());
  }

  /**
   * There was a connection, but no usable answer: 5xx, or broken off.
   *
   * @param repo that was asked about
   * @param why for a person
   */
  synchronized void troubled(RepoId repo, String why) {
    fail(repo, why);
    silences.end();
  }

  private void fail(RepoId repo, String why) {
    connections.end();
    troubled.add(repo);
    if (troubled.size() > MAX_REPOS) {
      troubled.remove(troubled.iterator().next());
    }
    answers.add(why, clock.instant());
  }

  /** Failures in a row, and when the next probe is due. Guarded by the breaker's monitor. */
  private static final class FailureStreak {
    private int number;
    private Duration pause = FIRST_PAUSE;
    private Instant nextProbe = Instant.MIN;
    private String reason = "it did not answer";

    /** Whether a probe is on its way, whose failure makes the next pause longer. */
    private boolean probing;

    boolean hasReachedLimit() {
      return number >= FAILURES_TO_OPEN;
    }

    boolean areRefused(Instant now) {
      return hasReachedLimit() && isTooEarly(now);
    }

    /** A pause that seems longer than any means that the clock was set back: then it is over. */
    private boolean isTooEarly(Instant now) {
      return now.isBefore(nextProbe) && !now.plus(LONGEST_PAUSE).isBefore(nextProbe);
    }

    boolean tryProbe(Instant now) {
      if (isTooEarly(now)) {
        return false;
      }
      // The next one waits for what this probe finds, or for as long again if it never comes back.
      nextProbe = now.plus(pause);
      probing = true;
      return true;
    }

    void add(String why, Instant now) {
      reason = why;
      number++;
      if (number == FAILURES_TO_OPEN) {
        nextProbe = now.plus(pause);
      } else if (number > FAILURES_TO_OPEN && probing) {
        // Failures of calls that were under way when it opened say nothing new: were each to make
        // the pause longer, a load of many files would put the first probe off to the longest.
        probing = false;
        Duration doubled = pause.multipliedBy(2);
        pause = doubled.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : doubled;
        nextProbe = now.plus(pause);
      }
    }

    void end() {
      number = 0;
      probing = false;
      pause = FIRST_PAUSE;
      nextProbe = Instant.MIN;
    }

    String why(Instant now) {
      long seconds = Math.max(1, Duration.between(now, nextProbe).toSeconds());
      return reason + ", " + number + " times in a row; it is asked again in " + seconds + " s";
    }
  }
}
