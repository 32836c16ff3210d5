package io.intrahub.cli;

import io.intrahub.cachefolder.ExportResult;
import io.intrahub.cli.command.Amounts;
import io.intrahub.cli.command.ExitCode;
import io.intrahub.cli.command.ReportOutput;
import io.intrahub.cli.command.StoredNames;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoPattern;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Tells what an export did. For one thread. */
final class ExportReport extends FolderReport {
  private final ArrayNode revisions;
  private String folder = "";

  /** Whether something is in the folder now, or could have been. */
  private boolean hasStored;

  private boolean hasExported;

  ExportReport(ReportOutput output) {
    super(output);
    this.revisions = result.putArray("revisions");
  }

  void begin(Path target, String how) {
    folder = target.toString();
    result.put("folder", folder);
    result.put("method", how);
    line("Writing to " + target + " " + how + ".");
  }

  /**
   * Notes a name of which nothing is stored.
   *
   * @param stored all repos of the store
   */
  void nothingStored(RepoPattern repo, List<RepoId> stored) {
    complete(false);
    revisions.addObject().put("repo", repo.toString()).put("error", "nothing of it is stored");
    error("Nothing is stored of " + repo + StoredNames.hint(repo, stored));
  }

  void done(ExportResult of) {
    switch (of) {
      case ExportResult.NotExported none -> notExported(none);
      case ExportResult.Exported exported -> exported(exported);
    }
  }

  private ObjectNode node(RepoId repo) {
    return revisions.addObject().put("type", repo.type().singular()).put("repo", repo.id());
  }

  private void notExported(ExportResult.NotExported none) {
    complete(false);
    hasStored |= none.isStored();
    node(none.repo()).put("revision", none.revision().value()).put("error", none.why());
    error(none.repo() + "@" + none.revision() + ": " + none.why());
  }

  private void exported(ExportResult.Exported done) {
    hasStored = true;
    hasExported = true;
    complete(done.missingCount() == 0 && done.listed() && !done.refKept());
    ObjectNode node =
        node(done.repo())
            .put("revision", done.revision().value())
            .put("commit", done.commit().hex())
            .put("files", done.present())
            .put("bytes", done.bytes())
            .put("added", done.added())
            .put("addedBytes", done.addedBytes())
            .put("missingCount", done.missingCount())
            .put("listed", done.listed())
            .put("refKept", done.refKept());
    ArrayNode missing = node.putArray("missing");
    done.missing()
        .forEach(
            file -> missing.addObject().put("path", file.path().value()).put("why", file.why()));
    String name = done.repo() + "@" + done.revision();
    line(
        "%s (%s): %s, %s; added %s, %s"
            .formatted(
                name,
                done.commit().hex().substring(0, 8),
                Amounts.count(done.present(), "file"),
                StatusTable.size(done.bytes()),
                Amounts.count(done.added(), "file"),
                StatusTable.size(done.addedBytes())));
    done.missing().stream()
        .limit(MAX_LINES)
        .forEach(file -> error(name + " lacks " + file.path() + ": " + file.why()));
    if (done.missingCount() > MAX_LINES) {
      error(name + " lacks " + (done.missingCount() - MAX_LINES) + " more files");
    }
    if (!done.listed()) {
      error(
          name
              + " may have more files: these were imported, and the Hub's list of them is not"
              + " stored. intrahub pull gets it, and the files that are missing");
    }
    if (done.refKept()) {
      error(
          name
              + " still leads to the commit exported before, which has files that the folder lacks"
              + " of the new one");
    }
  }

  void end() {
    end(hasExported ? "To load from it: HF_HUB_OFFLINE=1 HF_HUB_CACHE=" + folder : "");
  }

  /** Returns how the command ends. */
  ExitCode code() {
    if (!hasStored) {
      return ExitCode.NOT_FOUND;
    }
    return isComplete() ? ExitCode.OK : ExitCode.INCOMPLETE;
  }
}
