package io.intrahub.cli;

/** Thrown when the process can't start. The message tells the operator what to change. */
final class StartException extends Exception {
  private static final long serialVersionUID = 1L;

  StartException(String message, Throwable cause) {
    super(message, cause);
  }

  StartException(String message) {
    super(message);
  }
}
