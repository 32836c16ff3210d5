package io.intrahub.upstream;

import java.time.Duration;
import java.util.Optional;

/**
 * Why upstream gave no usable answer. This is never "not found": a client remembers that for ever.
 *
 * @param kind what sort of failure
 * @param reason for a person, without names of secrets: what happened
 * @param isTransient whether it is worth asking again at once
 * @param retryAfter when upstream wants to be asked again, if it said so
 * @param needsOperator whether it lasts until the operator changes something, which {@code reason}
 *     names
 * @param isLasting whether upstream has not answered for so long that a client gains nothing by
 *     asking again at once
 * @param isUnsent whether a limit that was known kept the mirror from making the call, so that the
 *     failure says nothing new about upstream
 */
public record UpstreamFailure(
    Kind kind,
    String reason,
    boolean isTransient,
    Optional<Duration> retryAfter,
    boolean needsOperator,
    boolean isLasting,
    boolean isUnsent) {
  /** Sorts of failure, as far as the answer to the client differs. */
  public enum Kind {
    /** The operator switched upstream off. */
    OFFLINE,
    /** No connection, or the breaker is open. */
    UNREACHABLE,
    /** A connection, and no answer in time. */
    TIMED_OUT,
    /** A connection that broke before the answer was whole. */
    BROKEN,
    /** An answer of 5xx. */
    SERVER_ERROR,
    /**
     * An answer from the store of another mirror that could not ask the Hub. It confirms nothing,
     * but may be passed on.
     */
    STALE_ANSWER,
    /** The endpoint leads back to this mirror, so nobody asks the Hub. */
    CIRCULAR,
    /** An answer of 429: it is well, and wants to be asked less. */
    RATE_LIMITED,
    /** An answer that is not the Hub's: a login page, other bytes than announced. */
    UNEXPECTED_ANSWER,
    /**
     * It found the file, but left out its commit, digest or size, as some mirrors do. The listing
     * may name them.
     */
    INCOMPLETE_ANSWER,
    /**
     * A success that is no repo info, although that was asked for: the path may be one of the API's
     * that is about no repo. It proves nothing, but may be passed on.
     */
    NO_REPO_INFO,
    /**
     * It was not asked, or its answer was not read, because too many others wait or because the
     * mirror lacks memory or file descriptors. It says nothing about upstream.
     */
    BUSY,
    /** It was not asked, because the client has asked too much of it lately. */
    OVER_LIMIT,
    /** Other bytes than announced, and not for the first time. */
    WRONG_CONTENT
  }

  /** Whether upstream could not be reached, or could not answer. */
  public boolean isOutage() {
    return switch (kind) {
      case OFFLINE, UNREACHABLE, TIMED_OUT, BROKEN, SERVER_ERROR, STALE_ANSWER, CIRCULAR -> true;
      case RATE_LIMITED,
          UNEXPECTED_ANSWER,
          INCOMPLETE_ANSWER,
          NO_REPO_INFO,
          BUSY,
          OVER_LIMIT,
          WRONG_CONTENT ->
          false;
    };
  }

  /** As {@link UpstreamResult#isFailureOfBeginner}. */
  public boolean isOfBeginner() {
    return kind == Kind.BUSY || kind == Kind.CIRCULAR;
  }

  /** The same failure, after it was asked again often enough. */
  public UpstreamFailure asFinal() {
    return new UpstreamFailure(kind, reason, false, retryAfter, needsOperator, isLasting, isUnsent);
  }

  /** The same failure, which is worth asking again after the time that upstream named. */
  public UpstreamFailure asTransient() {
    return new UpstreamFailure(kind, reason, true, retryAfter, needsOperator, isLasting, isUnsent);
  }

  /** The same failure, to be asked again after this time. */
  public UpstreamFailure withRetryAfter(Duration wait) {
    return new UpstreamFailure(
        kind, reason, isTransient, Optional.of(wait), needsOperator, isLasting, isUnsent);
  }

  /** The same failure, described in other words. */
  public UpstreamFailure withReason(String words) {
    return new UpstreamFailure(
        kind, words, isTransient, retryAfter, needsOperator, isLasting, isUnsent);
  }

  /** The same failure, of an upstream that has not answered for a while. */
  public UpstreamFailure asLasting() {
    return new UpstreamFailure(
        kind, reason, isTransient, retryAfter, needsOperator, true, isUnsent);
  }

  /** The same failure, of a call that was not made because the limit was known. */
  public UpstreamFailure asUnsent() {
    return new UpstreamFailure(
        kind, reason, isTransient, retryAfter, needsOperator, isLasting, true);
  }

  /** A failure of a call that was made. */
  public UpstreamFailure(
      Kind kind,
      String reason,
      boolean isTransient,
      Optional<Duration> retryAfter,
      boolean needsOperator,
      boolean isLasting) {
    this(kind, reason, isTransient, retryAfter, needsOperator, isLasting, false);
  }

  /** A failure of which nothing is known to last. */
  public UpstreamFailure(
      Kind kind,
      String reason,
      boolean isTransient,
      Optional<Duration> retryAfter,
      boolean needsOperator) {
    this(kind, reason, isTransient, retryAfter, needsOperator, false);
  }

  /** A failure that the operator can do nothing about. */
  public UpstreamFailure(
      Kind kind, String reason, boolean isTransient, Optional<Duration> retryAfter) {
    this(kind, reason, isTransient, retryAfter, false);
  }

  /** A failure of which upstream said nothing more. */
  public UpstreamFailure(Kind kind, String reason) {
    this(
        kind,
        reason,
        kind == Kind.SERVER_ERROR || kind == Kind.RATE_LIMITED || kind == Kind.UNEXPECTED_ANSWER,
        Optional.empty());
  }
}
