package io.intrahub.cli;

import io.intrahub.cli.command.CommandException;
import io.intrahub.cli.command.ExitCode;

/** Thrown when the process can't start. The message tells the operator what to change. */
final class StartException extends CommandException {
  private static final long serialVersionUID = 1L;

  StartException(String message, Throwable cause) {
    super(ExitCode.CONFIG, message, cause);
  }

  StartException(String message) {
    super(ExitCode.CONFIG, message);
  }
}
