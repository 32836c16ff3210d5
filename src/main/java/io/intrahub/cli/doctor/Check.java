package io.intrahub.cli.doctor;

import java.time.Duration;
import java.util.List;

/** One thing that {@code doctor} looks at. Used by one thread. */
public interface Check {
  /** Its name, which no other check has. */
  String name();

  /** Names of earlier checks without which this one can find nothing. */
  default List<String> needs() {
    return List.of();
  }

  /** How long it may take. After that its thread is interrupted. */
  default Duration limit() {
    return Duration.ofSeconds(12);
  }

  /** What to change if it takes longer than that. */
  String adviceWhenLate();

  /**
   * Looks.
   *
   * @throws InterruptedException when it took too long
   */
  Finding run() throws InterruptedException;
}
