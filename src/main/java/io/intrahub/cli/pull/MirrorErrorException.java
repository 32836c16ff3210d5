package io.intrahub.cli.pull;

/** What a mirror answered instead of what was asked for. */
final class MirrorErrorException extends Exception {
  private static final long serialVersionUID = 1L;

  private final int status;

  /**
   * With the mirror's own words.
   *
   * @param status of the answer
   * @param message printable, without a full stop
   */
  MirrorErrorException(int status, String message) {
    super(message);
    this.status = status;
  }

  /** Returns the status of the answer. */
  int status() {
    return status;
  }

  /** Returns the mirror's own words. */
  String text() {
    return String.valueOf(getMessage());
  }
}
