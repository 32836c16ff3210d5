package io.intrahub.cli;

import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import java.io.PrintWriter;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Prints what an export or import did: lines as it goes, or one JSON object at the end. For one
 * thread.
 */
abstract class FolderReport {
  /** How many files are named in a line of their own. */
  static final int MAX_LINES = 20;

  /** Files of this size are worth a line of their own, in bytes. */
  private static final long LARGE = 256L << 20;

  /** What {@code --json} prints. */
  final ObjectNode result = JsonMapper.shared().createObjectNode();

  private final PrintWriter out;
  private final PrintWriter err;
  private final boolean json;
  private boolean complete = true;

  FolderReport(PrintWriter out, PrintWriter err, boolean json) {
    this.out = out;
    this.err = err;
    this.json = json;
  }

  /** A file was added. */
  final void added(RepoId repo, FilePath path, long bytes) {
    if (bytes >= LARGE) {
      line("  " + repo + ": " + path + ", " + StatusTable.size(bytes));
    }
  }

  /** Notes whether a part of it is complete. */
  final void complete(boolean part) {
    complete &= part;
  }

  final boolean isComplete() {
    return complete;
  }

  /** Ends the output. */
  final void end(String last) {
    if (json) {
      out.println(result);
    } else if (!last.isEmpty()) {
      out.println(last);
    }
    out.flush();
    err.flush();
  }

  final void line(String text) {
    if (!json) {
      out.println(text);
      out.flush();
    }
  }

  final void error(String text) {
    if (!json) {
      err.println("intrahub: " + text + ".");
      err.flush();
    }
  }
}
