package io.intrahub.cli.command;

import java.io.PrintWriter;
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

  /** Prints lines, or the result as one JSON object. */
  record Console(PrintWriter out, PrintWriter err, boolean json) implements ReportOutput {
    @Override
    public void line(String text) {
      if (!json) {
        out.println(text);
        out.flush();
      }
    }

    @Override
    public void error(String text) {
      if (!json) {
        err.println("intrahub: " + text + ".");
        err.flush();
      }
    }

    @Override
    public void end(ObjectNode result, boolean complete, String last) {
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
