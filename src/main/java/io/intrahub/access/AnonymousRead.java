package io.intrahub.access;

import io.intrahub.hub.RepoId;

/**
 * Evidence that upstream let an anonymous client read the content of this repo: an anonymous first
 * hop of a file, or repo info seen anonymously as neither private nor gated.
 *
 * <p>The checker believes it, so only upstream's own adapter may call {@link #witnessed}: it knows
 * that no token was sent with the call. A test enforces this rule.
 */
public final class AnonymousRead {
  private final RepoId repo;
  private final EventOrder.Moment asked;

  private AnonymousRead(RepoId repo, EventOrder.Moment asked) {
    this.repo = repo;
    this.asked = asked;
  }

  /**
   * Creates evidence. For upstream's adapter only; see the class comment.
   *
   * @param asked a moment before the call was sent
   */
  public static AnonymousRead witnessed(RepoId repo, EventOrder.Moment asked) {
    return new AnonymousRead(repo, asked);
  }

  /** Returns the repo that was read, with the id that upstream uses. */
  public RepoId repo() {
    return repo;
  }

  /** Returns when the question began: anything learned later may be newer than the answer. */
  public EventOrder.Moment asked() {
    return asked;
  }
}
