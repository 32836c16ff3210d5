package io.intrahub.access;

import io.intrahub.hub.RepoId;

/**
 * Evidence that upstream let an anonymous client read the content of this repo: an anonymous first
 * hop of a file, or repo info seen anonymously as neither private nor gated.
 *
 * <p>The checker believes it, so who may call {@link #witnessed} is part of the safety of the
 * mirror: upstream's own adapter only, which knows that no token went with the call. A test holds
 * this rule.
 */
public final class AnonymousRead {
  private final RepoId repo;
  private final EventOrder.Moment asked;

  private AnonymousRead(RepoId repo, EventOrder.Moment asked) {
    this.repo = repo;
    this.asked = asked;
  }

  /**
   * For upstream's adapter only; see the class comment.
   *
   * @param asked a moment before the call was sent
   */
  public static AnonymousRead witnessed(RepoId repo, EventOrder.Moment asked) {
    return new AnonymousRead(repo, asked);
  }

  /** The repo that was read, under the id by which upstream knows it. */
  public RepoId repo() {
    return repo;
  }

  /** When the question began: what was learned after this may be newer than the answer. */
  public EventOrder.Moment asked() {
    return asked;
  }
}
