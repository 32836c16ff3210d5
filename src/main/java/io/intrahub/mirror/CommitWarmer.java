package io.intrahub.mirror;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.intrahub.access.AccessChecker;
import io.intrahub.access.Authorised;
import io.intrahub.access.AuthorisedBlob;
import io.intrahub.access.Authority;
import io.intrahub.access.Caller;
import io.intrahub.access.Grant;
import io.intrahub.access.ReadScope;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.metrics.Meters;
import io.intrahub.policy.BranchMove.Readiness;
import io.intrahub.policy.UpstreamState;
import io.intrahub.store.Manifest;
import io.intrahub.store.SeedBlobs;
import io.intrahub.transfer.BackgroundTransfers;
import io.intrahub.transfer.Transfers;
import io.intrahub.upstream.CommitFiles;
import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.UpstreamResult;
import io.intrahub.upstream.hub.HubUpstream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches what the store needs to serve as much of a new commit as it served of the commits before:
 * every file that has changed since, if the earlier file of the same path is stored. Few commits at
 * a time, one file of each after the other, so that clients keep most of the connections.
 *
 * <p>Safe for use by many threads.
 */
final class CommitWarmer {
  private static final Logger log = LoggerFactory.getLogger(CommitWarmer.class);

  private static final int COMMITS_AT_ONCE = 2;

  /** Of a change that exceeds the limit, larger files are left to the clients. */
  private static final long LARGE = 10L << 20;

  /** A commit is not tried again within this time if some of its files can't be had. */
  private static final Duration RETRY_AFTER = Duration.ofMinutes(10);

  /** How often the files of a commit are tried while the Hub answers and a file does not come. */
  private static final int TRIES = 3;

  /**
   * How often they wait for calls that the Hub allows. Each try is made by a question about the
   * branch, so this is more than one of the Hub's windows.
   */
  private static final int TRIES_WITHOUT_CALLS = 10;

  private static final Duration POSTPONED_AT_MOST = Duration.ofDays(1);

  private static final int MAX_REMEMBERED = 1_000;

  private final AccessChecker checker;
  private final ManifestLoader manifests;
  private final HubUpstream upstream;
  private final Transfers transfers;
  private final SeedBlobs seeds;
  private final Meters meters;
  private final WarmingBudget budget;
  private final ChangedFiles changed;
  private final Semaphore permits = new Semaphore(COMMITS_AT_ONCE, true);

  /** Commits of which some files could not be had lately. */
  private final Cache<Key, Boolean> incomplete =
      Caffeine.newBuilder().maximumSize(MAX_REMEMBERED).expireAfterWrite(RETRY_AFTER).build();

  /** How often the files of a commit were tried in vain although the Hub answered. */
  private final Cache<Key, Integer> unanswered =
      Caffeine.newBuilder().maximumSize(MAX_REMEMBERED).expireAfterAccess(RETRY_AFTER).build();

  /** How often the files of a commit waited because the Hub allowed too few calls. */
  private final Cache<Key, Integer> postponed =
      Caffeine.newBuilder()
          .maximumSize(MAX_REMEMBERED)
          .expireAfterAccess(POSTPONED_AT_MOST)
          .build();

  private record Key(RepoId repo, CommitHash commit) {}

  /**
   * A commit to be made servable.
   *
   * @param before the commits that are served now
   * @param authority whose right to read the content counts
   * @param fetcher in whose name files are fetched; empty: nothing may be fetched, because the only
   *     token that can is that of a client
   * @param refused told when the Hub refuses the repo to the fetcher
   */
  record Work(
      RepoId repo,
      CommitHash commit,
      List<CommitHash> before,
      Authority authority,
      Optional<Caller> fetcher,
      Consumer<HubRefusal> refused) {}

  /**
   * Creates one that has fetched nothing.
   *
   * @param limit bytes that are fetched for one repo at most, as {@link WarmingBudget}
   */
  CommitWarmer(
      AccessChecker checker,
      ManifestLoader manifests,
      HubUpstream upstream,
      Transfers transfers,
      SeedBlobs seeds,
      Meters meters,
      long limit) {
    this.checker = checker;
    this.manifests = manifests;
    this.upstream = upstream;
    this.transfers = transfers;
    this.seeds = seeds;
    this.meters = meters;
    this.budget = new WarmingBudget(limit);
    this.changed = new ChangedFiles(transfers, budget);
  }

