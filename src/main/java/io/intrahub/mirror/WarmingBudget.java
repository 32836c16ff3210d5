package io.intrahub.mirror;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Limits the bytes that are fetched ahead for one repo. All commits count together that wait or are
 * fetched at the same time, so that a repo with many branches gets no more than one with a single
 * branch. When none is left, the next one has the whole limit. Safe for use by many threads.
 */
final class WarmingBudget {
  private final long limit;

  /** Guarded by this, as is what it holds. */
  private final Map<RepoId, Repo> repos = new HashMap<>();

  private static final class Repo {
    private final Set<CommitHash> reserved = new HashSet<>();
    private long left;
    private int shares;

    Repo(long left) {
      this.left = left;
    }
  }

  /**
   * Creates one of which nothing is used.
   *
   * @param limit bytes for each repo
   */
  WarmingBudget(long limit) {
    this.limit = limit;
  }

  /** Begins to count a commit with the others of its repo, until the share is closed. */
  synchronized Share open(RepoId id, CommitHash commit) {
    Repo repo = repos.computeIfAbsent(id, _ -> new Repo(limit));
    repo.shares++;
    return new Share(id, repo, commit);
  }

  /** What one commit of a repo may use. For one thread; to be closed once. */
  final class Share implements AutoCloseable {
    private final RepoId id;
    private final Repo repo;
    private final CommitHash commit;
    private long reserved;

    private Share(RepoId id, Repo repo, CommitHash commit) {
      this.id = id;
      this.repo = repo;
      this.commit = commit;
    }

    /**
     * Reserves bytes for the commit. Another branch or tag at the same commit fetches the same
     * files, so they count once.
     *
     * @return false if fewer are left; then nothing is reserved
     */
    boolean reserve(long bytes) {
      synchronized (WarmingBudget.this) {
        if (!repo.reserved.contains(commit)) {
          if (bytes > repo.left) {
            return false;
          }
          repo.left -= bytes;
          repo.reserved.add(commit);
        }
        reserved = bytes;
        return true;
      }
    }

    /**
     * Uses bytes, first of those that are reserved.
     *
     * @return false if fewer are left
     */
    boolean take(long bytes) {
      if (bytes <= reserved) {
        reserved -= bytes;
        return true;
      }
      synchronized (WarmingBudget.this) {
        if (bytes > repo.left) {
          return false;
        }
        repo.left -= bytes;
        return true;
      }
    }

    /** How large the next file may be. */
    long left() {
      synchronized (WarmingBudget.this) {
        return Math.max(reserved, repo.left);
      }
    }

    @Override
    public void close() {
      synchronized (WarmingBudget.this) {
        repo.shares--;
        if (repo.shares == 0) {
          repos.remove(id);
        }
      }
    }
  }
}
