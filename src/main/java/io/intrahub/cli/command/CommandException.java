package io.intrahub.cli.command;

/**
 * Ends a command. The message is one sentence or more for the operator: what happened, to what, and
 * what to do.
 */
public class CommandException extends Exception {
  private static final long serialVersionUID = 1L;

  private final ExitCode code;

  public CommandException(ExitCode code, String message) {
    super(message);
    this.code = code;
  }

  public CommandException(ExitCode code, String message, Throwable cause) {
    super(message, cause);
    this.code = code;
  }

  /** Returns the exit code of the process. */
  public ExitCode code() {
    return code;
  }
}
