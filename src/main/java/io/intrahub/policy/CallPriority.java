package io.intrahub.policy;

/** How much a call to upstream matters when few more are allowed, the most important first. */
public enum CallPriority {
  /**
   * The answer says who may read a repo. A few calls are kept for that: without them, cold loads
   * would make grants run out.
   */
  CONFIRM(0),
  /** A client waits for the answer, and nothing stored can replace it. */
  CLIENT(50),
  /** A client could be served something stale instead. */
  REFRESH(10),
  /** No client waits: renewals ahead of time, and files that are fetched ahead. */
  BACKGROUND(4);

  /** Calls of this priority leave one in so many of a window's calls to others; 0: none. */
  private final int divisor;

  CallPriority(int divisor) {
    this.divisor = divisor;
  }

  /**
   * How many calls have to be left to calls that matter more.
   *
   * @param limit calls of a whole window
   */
  long reserve(long limit) {
    return divisor == 0 ? 0 : limit / divisor;
  }
}
