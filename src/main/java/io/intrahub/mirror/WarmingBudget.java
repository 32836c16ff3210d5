package io.intrahub.mirror;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Limits the bytes that are fetched ahead for one repo. All commits count together that wait or are
 * fetched at the same time, so that a repo with many branches gets no more than one with a single
 * branch. A blob counts once, however many of them need it. When none is left, the next one has the
 * whole limit. Safe for use by many threads.
 */
final class WarmingBudget {
  /**
   * How many blobs of a repo are remembered at most. Blobs that are too small for that are only
   * added up, so they count for each commit that needs them; they are fetched once all the same.
   */
  private static final long REMEMBERED = 16_384;

  private final long limit;

  /** Guarded by this, as is what it holds. */
  private final Map<RepoId, Repo> repos = new HashMap<>();

  private static final class Repo {
    private final Map<BlobId, Use> blobs = new HashMap<>();
    private long left;
    private int shares;

    Repo(long left) {
      this.left = left;
    }
  }

  /** What a blob is charged for: commits that reserve it, or a fetch, which is never undone. */
  private static final class Use {
    private int reservations;
    private boolean taken;
  }

  /** The blobs that a commit needs. For one thread. */
  final class Need {
    private final Set<BlobId> blobs = new HashSet<>();

    /** The bytes of those blobs, and of those that are only added up. */
    private long bytes;

    private long small;

    /** Adds one. What does not fit into the limit in any case is not remembered. */
    void add(BlobId blob) {
      if (bytes > limit) {
        return;
      }
      if (!isRemembered(blob)) {
        small += blob.size();
        bytes += blob.size();
      } else if (blobs.add(blob)) {
        bytes += blob.size();
      }
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

  private boolean isRemembered(BlobId blob) {
    return blob.size() > limit / REMEMBERED;
  }

  /** Begins to count a commit with the others of its repo, until the share is closed. */
  synchronized Share open(RepoId id) {
    Repo repo = repos.computeIfAbsent(id, _ -> new Repo(limit));
    repo.shares++;
    return new Share(id, repo);
  }

  /** What one commit of a repo may use. For one thread; to be closed once. */
  final class Share implements AutoCloseable {
    private final RepoId id;
    private final Repo repo;
    private Set<BlobId> reserved = Set.of();
    private long reservedSmall;

    private Share(RepoId id, Repo repo) {
      this.id = id;
      this.repo = repo;
    }

    /**
     * Reserves all that the commit needs, besides the blobs that another commit is charged for.
     * Called once.
     *
     * @return false if less is left; then nothing is reserved
     */
    boolean reserve(Need need) {
      synchronized (WarmingBudget.this) {
        if (need.bytes > limit) {
          return false;
        }
        long cost =
            need.small
                + need.blobs.stream()
                    .filter(blob -> !repo.blobs.containsKey(blob))
                    .mapToLong(BlobId::size)
                    .sum();
        if (cost > repo.left) {
          return false;
        }
        repo.left -= cost;
        need.blobs.forEach(blob -> use(blob).reservations++);
        reserved = Set.copyOf(need.blobs);
        reservedSmall = need.small;
        return true;
      }
    }

    private Use use(BlobId blob) {
      return repo.blobs.computeIfAbsent(blob, _ -> new Use());
    }

    /** Whether {@link #take} would succeed now. */
    boolean covers(BlobId blob) {
      synchronized (WarmingBudget.this) {
        return blob.size() <= repo.left
            || (isRemembered(blob) ? repo.blobs.containsKey(blob) : blob.size() <= reservedSmall);
      }
    }

    /**
     * Uses the bytes of a blob, first of those that are reserved.
     *
     * @return false if fewer are left
     */
    boolean take(BlobId blob) {
      synchronized (WarmingBudget.this) {
        if (!covers(blob)) {
          return false;
        }
        if (isRemembered(blob)) {
          if (!repo.blobs.containsKey(blob)) {
            repo.left -= blob.size();
          }
          use(blob).taken = true;
        } else if (blob.size() <= reservedSmall) {
          reservedSmall -= blob.size();
        } else {
          repo.left -= blob.size();
        }
        return true;
      }
    }

    /** Gives back what is reserved for this commit alone and was not taken. */
    @Override
    public void close() {
      synchronized (WarmingBudget.this) {
        repo.left += reservedSmall;
        for (BlobId blob : reserved) {
          Use use = use(blob);
          use.reservations--;
          if (use.reservations == 0 && !use.taken) {
            repo.blobs.remove(blob);
            repo.left += blob.size();
          }
        }
        repo.shares--;
        if (repo.shares == 0) {
          repos.remove(id);
        }
      }
    }
  }
}
