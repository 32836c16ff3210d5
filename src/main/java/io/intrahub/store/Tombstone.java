package io.intrahub.store;

/**
 * What the Hub said when it no longer served a repo of which something is stored.
 *
 * @param kind what became of the repo
 * @param wasPublic whether everybody could read its content when the Hub last said who may
 * @param message the Hub's own words
 */
public record Tombstone(Kind kind, boolean wasPublic, String message) {
  /** What became of a repo. */
  public enum Kind {
    /** The Hub doesn't show it to everybody any more: it was deleted or made private. */
    MISSING,
    /** The Hub has disabled it. */
    DISABLED,
    /** It is there and not public any more: a token could read it, or it is gated. */
    CLOSED
  }

  /** Returns the same repo as one that is there and not public any more. */
  public Tombstone closed() {
    return new Tombstone(Kind.CLOSED, wasPublic, message);
  }
}
