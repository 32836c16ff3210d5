package io.intrahub.cli;

import io.intrahub.cli.command.CommandException;
import io.intrahub.cli.command.ExitCode;
import io.intrahub.cli.command.StoreTarget;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Entry;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.store.Manifest;
import io.intrahub.store.RepoStore.ObservedRevision;
import io.intrahub.store.StoreException;
import io.intrahub.store.fs.ReadOnlyStore;
import io.intrahub.store.fs.ReadOnlyStore.PublishedFile;
import io.intrahub.store.fs.disk.BlobKey;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * What a store has of each repo, read from its folder while a mirror may run on it. Each number
 * counts a blob once, however many files of a repo have its content. For one thread.
 */
final class StoreInventory {
  private final ReadOnlyStore store;

  /**
   * What is stored of a repo.
   *
   * @param revisions number of branches, tags and commits that clients asked for by name
   * @param files number of distinct blobs; that of empty files is one of them, and takes no file
   * @param bytes of these blobs
   * @param sharedBytes of the blobs among them that another repo has too
   * @param lastUse of a blob; empty if none is stored
   */
  record RepoUsage(
      RepoId repo,
      int revisions,
      long files,
      long bytes,
      long sharedBytes,
      Optional<Instant> lastUse) {}

  /**
   * What is stored of all repos.
   *
   * @param repos by type and id
   * @param damaged the repos that can't be read, with the reason
   * @param bytes of all published blobs, each counted once
   * @param otherBytes of the blobs among them that no readable commit names
   */
  record Usage(List<RepoUsage> repos, Map<RepoId, String> damaged, long bytes, long otherBytes) {}

  /**
   * A commit of a repo.
   *
   * @param revisions the branches and tags that are this commit, by name
   */
  record StoredCommit(CommitHash commit, List<String> revisions) {}

  /** Called with each file of a commit, in the order of paths. */
  interface FileVisitor {
    /**
     * Takes one file.
     *
     * @param path in the repo
     * @param bytes its size
     * @param stored whether its content is, or is empty: no store keeps that
     */
    void file(FilePath path, long bytes, boolean stored);
  }

  private StoreInventory(ReadOnlyStore store) {
    this.store = store;
  }

  /**
   * Opens a store for a command, after the mirror that runs on it has saved the last uses.
   *
   * @param command its name
   * @throws CommandException if the folder is not a store that can be read, or the mirror that the
   *     command line names does not answer or runs on another folder
   */
  static StoreInventory open(StoreTarget target, String command)
      throws CommandException, InterruptedException {
    LastUsesJob.ask(target, command);
    return open(target.config().store().path());
  }

  /**
   * Opens the store in a folder.
   *
   * @throws StartException if the folder is not a store that can be read
   */
  static StoreInventory open(Path folder) throws StartException {
    try {
      return new StoreInventory(ReadOnlyStore.open(folder));
    } catch (StoreException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    }
  }

  /** Counts the blobs of repos. For one thread, and one pass over the repos. */
  private static final class Counter {
    /** The repo that had a shared blob first, until a second one has it: then none. */
    private final Map<BlobKey, Optional<RepoId>> owners = new HashMap<>();

    private final Map<RepoId, Long> shared = new HashMap<>();
    private long named;

    void add(RepoId repo, BlobKey key, long bytes) {
      if (!key.shared()) {
        named += bytes;
        return;
      }
      Optional<RepoId> first = owners.putIfAbsent(key, Optional.of(repo));
      if (first == null) {
        named += bytes;
        return;
      }
      first.ifPresent(owner -> shared.merge(owner, bytes, Long::sum));
      shared.merge(repo, bytes, Long::sum);
      owners.put(key, Optional.empty());
    }
  }

