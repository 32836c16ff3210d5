package io.intrahub.config;

import java.util.List;
import java.util.stream.Collectors;

/** Thrown when the configuration is invalid. The message lists every problem, one per line. */
public final class ConfigException extends Exception {
  private static final long serialVersionUID = 1;

  /**
   * One problem.
   *
   * @param where where the value was set: {@code intrahub.yaml:4: server.port}, {@code
   *     INTRAHUB_SERVER_PORT} or {@code --port}
   * @param what what is wrong there and what was expected
   */
  public record Problem(String where, String what) {
    @Override
    public String toString() {
      return where + ": " + what;
    }
  }

  private final transient List<Problem> problems;

  ConfigException(List<Problem> problems) {
    super(message(problems));
    this.problems = List.copyOf(problems);
  }

  /** Returns all problems: of the file, then of the environment, then of the command line. */
  public List<Problem> problems() {
    return problems;
  }

  private static String message(List<Problem> problems) {
    String head =
        problems.size() == 1
            ? "There is a problem in the configuration:"
            : "There are " + problems.size() + " problems in the configuration:";
    return problems.stream()
        .map(problem -> "\n  " + problem)
        .collect(Collectors.joining("", head, ""));
  }
}
