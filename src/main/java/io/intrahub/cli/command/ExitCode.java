package io.intrahub.cli.command;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** The exit codes of all commands. Those above 63 are the ones of {@code sysexits.h}. */
public enum ExitCode {
  OK(0, "everything that was asked for is done"),
  INCOMPLETE(1, "a part is done; the messages name the rest"),
  USAGE(2, "the command line is wrong"),
  NOT_FOUND(66, "nothing of the repo or revision is stored"),
  UNAVAILABLE(69, "no mirror answers"),
  IO_ERROR(74, "a file can't be read or written; the same command continues"),
  CONFIG(78, "the configuration is wrong, or the store or a port can't be used");

  private final int status;
  private final String meaning;

  ExitCode(int status, String meaning) {
    this.status = status;
    this.meaning = meaning;
  }

  /** Returns the status of the process. */
  public int status() {
    return status;
  }

  /** Returns the code with this status of a process; empty if no command ends with it. */
  public static Optional<ExitCode> of(int status) {
    return Arrays.stream(values()).filter(code -> code.status == status).findFirst();
  }

  /** Returns the table that {@code --help} prints: the status as text, and its meaning. */
  public static Map<String, String> table() {
    Map<String, String> table = new LinkedHashMap<>();
    for (ExitCode code : values()) {
      table.put(String.valueOf(code.status), code.meaning);
    }
    return table;
  }
}
