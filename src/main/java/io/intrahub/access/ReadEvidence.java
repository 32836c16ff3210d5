package io.intrahub.access;

/**
 * Evidence that the authoritative endpoint let an authority read a repo, or its metadata: the first
 * hop of a file, repo info, or {@code auth-check}.
 *
 * <p>The checker believes it, so only upstream's own adapter may call {@link #witnessed}: it knows
 * which token was sent with the call, if any. A test enforces this rule.
 */
public final class ReadEvidence {
  private final Grant grant;
  private final EventOrder.Moment asked;

  private ReadEvidence(Grant grant, EventOrder.Moment asked) {
    this.grant = grant;
    this.asked = asked;
  }

  /**
   * Creates evidence. For upstream's adapter only; see the class comment.
   *
   * @param grant what was read, and by whom. {@link ReadScope#METADATA} says that the repo was seen
   *     to be gated: that this authority may not read its content, or must prove it in another way.
   * @param asked a moment before the call was sent
   */
  public static ReadEvidence witnessed(Grant grant, EventOrder.Moment asked) {
    return new ReadEvidence(grant, asked);
  }

  /** Returns what was read and by whom. */
  public Grant grant() {
    return grant;
  }

  /** Returns when the question began: anything learned later may be newer than the answer. */
  public EventOrder.Moment asked() {
    return asked;
  }
}
