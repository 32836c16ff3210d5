package io.intrahub.mirror;

import io.intrahub.access.AccessChecker;
import io.intrahub.access.Authority;
import io.intrahub.access.Caller;
import io.intrahub.access.Grant;
import io.intrahub.access.ReadScope;
import io.intrahub.access.RemovedEvidence;
import io.intrahub.hub.ErrorCode;
import io.intrahub.hub.RepoId;
import io.intrahub.policy.Observation;
import io.intrahub.policy.UpstreamState;
import io.intrahub.store.RepoStore;
import io.intrahub.store.Tombstone;
import io.intrahub.store.Tombstone.Kind;
import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.UpstreamResult;
import java.time.Clock;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a tombstone of each repo that the Hub no longer serves to those who could read it, and
 * serves what was public of it if the operator chose that.
 *
 * <p>Without a token, the Hub answers in the same way about a deleted repo and a private one. So a
 * repo counts as removed only until the Hub lets a token read it.
 *
 * <p>Safe for use by many threads.
 */
final class RemovedRepos {
  private static final Logger log = LoggerFactory.getLogger(RemovedRepos.class);

  private final AccessChecker checker;
  private final RepoStore store;
  private final RepoAliases aliases;
  private final Clock clock;

  /** What the store holds; owned by this class. At most one for each repo that was ever stored. */
  private final ConcurrentHashMap<RepoId, Observation<Tombstone>> tombstones;

  /** With the tombstones that the store holds. */
  RemovedRepos(AccessChecker checker, RepoStore store, RepoAliases aliases, Clock clock) {
    this.checker = checker;
    this.store = store;
    this.aliases = aliases;
    this.clock = clock;
    this.tombstones = new ConcurrentHashMap<>(store.tombstones());
  }

  /**
   * Takes that the Hub refused a repo. To be called before the grant ends, which says whether
   * everybody could read the repo.
   *
   * @param as in whose name the Hub was asked
   */
  void refused(RepoId repo, HubRefusal refusal, Caller as) {
    boolean missing =
        as.isAnonymous()
            && refusal.error().code().filter(ErrorCode.REPO_NOT_FOUND.wire()::equals).isPresent();
    boolean wasPublic = checker.wasPublic(repo);
    boolean stored = wasPublic || (refusal.isDisabled() && store.internalId(repo).isPresent());
    if (!stored || !(missing || refusal.isDisabled()) || tombstones.containsKey(repo)) {
      return;
    }
    Kind kind = refusal.isDisabled() ? Kind.DISABLED : Kind.MISSING;
    Tombstone tombstone = new Tombstone(kind, wasPublic, refusal.error().message());
    if (put(repo, new Observation<>(tombstone, clock.instant()))) {
      log.warn(
          "The Hub no longer serves {} to everybody ({}: {}); what is stored of it stays until it"
              + " is evicted",
          repo,
          kind,
          tombstone.message());
    }
  }

  private boolean put(RepoId repo, Observation<Tombstone> tombstone) {
    if (tombstones.putIfAbsent(repo, tombstone) != null) {
      return false;
    }
    store.putTombstone(repo, tombstone);
    return true;
  }

  /** Takes that the Hub let an authority read a repo. */
  void readable(Grant grant) {
    RepoId repo = grant.repo();
    Observation<Tombstone> known = tombstones.get(repo);
    Grant everybody = new Grant(repo, new Authority.Anonymous(), ReadScope.CONTENT);
    boolean open = grant.equals(everybody);
    if (known == null) {
      if (!open && checker.wasPublic(repo) && checker.remembered(everybody).isEmpty()) {
        // What is fetched with a token from now on may be private, whatever the Hub says later.
        put(repo, new Observation<>(new Tombstone(Kind.CLOSED, true, ""), clock.instant()));
      }
      return;
    }
    if (open) {
      log.info("The Hub serves {} to everybody again", repo);
      forget(repo);
    } else {
      closed(repo);
    }
  }

  /** Takes that a repo is there, but not everybody may read its content. */
  void closed(RepoId repo) {
    Observation<Tombstone> known = tombstones.get(repo);
    if (known == null || known.value().kind() == Kind.CLOSED) {
      return;
    }
    Observation<Tombstone> closed = new Observation<>(known.value().closed(), clock.instant());
    if (tombstones.replace(repo, known, closed)) {
      log.info("{} is there, but not everybody may read it any more", repo);
      // If the new record can't be written, the old one must not count after a restart.
      store.forgetTombstone(repo);
      store.putTombstone(repo, closed);
    }
  }

  /** Whether the Hub removed or disabled a repo, as far as is known. */
  boolean has(RepoId repo) {
    return Optional.ofNullable(tombstones.get(repo))
        .filter(t -> t.value().kind() != Kind.CLOSED)
        .isPresent();
  }

  /** Forgets the tombstone of a repo: it is back, or its name belongs to another one. */
  void forget(RepoId repo) {
    if (tombstones.remove(repo) != null) {
      store.forgetTombstone(repo);
    }
  }

  /**
   * Returns what was public of a repo that the Hub no longer has, if the operator keeps those, in
   * place of an answer that shows nothing of it.
   *
   * @param found what the Hub or an outage left to this client
   * @param reader finds the commit
   */
  UpstreamResult<ResolvedRevision> orKept(
      UpstreamResult<ResolvedRevision> found, ReadAttempt anybody, RevisionReader reader) {
    if (tombstones.isEmpty() || found instanceof UpstreamResult.Value(ResolvedRevision.At _)) {
      return found;
    }
    // Everybody could know the name of a repo that was public, so its old names are no secret.
    RepoId repo = aliases.canonical(anybody.request().repo(), UpstreamState.DOWN);
    return Optional.ofNullable(tombstones.get(repo))
        .filter(t -> t.value().wasPublic() && t.value().kind() != Kind.CLOSED)
        .flatMap(t ->
            checker
                .admit(RemovedEvidence.witnessed(repo))
                .flatMap(proof -> reader.resolveRemoved(proof, anybody, t.learnedAt())))
        .orElse(found);
  }

  /** Returns the tombstones for the operator, the latest first. */
  List<MirrorStatus.Removed> list() {
    return tombstones.entrySet().stream()
        .map(e ->
            new MirrorStatus.Removed(
                e.getKey().toString(), e.getValue().value(), e.getValue().learnedAt()))
        .sorted(Comparator.comparing(MirrorStatus.Removed::since).reversed())
        .toList();
  }
}
