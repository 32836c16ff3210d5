package io.intrahub.hub.json;

/** The text is not the JSON that the Hub sends here. Its reason quotes nothing of it. */
public final class MalformedJsonException extends Exception {
  private static final long serialVersionUID = 1L;

  private final String reason;

  MalformedJsonException(String reason) {
    super(reason);
    this.reason = reason;
  }

  MalformedJsonException(String reason, Throwable cause) {
    super(reason, cause);
    this.reason = reason;
  }

  /** What is wrong, as a clause for a longer sentence. */
  public String reason() {
    return reason;
  }
}
