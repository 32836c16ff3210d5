package io.intrahub.cli;

/** Finds the message at the end of a chain of exceptions. */
final class RootCause {
  private RootCause() {}

  /** Returns the message of the last cause. */
  static String root(Throwable e) {
    Throwable root = e;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return String.valueOf(root.getMessage());
  }
}
