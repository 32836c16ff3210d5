package io.intrahub.cli;

/** Finds what is worth telling in a chain of exceptions. */
final class RootCause {
  private RootCause() {}

  /** The message at the bottom of the chain. */
  static String root(Throwable e) {
    Throwable root = e;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return String.valueOf(root.getMessage());
  }
}
