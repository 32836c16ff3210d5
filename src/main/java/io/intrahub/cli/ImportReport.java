package io.intrahub.cli;

import io.intrahub.cachefolder.ImportResult;
import io.intrahub.cli.command.Amounts;
import io.intrahub.cli.command.ReportOutput;
import io.intrahub.cli.command.TerminalWriter;
import io.intrahub.hub.Revision;
import io.intrahub.store.StoreUsage;
import java.nio.file.Path;
import java.util.stream.Collectors;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Tells what an import did. For one thread. */
final class ImportReport extends FolderReport {
  private final ArrayNode repos;

  ImportReport(ReportOutput output) {
    super(output);
    this.repos = result.putArray("repos");
  }

  void begin(Path folder, String how) {
    result.put("folder", folder.toString()).put("method", how);
    line("Reading " + folder + ", " + how + ".");
  }

  void nothingFound(Path folder) {
    complete(false);
    error(
        folder
            + " has no such repo: a cache folder has folders such as models--acme--tiny, a store of"
            + " Olah has files/models, and a folder of --local-dir has"
            + " .cache/huggingface/download");
  }

  void done(ImportResult of) {
    complete(of.skippedCount() == 0);
    ObjectNode node =
        repos
            .addObject()
            .put("type", of.repo().type().singular())
            .put("repo", of.repo().id())
            .put("files", of.files())
            .put("added", of.added())
            .put("addedBytes", of.addedBytes())
            .put("skippedCount", of.skippedCount());
    ArrayNode commits = node.putArray("commits");
    of.commits().forEach(commit -> commits.add(commit.hex()));
    ArrayNode revisions = node.putArray("revisions");
    of.revisions().forEach(revision -> revisions.add(revision.value()));
    ArrayNode skipped = node.putArray("skipped");
    of.skipped()
        .forEach(
            file -> skipped.addObject().put("path", file.path().toString()).put("why", file.why()));
    String known =
        of.revisions().isEmpty()
            ? ""
            : "; new revisions: "
                + of.revisions().stream().map(Revision::value).collect(Collectors.joining(", "));
    line(
        "%s: %s of %s; added %s, %s%s"
            .formatted(
                of.repo(),
                Amounts.count(of.files(), "file"),
                Amounts.count(of.commits().size(), "commit"),
                Amounts.count(of.added(), "file"),
                StatusTable.size(of.addedBytes()),
                known));
    of.skipped().stream()
        .limit(MAX_LINES)
        .forEach(
            file -> error(TerminalWriter.oneLine("Skipped " + file.path() + ": " + file.why())));
    if (of.skippedCount() > MAX_LINES) {
      error("Skipped " + (of.skippedCount() - MAX_LINES) + " more files of " + of.repo());
    }
  }

  /** Tells what the store gave up, which may be what was just imported. */
  void evicted(StoreUsage before, StoreUsage after) {
    long blobs = after.evictedBlobs() - before.evictedBlobs();
    long bytes = after.evictedBytes() - before.evictedBytes();
    result.put("evicted", blobs).put("evictedBytes", bytes);
    if (blobs > 0) {
      complete(false);
      error(
          "The store is full: for the import, it evicted %s, %s, which may be part of it."
                  .formatted(Amounts.count(blobs, "file"), StatusTable.size(bytes))
              + " Raise store.max-size, or import less with --repo");
    }
  }

  void end() {
    end("");
  }
}
