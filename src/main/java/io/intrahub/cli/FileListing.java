package io.intrahub.cli;

import io.intrahub.cli.StoreInventory.StoredCommit;
import io.intrahub.cli.command.Amounts;
import io.intrahub.cli.command.CommandException;
import io.intrahub.cli.command.ExitCode;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * Prints the commits of repos and their files, one at a time: a commit may have a million. For one
 * thread.
 */
final class FileListing {
  private static final JsonMapper JSON =
      JsonMapper.builder().disable(StreamWriteFeature.AUTO_CLOSE_TARGET).build();

  private final StoreInventory inventory;
  private final PrintWriter out;
  private final PrintWriter err;
  private final boolean json;

  FileListing(StoreInventory inventory, PrintWriter out, PrintWriter err, boolean json) {
    this.inventory = inventory;
    this.out = out;
    this.err = err;
    this.json = json;
  }

  /** The files and bytes of a commit, and how many of them are stored. For one thread. */
  private static final class Sum {
    private long files;
    private long bytes;
    private long storedFiles;
    private long storedBytes;

    void add(long size, boolean stored) {
      files++;
      bytes += size;
      if (stored) {
        storedFiles++;
        storedBytes += size;
      }
    }
  }

  /**
   * Prints the files of repos.
   *
   * @param revision the only one to print; empty: all
   * @return {@link ExitCode#INCOMPLETE} if a commit can't be read
   * @throws CommandException if there is no such revision
   */
  ExitCode print(List<RepoId> repos, Optional<Revision> revision) throws CommandException {
    ExitCode result = ExitCode.OK;
    boolean found = false;
    try (JsonGenerator to = JSON.createGenerator(json ? out : Writer.nullWriter())) {
      to.writeStartObject();
      to.writeArrayPropertyStart("commits");
      for (RepoId repo : repos) {
        try {
          for (StoredCommit commit : inventory.commits(repo)) {
            if (revision.isEmpty() || is(commit, revision.get())) {
              found = true;
              print(repo, commit, to);
            }
          }
        } catch (IOException e) {
          result = ExitCode.INCOMPLETE;
          err.println("intrahub: The rest of " + repo + ": " + FileErrors.describe(e) + ".");
          err.flush();
        }
      }
      to.writeEndArray();
      to.writeEndObject();
    }
    if (json) {
      out.println();
    }
    out.flush();
    if (!found && result == ExitCode.OK) {
      throw new CommandException(
          ExitCode.NOT_FOUND,
          "No commit of "
              + repos.getFirst()
              + revision.map(r -> "@" + r.value()).orElse("")
              + " is stored. intrahub ls "
              + ListCommand.name(repos.getFirst())
              + " lists the stored revisions.");
    }
    return result;
  }

  private static boolean is(StoredCommit commit, Revision revision) {
    return revision
        .asCommit()
        .map(hash -> hash.equals(commit.commit()))
        .orElseGet(() -> commit.revisions().contains(revision.value()));
  }

  private void print(RepoId repo, StoredCommit commit, JsonGenerator to) throws IOException {
    String names =
        commit.revisions().isEmpty() ? "(no revision)" : String.join(", ", commit.revisions());
    line(ListCommand.name(repo) + "@" + names + "  " + commit.commit().hex());
    to.writeStartObject();
    to.writeStringProperty("type", repo.type().singular());
    to.writeStringProperty("repo", repo.id());
    to.writeStringProperty("commit", commit.commit().hex());
    to.writeArrayPropertyStart("revisions");
    commit.revisions().forEach(to::writeString);
    to.writeEndArray();
    to.writeArrayPropertyStart("files");
    Sum sum = new Sum();
    boolean complete = false;
    try {
      complete =
          inventory.files(
              repo,
              commit.commit(),
              (path, bytes, stored) -> {
                sum.add(bytes, stored);
                file(path, bytes, stored, to);
              });
    } finally {
      // Also for a damaged list: what is printed stays well-formed.
      to.writeEndArray();
      to.writeBooleanProperty("listed", complete);
      to.writeNumberProperty("bytes", sum.bytes);
      to.writeNumberProperty("storedBytes", sum.storedBytes);
      to.writeEndObject();
    }
    line(
        "%12s  in %d of %s%s"
            .formatted(
                Amounts.size(sum.storedBytes),
                sum.storedFiles,
                Amounts.count(sum.files, "file"),
                complete ? "" : "; the commit may have more, since the Hub's list is not stored"));
  }

  private void file(FilePath path, long bytes, boolean stored, JsonGenerator to) {
    to.writeStartObject();
    to.writeStringProperty("path", path.value());
    to.writeNumberProperty("bytes", bytes);
    to.writeBooleanProperty("stored", stored);
    to.writeEndObject();
    // A path that no client can request may have characters that control the terminal.
    String shown = path.isServable() ? path.value() : path.encoded();
    line("%12s  %s%s".formatted(Amounts.size(bytes), shown, stored ? "" : "  (not stored)"));
  }

  private void line(String text) {
    if (!json) {
      out.println(text);
    }
  }
}
