package io.intrahub.cachefolder;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Collects what becomes of a repo. For one thread. */
final class ImportResultBuilder {
  private final RepoId repo;
  private final List<CommitHash> commits = new ArrayList<>();
  private final List<Revision> revisions = new ArrayList<>();
  private final List<ImportResult.SkippedFile> skipped = new ArrayList<>();
  private long files;
  private long added;
  private long addedBytes;
  private long skippedCount;

  ImportResultBuilder(RepoId repo) {
    this.repo = repo;
  }

  void commit(CommitHash commit, long count) {
    commits.add(commit);
    files += count;
  }

  boolean has(CommitHash commit) {
    return commits.contains(commit);
  }

  void revision(Revision revision) {
    revisions.add(revision);
  }

  void added(long bytes) {
    added++;
    addedBytes += bytes;
  }

  void skipped(Path path, String why) {
    skippedCount++;
    if (skipped.size() < ImportResult.MAX_NAMED) {
      skipped.add(new ImportResult.SkippedFile(path, why));
    }
  }

  ImportResult build() {
    return new ImportResult(
        repo, commits, revisions, files, added, addedBytes, skipped, skippedCount);
  }
}
