package io.intrahub.cli;

import io.intrahub.cli.command.ReportOutput;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Tells what an export or import does: lines as it goes, and the whole result at the end. For one
 * thread.
 */
abstract class FolderReport {
  /** How many files are named in a line of their own. */
  static final int MAX_LINES = 20;

  /** Files of this size are worth a line of their own, in bytes. */
  private static final long LARGE = 256L << 20;

  /** What is told at the end. */
  final ObjectNode result = JsonMapper.shared().createObjectNode();

  private final ReportOutput output;
  private boolean complete = true;

  FolderReport(ReportOutput output) {
    this.output = output;
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
    output.end(result, complete, last);
  }

  final void line(String text) {
    output.line(text);
  }

  final void error(String text) {
    output.error(text);
  }
}
