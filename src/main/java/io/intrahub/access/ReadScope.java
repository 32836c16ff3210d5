package io.intrahub.access;

/** How much of a repo may be read. */
public enum ReadScope {
  /** That it exists, repo info, and listings: what the Hub shows of a gated repo to everybody. */
  METADATA,

  /** All of that, and the bytes of its files. */
  CONTENT;

  /** Returns whether who may read this much may read that much. */
  public boolean covers(ReadScope other) {
    return compareTo(other) >= 0;
  }
}