  /** Fetches what is missing and waits for the end, however long that takes. */
  Readiness warm(Work work) {
    try {
      Readiness readiness = run(work);
      return readiness == Readiness.UNANSWERED && isStuck(work) ? Readiness.PARTIAL : readiness;
    } catch (IOException e) {
      log.warn("{}: the listings can't be compared: {}", work.repo(), e.toString());
      return Readiness.PARTIAL;
    }
  }

  /**
   * Whether a file could not be fetched several times although the Hub answers: then the server of
   * the file can't be reached, or too few calls are left whenever the branch is asked about, and
   * the commit must not wait for that.
   */
  private boolean isStuck(Work work) {
    if (upstream.state() != UpstreamState.REACHABLE) {
      return false;
    }
    Key key = key(work);
    boolean allowed = mayFetch(work);
    int tries = (allowed ? unanswered : postponed).asMap().merge(key, 1, Integer::sum);
    boolean stuck = tries >= (allowed ? TRIES : TRIES_WITHOUT_CALLS);
    if (stuck) {
      unanswered.invalidate(key);
      postponed.invalidate(key);
      incomplete.put(key, true);
    }
    return stuck;
  }

  private Readiness run(Work work) throws IOException {
    Optional<Readiness> without = withoutFetching(work);
    if (without.isPresent()) {
      return without.get();
    }
    Readiness readiness;
    // It counts from now on: a commit that waits for its turn is fetched as part of the same
    // change. Many may wait, so nothing that was read of the listings is held meanwhile.
    try (WarmingBudget.Share share = budget.open(work.repo())) {
      permits.acquireUninterruptibly();
      try {
        readiness = fetch(work, share);
      } finally {
        permits.release();
      }
    }
    if (readiness == Readiness.PARTIAL) {
      incomplete.put(key(work), true);
    }
    return readiness;
  }

  private static Key key(Work work) {
    return new Key(work.repo(), work.commit());
  }

  /** The readiness, if there is nothing to fetch or nothing may be fetched. */
  private Optional<Readiness> withoutFetching(Work work) throws IOException {
    Optional<Authorised<RepoId>> proof = proof(work);
    Optional<ChangedFiles.Listings> listings = proof.flatMap(p -> listings(p, work));
    if (listings.isEmpty()) {
      return Optional.of(Readiness.PARTIAL);
    }
    if (changed.survey(proof.get(), listings.get(), Optional.empty(), 1).files() == 0) {
      return Optional.of(Readiness.COMPLETE);
    }
    return work.fetcher().isEmpty() || incomplete.getIfPresent(key(work)) != null
        ? Optional.of(Readiness.PARTIAL)
        : Optional.empty();
  }

  /** Empty if one of them can't be had. */
  private Optional<ChangedFiles.Listings> listings(Authorised<RepoId> proof, Work work) {
    Optional<Manifest> target = manifests.get(proof, work.commit());
    List<Manifest> before = new ArrayList<>();
    for (CommitHash commit : work.before()) {
      listing(proof, commit, work).ifPresent(before::add);
    }
    return target
        .filter(Manifest::complete)
        .filter(_ -> before.size() == work.before().size())
        .map(complete -> new ChangedFiles.Listings(complete, before));
  }

  private Optional<Manifest> listing(Authorised<RepoId> proof, CommitHash commit, Work work) {
    Optional<Manifest> known = manifests.get(proof, commit);
    if (known.isEmpty() && work.fetcher().isPresent()) {
      var _ = manifests.learn(proof, commit, work.fetcher().get());
      return manifests.get(proof, commit);
    }
    return known;
  }

  private Optional<Authorised<RepoId>> proof(Work work) {
    return checker.remembered(new Grant(work.repo(), work.authority(), ReadScope.CONTENT));
  }

  private Readiness fetch(Work work, WarmingBudget.Share share) throws IOException {
    Optional<Authorised<RepoId>> proof = proof(work);
    if (proof.isEmpty()) {
      return Readiness.UNANSWERED;
    }
    Optional<ChangedFiles.Listings> listings = listings(proof.get(), work);
    if (listings.isEmpty()) {
      return Readiness.PARTIAL;
    }
    ChangedFiles.Survey survey =
        changed.survey(proof.get(), listings.get(), Optional.empty(), Long.MAX_VALUE);
    Readiness readiness = fetch(work, listings.get(), survey, share);
    log.info(
        "{} at {}: {} files of {} bytes changed of which the store has an earlier version: {}",
        work.repo(),
        work.commit(),
        survey.files(),
        survey.bytes(),
        readiness);
    return readiness;
  }

