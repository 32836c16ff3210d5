package io.intrahub.mirror;

import io.intrahub.hub.RepoId;
import io.intrahub.store.AnswerWriter;
import io.intrahub.store.RepoStore;
import io.intrahub.store.StoredAnswer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Keeps what was learned of a repo from being stored for another repo that has its name by then.
 * Such a write and the removal of all that is kept of the earlier repo are made one after the
 * other. Lock order: this object's, then those of {@link PendingCommits}, then the store's. Safe
 * for use by many threads.
 */
final class RepoReplacements {
  private final RepoStore store;
  private final KeyedLock<RepoId> locks = new KeyedLock<>();

  RepoReplacements(RepoStore store) {
    this.store = store;
  }

  /** Does the work while nothing is written by {@link #write} for this repo. */
  <T> T exclusively(RepoId repo, Supplier<T> work) {
    return locks.with(repo, work);
  }

  /** Does the work while nothing is written by {@link #write} for either of two repos. */
  <T> T exclusively(RepoId one, RepoId other, Supplier<T> work) {
    // Always in the same order: two threads with the same repos must not wait for each other.
    boolean inOrder = one.folderName().compareTo(other.folderName()) < 0;
    RepoId first = inOrder ? one : other;
    RepoId second = inOrder ? other : one;
    return locks.with(first, () -> locks.with(second, work));
  }

  /**
   * Writes what was learned of a repo, unless another repo has its name by now.
   *
   * @param id the Hub's internal id of the repo before it was asked about, if that was known
   * @return what {@code write} returned; empty if another repo has the name
   */
  <T> Optional<T> write(RepoId repo, Optional<String> id, Supplier<T> write) {
    return exclusively(
        repo,
        () ->
            id.isEmpty() || store.internalId(repo).equals(id)
                ? Optional.of(write.get())
                : Optional.empty());
  }

  /**
   * Keeps an answer about a repo, unless another repo has its name by now.
   *
   * @param id as for {@link #write}
   * @param before writes to the store what must be there before the answer
   */
  Optional<StoredAnswer> keep(
      RepoId repo, Optional<String> id, Runnable before, AnswerWriter answer, Instant learnedAt)
      throws IOException {
    try {
      return write(
          repo,
          id,
          () -> {
            before.run();
            try {
              return answer.commit(learnedAt);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }
}
