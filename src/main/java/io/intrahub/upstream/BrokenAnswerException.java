package io.intrahub.upstream;

import java.io.IOException;

/** Upstream did not complete an answer whose head was right. */
public final class BrokenAnswerException extends IOException {
  private static final long serialVersionUID = 1L;

  private final transient UpstreamFailure failure;

  public BrokenAnswerException(UpstreamFailure failure, Exception cause) {
    super(failure.reason(), cause);
    this.failure = failure;
  }

  /** What to say of it. */
  public UpstreamFailure failure() {
    return failure;
  }
}
