package io.intrahub.hub.json;

/** Thrown when a text is not the expected JSON. The reason quotes nothing of the text. */
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

  /** Returns what is wrong, as a clause for a longer sentence. */
  public String reason() {
    return reason;
  }
}
