package io.intrahub.cli.pull;

import io.intrahub.cli.command.Amounts;
import java.io.PrintWriter;

/** A line for each file that has ended, for logs and pipes. Safe for use by many threads. */
final class LineProgress implements PullProgress {
  private final PrintWriter out;
  private final PrintWriter err;

  /** What the workers do; each reads and writes its own line only. */
  private final String[] names;

  private final long[] sizes;

  LineProgress(PrintWriter out, PrintWriter err, int workers) {
    this.out = out;
    this.err = err;
    this.names = new String[workers];
    this.sizes = new long[workers];
  }

  @Override
  public void begin(int worker, String name, long size) {
    names[worker] = name;
    sizes[worker] = size;
  }

  @Override
  public void at(int worker, long bytes) {
    // Only the end is worth a line.
  }

  @Override
  public void done(int worker) {
    out.println("  " + names[worker] + ", " + Amounts.size(sizes[worker]));
    out.flush();
  }

  @Override
  public void failed(int worker, String why) {
    if (!why.isEmpty()) {
      err.println("intrahub: " + names[worker] + ": " + why + ".");
      err.flush();
    }
  }

  @Override
  public void close() {
    out.flush();
  }
}