  private Readiness fetch(
      Work work,
      ChangedFiles.Listings listings,
      ChangedFiles.Survey survey,
      WarmingBudget.Share share)
      throws IOException {
    long largest = share.reserve(survey.need()) ? Long.MAX_VALUE : LARGE;
    boolean whole = true;
    List<ChangedFiles.Missing> page = survey.first();
    while (!page.isEmpty()) {
      for (ChangedFiles.Missing file : page) {
        if (transfers.isStored(file.blob())) {
          // A client has fetched it meanwhile, or another branch at the same commit.
          continue;
        }
        long size = file.blob().blob().size();
        if (size > largest || !share.take(file.blob().blob())) {
          whole = false;
          continue;
        }
        Predicate<BlobId> covered = blob -> blob.size() <= largest && share.covers(blob);
        switch (fetch(work, file, laterFiles(page, file, covered))) {
          case COMPLETE -> meters.warmed(size);
          case UNANSWERED -> {
            return Readiness.UNANSWERED;
          }
          default -> whole = false;
        }
      }
      // A grant lasts minutes, and this may take longer.
      Optional<Authorised<RepoId>> proof = proof(work);
      if (proof.isEmpty()) {
        return Readiness.UNANSWERED;
      }
      Optional<FilePath> last = Optional.of(page.getLast().path());
      page = changed.survey(proof.get(), listings, last, ChangedFiles.PAGE).first();
    }
    return whole ? Readiness.COMPLETE : Readiness.PARTIAL;
  }

  /** Names the LFS files of a page that are fetched after this one, for the same batch call. */
  private static CommitFiles laterFiles(
      List<ChangedFiles.Missing> page, ChangedFiles.Missing file, Predicate<BlobId> covered) {
    return limit ->
        page.subList(page.indexOf(file) + 1, page.size()).stream()
            .filter(other -> other.blob().blob().digest() instanceof Digest.Sha256)
            .filter(other -> covered.test(other.blob().blob()))
            .limit(limit)
            .map(other -> new CommitFiles.Named(other.path(), other.blob().blob()))
            .toList();
  }

  /**
   * Fetches one file; {@link Readiness#PARTIAL} if it can't be had.
   *
   * @param later names the files whose addresses are asked for with this one's
   */
  private Readiness fetch(Work work, ChangedFiles.Missing file, CommitFiles later) {
    Optional<AuthorisedBlob> blob = renewed(work, file);
    if (blob.isEmpty() || !mayFetch(work)) {
      return Readiness.UNANSWERED;
    }
    RefusalReporter source =
        new RefusalReporter(
            upstream.source(
                work.repo(),
                work.commit(),
                file.path(),
                blob.get().blob(),
                work.fetcher().orElseThrow(),
                later),
            work.refused());
    SeededSource seeded = new SeededSource(seeds, work.repo(), blob.get().blob(), source);
    return switch (transfers.background().fetch(blob.get(), seeded)) {
      case UpstreamResult.Value(var outcome) ->
          switch (outcome) {
            case STORED -> Readiness.COMPLETE;
            case NOT_KEPT, WRONG -> Readiness.PARTIAL;
            case BROKEN -> Readiness.UNANSWERED;
          };
      case UpstreamResult.Refused(_) -> Readiness.PARTIAL;
      case UpstreamResult.Failed(var failure) ->
          BackgroundTransfers.isOutage(failure) ? Readiness.UNANSWERED : Readiness.PARTIAL;
    };
  }

  /** Whether the Hub allows more calls than clients may need. */
  private boolean mayFetch(Work work) {
    return work.fetcher()
        .filter(fetcher -> upstream.quotas().mayFetchAhead(fetcher.authority()))
        .isPresent();
  }

  /** The proof of a file that was found a while ago: the repo may have been closed since. */
  private Optional<AuthorisedBlob> renewed(Work work, ChangedFiles.Missing file) {
    return proof(work).isPresent() ? Optional.of(file.blob()) : Optional.empty();
  }
}
