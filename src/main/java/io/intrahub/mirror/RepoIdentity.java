package io.intrahub.mirror;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.intrahub.access.AccessChecker;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoFacts;
import io.intrahub.hub.RepoId;
import io.intrahub.policy.Observation;
import io.intrahub.store.ImportGuard;
import io.intrahub.store.RemovalGuard;
import io.intrahub.store.RepoStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices when a repo was deleted and another one has its name: the Hub's internal id differs. All
 * that is known of the earlier repo is forgotten then, because who may read the new one need not
 * have been allowed to read the old one. Safe for use by many threads.
 */
final class RepoIdentity {
  private static final Logger log = LoggerFactory.getLogger(RepoIdentity.class);

  private static final int REMEMBERED = 10_000;

  private final AccessChecker checker;
  private final RepoStore store;
  private final Clock clock;

  /** The commit with which repo info last named the repo's id. */
  private final Cache<RepoId, CommitHash> commits =
      Caffeine.newBuilder().maximumSize(REMEMBERED).build();

  private final RepoReplacements replacements;
  private final RenamedRepos renamed;
  private final List<Consumer<RepoId>> listeners = new CopyOnWriteArrayList<>();
  private final List<BiConsumer<RepoId, RepoId>> renames = new CopyOnWriteArrayList<>();
  private final List<Consumer<RepoId>> replaced = new CopyOnWriteArrayList<>();
  private final List<Consumer<RepoId>> imports = new CopyOnWriteArrayList<>();

  RepoIdentity(AccessChecker checker, RepoStore store, RepoReplacements replacements, Clock clock) {
    this.checker = checker;
    this.store = store;
    this.replacements = replacements;
    this.renamed = new RenamedRepos(store, clock);
    this.clock = clock;
  }

  /** Has what lets somebody read a repo ended before something is imported of it. */
  void onImport(Consumer<RepoId> listener) {
    imports.add(listener);
  }

  /** Has what is remembered of who may read a repo forgotten when another one has its name. */
  void onReplaced(Consumer<RepoId> listener) {
    replaced.add(listener);
  }

  /** Has what is remembered of a repo's commits forgotten with the rest. */
  void onForget(Consumer<RepoId> listener) {
    listeners.add(listener);
  }

  /** Has what goes on under a repo's name go on under the one to which it is handed over. */
  void onRenamed(BiConsumer<RepoId, RepoId> listener) {
    renames.add(listener);
  }

  /** Whether something may be kept of a repo of this name. */
  boolean isKnown(RepoId repo) {
    return store.internalId(repo).isPresent();
  }

