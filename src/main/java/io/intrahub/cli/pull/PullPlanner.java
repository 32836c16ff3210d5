package io.intrahub.cli.pull;

import io.intrahub.cachefolder.PathPatterns;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.Entry;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;

/** Finds out what is to be fetched for a revision. For one thread. */
final class PullPlanner {
  /** What a plan may hold: each file takes about 200 bytes. */
  private static final int MOST_FILES = 500_000;

  /** Questions about stored files cost no call upstream, so more of them run at a time. */
  private static final int WORKERS = 8;

  private final MirrorClient mirror;
  private final PathPatterns patterns;

  PullPlanner(MirrorClient mirror, PathPatterns patterns) {
    this.mirror = mirror;
    this.patterns = patterns;
  }

  /** The files that were asked for. For one thread. */
  private final class Listing {
    private final List<PulledFile> files = new ArrayList<>();

    /** Not of small files, of which a list would take much memory for few bytes. */
    private final Set<Digest> large = new HashSet<>();

    private long bytes;
    private boolean tooLong;

    void add(Entry entry) {
      if (entry.kind() != Entry.Kind.FILE || !patterns.matches(entry.path())) {
        return;
      }
      if (files.size() == MOST_FILES) {
        tooLong = true;
        return;
      }
      boolean counted = entry.lfs().isPresent() && !large.add(entry.lfs().get().sha256());
      long size = entry.lfs().map(Entry.Lfs::size).orElse(entry.size());
      bytes += counted ? 0 : size;
      files.add(new PulledFile(entry.path(), size, counted));
    }
  }

  /**
   * Makes the plan of a revision.
   *
   * @throws IOException if the mirror can't be reached or understood, or the files are too many
   */
  RevisionPlan plan(WantedRevision wanted)
      throws MirrorErrorException, IOException, InterruptedException {
    CommitHash commit = mirror.commit(wanted.repo(), wanted.revision());
    Listing listing = new Listing();
    mirror.list(wanted.repo(), commit, listing::add);
    if (listing.tooLong) {
      throw new IOException(
          "it has more than "
              + MOST_FILES
              + " files; pull a part of them at a time, with --include and --exclude");
    }
    List<PulledFile> missing = missing(wanted, commit, listing.files);
    return new RevisionPlan(
        wanted,
        commit,
        listing.files.size(),
        listing.bytes,
        missing,
        missing.stream().filter(file -> !file.isCopy()).mapToLong(PulledFile::size).sum());
  }

  private List<PulledFile> missing(WantedRevision wanted, CommitHash commit, List<PulledFile> files)
      throws IOException, InterruptedException {
    boolean[] stored = new boolean[files.size()];
    List<Integer> numbers = new ArrayList<>();
    for (int i = 0; i < files.size(); i++) {
      numbers.add(i);
    }
    try {
      Workers.each(
          WORKERS,
          numbers,
          (_, number) ->
              stored[number] = mirror.isStored(wanted.repo(), commit, files.get(number).path()));
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      throw new IOException(cause == null ? "unknown" : String.valueOf(cause.getMessage()), e);
    }
    return numbers.stream().filter(number -> !stored[number]).map(files::get).toList();
  }
}
