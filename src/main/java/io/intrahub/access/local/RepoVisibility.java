package io.intrahub.access.local;

/** What the Hub says about who may see a repo and read its files. */
public enum RepoVisibility {
  /** Everybody may read it. */
  PUBLIC(false, false),
  /** Everybody may see it; its files need an accepted licence. */
  GATED(false, true),
  /** Only its members may know that it exists. */
  PRIVATE(true, false),
  /** Private, and its files need an accepted licence too. */
  PRIVATE_GATED(true, true);

  private final boolean hidden;
  private final boolean gated;

  RepoVisibility(boolean hidden, boolean gated) {
    this.hidden = hidden;
    this.gated = gated;
  }

  /** Returns the visibility of a repo with these members in its info. */
  public static RepoVisibility of(boolean isPrivate, boolean isGated) {
    if (isPrivate) {
      return isGated ? PRIVATE_GATED : PRIVATE;
    }
    return isGated ? GATED : PUBLIC;
  }

  /** Returns whether only members may know that the repo exists. */
  public boolean isPrivate() {
    return hidden;
  }

  /** Returns whether its files need an accepted licence. */
  public boolean isGated() {
    return gated;
  }
}
