package io.intrahub.cli.command;

import java.io.PrintWriter;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/** Where a report goes. For one thread. */
public interface ReportOutput {
  /** A line about what was done. */
  void line(String text);

  /** A line about what was not done, without a full stop. */
  void error(String text);

  /**
   * The end.
   *
   * @param result all of it
   * @param complete whether all that was asked for was done
   * @param last a last line; empty if there is none
   */
  void end(ObjectNode result, boolean complete, String last);

  /**
   * Tells how far the work is. The next text takes the place of this one.
   *
   * @throws java.io.UncheckedIOException if nobody waits for the end any more
   */
  void progress(String text);

  /** Prints lines, or the result as one JSON object; progress on a terminal only. */
  final class Console implements ReportOutput {
    private static final String CLEAR = "\r\u001b[K";

    private final PrintWriter out;
    private final PrintWriter err;
    private final boolean json;
    private final boolean showsProgress;
    private boolean hasProgress;

    /**
     * Prints to these two.
     *
     * @param json whether nothing but the result is printed
     */
    public Console(PrintWriter out, PrintWriter err, boolean json) {
      this.out = out;
      this.err = err;
      this.json = json;
      this.showsProgress =
          !json
              && Optional.ofNullable(System.console())
                  .filter(java.io.Console::isTerminal)
                  .isPresent();
    }

    private void clear() {
      if (hasProgress) {
        err.print(CLEAR);
        err.flush();
        hasProgress = false;
      }
    }

    @Override
    public void line(String text) {
      if (!json) {
        clear();
        out.println(text);
        out.flush();
      }
    }

    @Override
    public void error(String text) {
      if (!json) {
        clear();
        err.println("intrahub: " + StoredNames.sentence(text));
        err.flush();
      }
    }

    @Override
    public void progress(String text) {
      if (showsProgress) {
        err.print(CLEAR + text);
        err.flush();
        hasProgress = true;
      }
    }

    @Override
    public void end(ObjectNode result, boolean complete, String last) {
      clear();
      if (json) {
        out.println(result);
      } else if (!last.isEmpty()) {
        out.println(last);
      }
      out.flush();
      err.flush();
    }
  }
}
