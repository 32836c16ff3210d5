package io.intrahub.cli;

/** The process can't do what it was started for. The message tells the operator what to change. */
final class StartException extends Exception {
  private static final long serialVersionUID = 1L;

  StartException(String message, Throwable cause) {
    super(message, cause);
  }

  StartException(String message) {
    super(message);
  }
}