  /**
   * Makes a change that an import brings, after everybody's right to read the repo has ended. The
   * Hub has to say which repo it is before it says again who may read it, unless the change brings
   * only what the Hub has listed of the repo with this id.
   */
  void change(RepoId repo, Optional<String> provenId, ImportGuard.Change change)
      throws IOException {
    try {
      var _ =
          replacements.exclusively(
              repo,
              () -> {
                checker.replaced(repo);
                commits.invalidate(repo);
                imports.forEach(listener -> listener.accept(repo));
                try {
                  ImportGuard.end(store, repo, provenId, clock);
                  // A question that began meanwhile may have been answered before the mark.
                  checker.replaced(repo);
                  store.revokeAll(repo);
                  change.run();
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
                return repo;
              });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /** What a removal must go through while clients are served. */
  RemovalGuard removalGuard() {
    return new RemovalGuard() {
      @Override
      public void removeRepo(RepoId repo, Change change) throws IOException {
        remove(repo, () -> checker.replaced(repo), change, () -> forgetRepo(repo));
      }

      @Override
      public void removeCommits(RepoId repo, Change change) throws IOException {
        // A tombstone stays: it says who may read what is left.
        remove(repo, () -> {}, change, () -> forgetCommits(repo));
      }
    };
  }

  private void remove(RepoId repo, Runnable before, RemovalGuard.Change change, Runnable after)
      throws IOException {
    try {
      var _ =
          replacements.exclusively(
              repo,
              () -> {
                before.run();
                commits.invalidate(repo);
                try {
                  change.run();
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                } finally {
                  after.run();
                }
                return repo;
              });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private void forgetRepo(RepoId repo) {
    replaced.forEach(listener -> listener.accept(repo));
    forgetCommits(repo);
  }

  private void forgetCommits(RepoId repo) {
    listeners.forEach(listener -> listener.accept(repo));
  }

  /**
   * Whether this is the repo that is known, because it is at the commit that it had when repo info
   * was last asked for. Another repo would have to have the same files and the same history.
   */
  boolean isStill(RepoId repo, CommitHash commit) {
    return commit.equals(commits.getIfPresent(repo));
  }

  /**
   * Takes what the authoritative endpoint said of a repo, before anything else is done with it.
   *
   * @param asked the name that it was asked about
   * @param repo the name by which it knows that repo
   */
  void learn(RepoId asked, RepoId repo, RepoFacts facts) {
    Optional<String> now = facts.internalId();
    if (now.isEmpty()) {
      return;
    }
    if (renamed.isDue(asked, repo, now.get())) {
      var _ =
          replacements.exclusively(
              asked,
              repo,
              () -> {
                // Another repo may have got the old name while this thread waited.
                boolean isStillDue = renamed.isDue(asked, repo, now.get());
                takeId(repo, now.get(), Optional.of(asked).filter(_ -> isStillDue));
                return now;
              });
    } else if (!store.internalId(repo).equals(now)) {
      var _ =
          replacements.exclusively(
              repo,
              () -> {
                takeId(repo, now.get(), Optional.empty());
                return now;
              });
    }
    facts.commit().ifPresent(commit -> commits.put(repo, commit));
  }

  /**
   * A client's folder does not name the repo's id, so what it says may be of an earlier repo of
   * this name. Its files stay: clients get those only that the Hub's own list names by digest. No
   * grant is older than the import.
   */
  private void forgetImported(RepoId repo) {
    log.info(
        "The Hub has said which repo {} is: its lists replace those that were imported, and"
            + " imported files are used where their digests match",
        repo);
    store.forgetRepo(repo);
    forgetRepo(repo);
  }

  /**
   * Takes the id of a repo while nothing else is written for it.
   *
   * @param earlier the name under which the repo with this id is stored; locked too
   */
  private void takeId(RepoId repo, String now, Optional<RepoId> earlier) {
    Optional<String> before = store.internalId(repo);
    // A repo that gets back a name which it had is still the same.
    boolean same =
        before.filter(b -> b.equals(now) || b.equals(RepoStore.renamed(now))).isPresent();
    if (before.filter(RepoStore.IMPORTED::equals).isPresent()) {
      forgetImported(repo);
    } else if (before.isPresent() && !same) {
      log.warn("{} was deleted and made again: what was kept of it is forgotten", repo);
      checker.replaced(repo);
      store.forgetRepo(repo);
      forgetRepo(repo);
    }
    earlier.ifPresent(from -> renames.forEach(listener -> listener.accept(from, repo)));
    boolean copied = earlier.isPresent() && renamed.copy(earlier.get(), repo, same);
    store.putInternalId(repo, new Observation<>(now, clock.instant()));
    if (copied) {
      renamed.copied(earlier.get(), repo, now);
    }
  }

  /**
   * Whether something is stored under a name that repo info, asked for under that name, may hand
   * over to another name by which the Hub knows the repo.
   */
  boolean mayTakeOver(RepoId asked, RepoId repo) {
    if (asked.equals(repo)) {
      return false;
    }
    Optional<String> id = store.internalId(asked).filter(RepoStore::isOfHub);
    return id.isPresent()
        && store.internalId(repo).filter(other -> !other.equals(id.get())).isEmpty();
  }
}
