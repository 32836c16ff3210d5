package io.intrahub.cli.pull;

import java.io.PrintWriter;
import java.util.Arrays;

/**
 * The last lines of a terminal, which are drawn again and again. Needs a terminal that knows the
 * escape sequences of ANSI. Safe for use by many threads.
 */
final class BarArea implements AutoCloseable {
  private static final String CLEAR_BELOW = "\u001b[J";

  private final PrintWriter terminal;

  /** Guarded by this; an empty line is not drawn. */
  private final String[] lines;

  /** How many lines are on the terminal. Guarded by this. */
  private int drawn;

  /** Guarded by this. */
  private boolean closed;

  BarArea(PrintWriter terminal, int lines) {
    this.terminal = terminal;
    this.lines = new String[lines];
    Arrays.fill(this.lines, "");
  }

  /**
   * Changes a line.
   *
   * @param text printable, and no wider than the terminal; empty: none
   */
  synchronized void set(int line, String text) {
    if (!closed) {
      lines[line] = text;
      draw("");
    }
  }

  /** Prints a line that stays, above the area. */
  synchronized void print(String text) {
    draw(text + "\n");
  }

  private void draw(String above) {
    StringBuilder all = new StringBuilder();
    if (drawn > 0) {
      all.append("\u001b[").append(drawn).append('A');
    }
    all.append('\r').append(CLEAR_BELOW).append(above);
    drawn = 0;
    for (String line : lines) {
      if (!line.isEmpty()) {
        all.append(line).append('\n');
        drawn++;
      }
    }
    terminal.print(all);
    terminal.flush();
  }

  /** Removes the lines, so that the next output begins where they were. */
  @Override
  public synchronized void close() {
    closed = true;
    Arrays.fill(lines, "");
    draw("");
  }
}
