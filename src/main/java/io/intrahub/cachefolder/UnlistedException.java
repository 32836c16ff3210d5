package io.intrahub.cachefolder;

import java.io.IOException;

/** The store's list of a commit's files can't be read. */
final class UnlistedException extends IOException {
  private static final long serialVersionUID = 1L;
  private final IOException why;

  UnlistedException(IOException why) {
    super(why);
    this.why = why;
  }

  IOException why() {
    return why;
  }
}
