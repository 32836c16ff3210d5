package io.intrahub.cli.pull;

/** What a mirror answered instead of what was asked for. */
final class MirrorErrorException extends Exception {
  private static final long serialVersionUID = 1L;

  /** What a mirror answers while the Hub stays away. */
  private static final int OUTAGE = 523;

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

  /** Whether the user may not read the repo: each of its files gets the same answer. */
  boolean isRefusal() {
    return status == 401 || status == 403;
  }

  /** Whether the mirror could not reach the Hub. */
  boolean isOutage() {
    return status == 504 || status == OUTAGE;
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
