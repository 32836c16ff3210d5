package io.intrahub.hub.json;

/** Thrown when a text is not the expected JSON, or none. The reason quotes nothing of the text. */
public final class MalformedJsonException extends Exception {
  private static final long serialVersionUID = 1L;

  private final String reason;
  private final boolean isOtherShape;

  MalformedJsonException(String reason) {
    this(reason, false);
  }

  private MalformedJsonException(String reason, boolean isOtherShape) {
    super(reason);
    this.reason = reason;
    this.isOtherShape = isOtherShape;
  }

  MalformedJsonException(String reason, Throwable cause) {
    super(reason, cause);
    this.reason = reason;
    this.isOtherShape = false;
  }

  /** The text is JSON as far as it was read, but not of the shape that is known. */
  static MalformedJsonException otherShape(String reason) {
    return new MalformedJsonException(reason, true);
  }

  /**
   * Whether the text is JSON as far as it was read, so that somebody who knows more than this class
   * may understand it. Reading it again brings nothing.
   */
  public boolean isOtherShape() {
    return isOtherShape;
  }

  /** Returns what is wrong, as a clause for a longer sentence. */
  public String reason() {
    return reason;
  }
}
