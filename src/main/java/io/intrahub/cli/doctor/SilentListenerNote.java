package io.intrahub.cli.doctor;

import java.net.URI;

/** Says that whatever listens where the operator's listener is expected does not answer. */
public final class SilentListenerNote implements Check {
  private final URI operator;

  /**
   * Examines nothing more.
   *
   * @param operator the address that was asked
   */
  public SilentListenerNote(URI operator) {
    this.operator = operator;
  }

  @Override
  public String name() {
    return "mirror";
  }

  @Override
  public String adviceWhenLate() {
    return "";
  }

  @Override
  public Finding run() {
    return Finding.failed(
        "the server at " + operator + " does not answer",
        "If it is the mirror, it hangs or is overloaded: see its log, and restart it. Otherwise name"
            + " the operator's listener of the mirror with --admin-host and --admin-port.");
  }
}
