package io.intrahub.mirror;

import io.intrahub.access.AccessChecker;
import io.intrahub.access.Caller;
import io.intrahub.access.ReadPolicy;
import io.intrahub.base.CacheSizes;
import io.intrahub.base.MemoryBudget;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.metrics.Meters;
import io.intrahub.store.GuardedFolder;
import io.intrahub.store.ImportGuard;
import io.intrahub.store.RemovalGuard;
import io.intrahub.store.RepoStore;
import io.intrahub.store.Seeds;
import io.intrahub.transfer.Transfers;
import io.intrahub.upstream.hub.HubUpstream;
import java.time.Clock;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Executor;

/** The use cases, wired to each other. Each of them is safe for use by many threads. */
public final class Mirror {
  private final ResolveFile files;
  private final RepoInfoQueries infos;
  private final HistoryQueries histories;
  private final TreeQueries trees;
  private final RepoResources resources;
  private final Optional<RepoResources> viewer;
  private final RevisionResolver revisions;
  private final OpenRepos open;
  private final HubUpstream upstream;
  private final Transfers transfers;
  private final RepoIdentity identity;
  private final BlobRefetcher refetcher;
  private final List<GuardedFolder> seeds;

  /**
   * Wires them.
   *
   * @param policy whose right to read counts, and what the operator's rules refuse
   * @param seeds folders beside the store, from which content is taken before upstream is asked
   * @param budget what listings and answers of any size are held in
   * @param caches how large the caches may be
   * @param executor a thread per task: tasks wait for upstream and for each other
   */
  public Mirror(
      AccessChecker checker,
      ReadPolicy policy,
      RepoStore store,
      HubUpstream upstream,
      Transfers transfers,
      Seeds seeds,
      Meters meters,
      MemoryBudget budget,
      CacheSizes caches,
      Executor executor,
      Clock clock,
      MirrorSettings settings) {
    this.upstream = upstream;
    this.transfers = transfers;
    this.seeds = seeds.folders();
    ColdQuestionLimiter questions =
        new ColdQuestionLimiter(settings.coldQuestions(), clock, caches.coldQuestions());
    KnownCommits commits = new KnownCommits(store, seeds.metadata());
    RepoReplacements replacements = new RepoReplacements(store);
    ManifestLoader manifests =
        new ManifestLoader(
            commits, replacements, upstream, budget, executor, settings.manifestLimit());
    this.identity = new RepoIdentity(checker, store, replacements, clock);
    RepoInfoFetcher keeper = new RepoInfoFetcher(store, replacements, budget, identity, clock);
    BranchCommits branches =
        new BranchCommits(
            store,
            new PendingCommits(
                clock, settings.quiet(), settings.quietAtMost(), caches.pendingCommits()),
            new CommitWarmer(
                    checker,
                    manifests,
                    upstream,
                    transfers,
                    seeds.blobs(),
                    meters,
                    settings.warmLimit())
                ::warm,
            executor,
            meters,
            clock,
            policy.hasRules());
    this.revisions =
        new RevisionResolver(
            checker,
            new SiteRules(policy, checker, commits),
            identity,
            commits,
            upstream,
            keeper,
            manifests,
            branches,
            executor,
            questions,
            clock,
            settings,
            caches);
    this.open =
        new OpenRepos(checker, policy, store, revisions, upstream::state, settings.headTimeout());
    EntryLookup entries = new EntryLookup(manifests, meters, caches.entries());
    identity.onForget(entries::forget);
    identity.onForget(branches::forget);
    identity.onRenamed(branches.loads()::renamed);
    ApiPassThrough passThrough = new ApiPassThrough(upstream, revisions, questions);
    AnswerMemory lists = new AnswerMemory(caches.lists());
    identity.onForget(lists::forget);
    checker.onRejected(lists::forget);
    RecentAnswers recent =
        new RecentAnswers(
            passThrough, upstream, revisions, questions, budget, meters, settings, lists, executor);
    this.resources = new RepoResources(revisions, passThrough, recent, RecentReads::of, settings);
    this.viewer =
        upstream
            .viewer()
            .map(server -> {
              ApiPassThrough toViewer = new ApiPassThrough(server, revisions, questions);
              RecentAnswers recentOfViewer =
                  new RecentAnswers(
                      toViewer, server, revisions, questions, budget, meters, settings, lists,
                      executor);
              return new RepoResources(
                  revisions, toViewer, recentOfViewer, RecentReads::ofViewer, settings);
            });
    this.files =
        new ResolveFile(
            revisions,
            manifests,
            new ListingFirst(store, upstream),
            entries,
            upstream,
            transfers,
            seeds.blobs(),
            meters,
            questions,
            settings,
            executor);
    this.refetcher = new BlobRefetcher(files, OpenRepos.everybody(policy));
    this.infos =
        new RepoInfoQueries(
            revisions,
            store,
            upstream,
            keeper,
            new ListedRepoInfo(manifests, budget),
            resources,
            budget,
            meters,
            questions,
            settings,
            caches.answers(),
            executor);
    identity.onForget(infos::forget);
    this.histories =
        new HistoryQueries(
            revisions,
            store,
            replacements,
            new ShownRefs(store, branches),
            upstream,
            resources,
            budget,
            questions,
            settings,
            executor);
    this.trees =
        new TreeQueries(
            revisions, manifests, upstream, resources, budget, questions, meters, settings);
  }

  /** Files. */
  public ResolveFile files() {
    return files;
  }

  /** Repo info. */
  public RepoInfoQueries infos() {
    return infos;
  }

  /** Refs and histories of commits. */
  public HistoryQueries histories() {
    return histories;
  }

  /** Listings. */
  public TreeQueries trees() {
    return trees;
  }

  /** All other calls. */
  public RepoResources resources() {
    return resources;
  }

  /** Reads of the dataset viewer; empty if upstream has none. */
  public Optional<RepoResources> viewer() {
    return viewer;
  }

  /** Which repos everybody may read. */
  public OpenRepos openRepos() {
    return open;
  }

  /** What an import must go through while clients are served. */
  public ImportGuard importGuard() {
    return identity::change;
  }

  /** What a removal of repos and revisions must go through while clients are served. */
  public RemovalGuard removalGuard() {
    return identity.removalGuard();
  }

  /**
   * Fetches a file again whose stored content was lost, if a client may read it and upstream
   * answers. Waits for its end, however long that takes; the store shows whether it came.
   *
   * @param client who asks; empty: a client without a token, in any network
   * @return why not all of it came, for the operator; empty if it did
   */
  public Optional<String> refetch(
      RepoId repo, CommitHash commit, FilePath path, Optional<Caller> client) {
    return refetcher.fetch(repo, commit, path, client);
  }

  /** Whether upstream can be asked now: {@code reachable}, {@code down} or {@code offline}. */
  public String upstreamState() {
    return upstream.state().name().toLowerCase(Locale.ROOT);
  }

  /** What goes on now. */
  public MirrorStatus status() {
    Meters.Loads loads = transfers.loads();
    return new MirrorStatus(
        upstreamState(),
        MirrorStatus.loads(transfers.progress()),
        loads.taken(),
        loads.waiting(),
        loads.passThrough(),
        revisions.removed(),
        upstream.quotas().list().stream().map(MirrorStatus.Quota::of).toList(),
        seeds.stream().map(MirrorStatus.SeedState::of).toList());
  }
}
