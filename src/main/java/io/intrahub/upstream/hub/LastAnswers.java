package io.intrahub.upstream.hub;

import io.intrahub.hub.RepoId;
import io.intrahub.upstream.UpstreamFailure;
import java.time.Clock;
import java.util.HashMap;
import java.util.Map;

/**
 * Adds to failures what people want to know in an outage: when the Hub last answered, and whether a
 * client gains nothing by asking again at once. Safe for use by many threads.
 */
final class LastAnswers {
  /** So many different repos do not fail for a reason of their own. */
  private static final int SEVERAL = 3;

  private static final int MOST_REPOS = 64;

  private final LastAnswer hub;
  private final LastAnswer usable;
  private final LastAnswer fileServers;
  private final Clock clock;

  /** Repos of which a call failed since the last usable answer. Guarded by itself. */
  private final Map<RepoId, LastAnswer> failing = new HashMap<>();

  /**
   * None has come yet.
   *
   * @param server which the endpoints are, in messages: {@code the Hub}
   */
  LastAnswers(String server, Clock clock) {
    this.clock = clock;
    hub =
        new LastAnswer(
            clock,
            server + " last answered at",
            server + " has not answered since this mirror started at");
    usable =
        new LastAnswer(
            clock,
            server + " last gave a usable answer at",
            server + " has given no usable answer since this mirror started at");
    fileServers =
        new LastAnswer(
            clock,
            "a file server of " + server + " last answered at",
            "no file server of " + server + " has answered since this mirror started at");
  }

  /** The head of an answer of an authoritative endpoint arrived, whatever it says. */
  void heardHub() {
    hub.heard();
  }

  /** An authoritative endpoint gave what was asked for, or refused it in the Hub's own form. */
  void gotUsable() {
    usable.heard();
    synchronized (failing) {
      failing.clear();
    }
  }

  /** The head of an answer of another server arrived, to which an endpoint had redirected. */
  void heardFileServer() {
    fileServers.heard();
  }

  /** Whether an authoritative endpoint has answered since the start. */
  boolean isThere() {
    return hub.isThere();
  }

  /**
   * One attempt of the mirror's own call at an authoritative endpoint failed. What is passed on
   * does not count: a client chose it.
   *
   * @return the same failure, and that it lasts and is not worth another attempt, if no call at all
   *     has had a usable answer for a while: a client must have its error before it gives up. The
   *     failures of one repo say so of that repo only, because a client can choose one that always
   *     fails. A question about who may read is always asked as often as may be, because its
   *     failure makes an old grant count.
   */
  UpstreamFailure attempted(UpstreamFailure failure, CallPurpose question) {
    if (question.repo().isEmpty() || !isUnusable(failure)) {
      return failure;
    }
    usable.failed();
    boolean lasts = isLasting(question.repo().get()) && usable.isMissing();
    return lasts && question.purpose() != CallPurpose.Purpose.CONFIRM
        ? failure.asFinal().asLasting()
        : failure;
  }

  /** Whether this repo has failed for a while, or several have. Notes that it failed now. */
  private boolean isLasting(RepoId repo) {
    synchronized (failing) {
      if (failing.size() == MOST_REPOS && !failing.containsKey(repo)) {
        return true;
      }
      LastAnswer own = failing.computeIfAbsent(repo, _ -> new LastAnswer(clock, "", ""));
      own.failed();
      return failing.size() >= SEVERAL || own.isMissing();
    }
  }

  /**
   * The same failure of an endpoint; if no answer came, or none of use, it also says when the last
   * one did, and whether that has lasted for more than a moment.
   */
  UpstreamFailure addTo(UpstreamFailure failure) {
    return switch (failure.kind()) {
      case UNREACHABLE, TIMED_OUT, BROKEN -> {
        hub.failed();
        // The breaker also refuses calls because the Hub answers each with an error.
        yield add(usable.isMissing() && !hub.isMissing() ? usable : hub, failure);
      }
      case SERVER_ERROR, UNEXPECTED_ANSWER ->
          failure.withReason(failure.reason() + "; " + usable.describe());
      case OFFLINE,
          STALE_ANSWER,
          CIRCULAR,
          RATE_LIMITED,
          INCOMPLETE_ANSWER,
          NO_REPO_INFO,
          BUSY,
          OVER_LIMIT,
          WRONG_CONTENT ->
          failure;
    };
  }

  /** The same for a failure to connect to a file server. */
  UpstreamFailure addToFileServer(UpstreamFailure failure) {
    fileServers.failed();
    return add(fileServers, failure);
  }

  private static UpstreamFailure add(LastAnswer last, UpstreamFailure failure) {
    UpstreamFailure told = failure.withReason(failure.reason() + "; " + last.describe());
    return last.isMissing() ? told.asLasting() : told;
  }

  private static boolean isUnusable(UpstreamFailure failure) {
    return failure.kind() == UpstreamFailure.Kind.SERVER_ERROR
        || failure.kind() == UpstreamFailure.Kind.UNEXPECTED_ANSWER;
  }
}
