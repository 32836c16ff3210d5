package io.intrahub.cli.doctor;

/** Whether the process may open enough files and connections. */
public final class OpenFilesCheck implements Check {
  /** Connections to upstream, files of the store, libraries. */
  private static final long OTHER = 1_000;

  private final long limit;
  private final int connections;

  /**
   * Makes one.
   *
   * @param limit files and connections that the process may have open
   * @param connections {@code server.connections}
   */
  public OpenFilesCheck(long limit, int connections) {
    this.limit = limit;
    this.connections = connections;
  }

  @Override
  public String name() {
    return "open files";
  }

  @Override
  public String adviceWhenLate() {
    return "";
  }

  @Override
  public Finding run() {
    // A client that loads has a connection and a file of the store.
    long needed = 2L * connections + OTHER;
    String summary = "the limit is " + limit;
    return limit >= needed
        ? Finding.ok(summary)
        : Finding.warning(
            "%s; server.connections (%d) may need %d".formatted(summary, connections, needed),
            "Raise it (ulimit -n, LimitNOFILE= of systemd, --ulimit nofile= of Docker), or lower"
                + " server.connections.");
  }
}