  /**
   * Sums up what is stored.
   *
   * @throws CommandException if the repos can't be listed
   */
  Usage usage() throws CommandException {
    Counter counter = new Counter();
    List<RepoUsage> repos = new ArrayList<>();
    Map<RepoId, String> damaged = new LinkedHashMap<>();
    try {
      for (RepoId repo : store.repos()) {
        try {
          repos.add(usage(repo, counter));
        } catch (IOException e) {
          damaged.put(repo, FileErrors.describe(e));
        }
      }
      long bytes = store.publishedBytes();
      return new Usage(
          // The second repo that has a blob may come after the first one was counted.
          repos.stream().map(one -> withShared(one, counter)).toList(),
          damaged,
          bytes,
          Math.max(0, bytes - counter.named));
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  private static RepoUsage withShared(RepoUsage one, Counter counter) {
    return new RepoUsage(
        one.repo(),
        one.revisions(),
        one.files(),
        one.bytes(),
        counter.shared.getOrDefault(one.repo(), 0L),
        one.lastUse());
  }

  private RepoUsage usage(RepoId repo, Counter counter) throws IOException {
    Set<BlobId> seen = new HashSet<>();
    Map<BlobKey, PublishedFile> stored = new HashMap<>();
    long[] bytes = new long[1];
    boolean[] hasEmpty = new boolean[1];
    for (CommitHash commit : store.commits(repo)) {
      forEach(
          repo,
          commit,
          (entry, blob) -> {
            if (blob.size() == 0) {
              hasEmpty[0] = true;
            } else if (seen.add(blob)) {
              Optional<PublishedFile> file = store.find(repo, blob);
              if (file.isPresent() && stored.put(file.get().key(), file.get()) == null) {
                bytes[0] += blob.size();
                counter.add(repo, file.get().key(), blob.size());
              }
            }
          });
    }
    return new RepoUsage(
        repo,
        store.revisions(repo).size(),
        stored.size() + (hasEmpty[0] ? 1 : 0),
        bytes[0],
        0,
        stored.values().stream().map(PublishedFile::lastUse).max(Comparator.naturalOrder()));
  }

  /**
   * The repos that are stored and match.
   *
   * @throws CommandException if the repos can't be listed
   */
  List<RepoId> repos(Predicate<RepoId> wanted) throws CommandException {
    try {
      return store.repos().stream().filter(wanted).toList();
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  /**
   * The commits of a repo, those with a branch or tag first.
   *
   * @throws IOException when a revision can't be read
   */
  List<StoredCommit> commits(RepoId repo) throws IOException {
    Map<CommitHash, Set<String>> revisions = new LinkedHashMap<>();
    for (ObservedRevision seen : store.revisions(repo)) {
      Set<String> names = revisions.computeIfAbsent(seen.commit().value(), _ -> new TreeSet<>());
      if (seen.revision().asCommit().isEmpty()) {
        names.add(seen.revision().value());
      }
    }
    store.commits(repo).forEach(commit -> revisions.putIfAbsent(commit, Set.of()));
    return revisions.entrySet().stream()
        .map(one -> new StoredCommit(one.getKey(), List.copyOf(one.getValue())))
        .sorted(
            Comparator.comparing((StoredCommit one) -> one.revisions().isEmpty())
                .thenComparing(one -> String.join(" ", one.revisions()))
                .thenComparing(one -> one.commit().hex()))
        .toList();
  }

  /**
   * Passes the files of a commit.
   *
   * @return whether the stored list of files is complete
   * @throws IOException when the list can't be read
   */
  boolean files(RepoId repo, CommitHash commit, FileVisitor visitor) throws IOException {
    return forEach(
        repo,
        commit,
        (entry, blob) ->
            visitor.file(
                entry.path(), blob.size(), blob.size() == 0 || store.file(repo, blob).isPresent()));
  }

  private interface EntryVisitor {
    void entry(Entry entry, BlobId blob) throws IOException;
  }

  private boolean forEach(RepoId repo, CommitHash commit, EntryVisitor visitor) throws IOException {
    Optional<Manifest> manifest;
    try {
      manifest = store.manifest(repo, commit);
      if (manifest.isEmpty()) {
        return false;
      }
      manifest
          .get()
          .list(
              Optional.empty(),
              true,
              listed -> {
                Optional<BlobId> blob = listed.entry().blob();
                if (blob.isPresent()) {
                  try {
                    visitor.entry(listed.entry(), blob.get());
                  } catch (IOException e) {
                    throw new UncheckedIOException(e);
                  }
                }
              });
      return manifest.get().complete();
    } catch (NoSuchFileException _) {
      // The mirror evicted it meanwhile.
      return false;
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static CommandException unreadable(IOException e) {
    return new CommandException(
        ExitCode.IO_ERROR, "The store can't be read: " + FileErrors.describe(e) + ".", e);
  }
}
