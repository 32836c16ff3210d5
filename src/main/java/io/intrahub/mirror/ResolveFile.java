package io.intrahub.mirror;

import io.intrahub.access.Authorised;
import io.intrahub.access.AuthorisedBlob;
import io.intrahub.access.Caller;
import io.intrahub.access.ReadScope;
import io.intrahub.base.Deadline;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.ErrorCode;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.HubError;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.metrics.Meters;
import io.intrahub.policy.CacheDirectives;
import io.intrahub.policy.Observation;
import io.intrahub.store.SeedBlobs;
import io.intrahub.transfer.Transfers;
import io.intrahub.transfer.content.OpenedContent;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.CommitFiles;
import io.intrahub.upstream.FirstHop;
import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import io.intrahub.upstream.hub.HubUpstream;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Executor;

/**
 * {@code HEAD|GET /{repo}/resolve/{revision}/{path}}: one file of one revision. Safe for use by
 * many threads.
 */
public final class ResolveFile {
  /** How long a client waits for a listing before its own file is asked about. */
  private static final Duration LISTING_PATIENCE = Duration.ofSeconds(2);

  /**
   * In bytes. The rest of what is not kept is hashed from its first byte, which takes longer than a
   * client waits if there is more before it.
   */
  private static final long LONG = 256L << 20;

  private final RevisionResolver revisions;
  private final ManifestLoader manifests;
  private final ListingFirst listingFirst;
  private final EntryLookup entries;
  private final HubUpstream upstream;
  private final Transfers transfers;
  private final SeedBlobs seeds;
  private final Meters meters;
  private final ColdQuestionLimiter questions;
  private final MirrorSettings settings;
  private final FirstHopQuestions hops;
  private final GatheredPaths gathered;

  ResolveFile(
      RevisionResolver revisions,
      ManifestLoader manifests,
      ListingFirst listingFirst,
      EntryLookup entries,
      HubUpstream upstream,
      Transfers transfers,
      SeedBlobs seeds,
      Meters meters,
      ColdQuestionLimiter questions,
      MirrorSettings settings,
      Executor executor) {
    this.revisions = revisions;
    this.manifests = manifests;
    this.listingFirst = listingFirst;
    this.entries = entries;
    this.upstream = upstream;
    this.transfers = transfers;
    this.seeds = seeds;
    this.meters = meters;
    this.questions = questions;
    this.settings = settings;
    this.hops = new FirstHopQuestions(executor);
    this.gathered =
        new GatheredPaths(
            upstream, manifests, entries, questions, executor, settings.sharedTimeout());
  }

  /** Looks a file up. */
  public FileAnswer resolve(RevisionRequest on, FilePath path) {
    FileRequest request =
        new FileRequest(on, path, revisions.now(), Deadline.in(settings.headTimeout()));
    return switch (revisions.resolve(on, ReadScope.CONTENT, probe(on, path), request.deadline())) {
      case UpstreamResult.Value(ResolvedRevision.At at) -> resolveOpen(at, request);
      case UpstreamResult.Value(ResolvedRevision.NotKept notKept) -> passThrough(notKept, request);
      case UpstreamResult.NoValue<ResolvedRevision> none ->
          UpstreamErrors.reply(none, on.repo().toString());
    };
  }

  /** How to ask when nothing is known. A file that proves nothing is not asked about first. */
  private RevisionProbes.Probe probe(RevisionRequest on, FilePath path) {
    return HubUpstream.proves(path)
        ? new RevisionProbes.Probe(path, (repo, as) -> learnByHop(repo, on, path, as))
        : revisions.byRepoInfo(on);
  }

  /**
   * The cold question: one call gives commit, digest, size, address and the right to read. An
   * upstream that is itself a mirror may leave some of them out: repo info names the commit then.
   */
  private UpstreamResult<ProbeResult> learnByHop(
      RepoId repo, RevisionRequest on, FilePath path, Caller as) {
    Instant asked = revisions.now();
    UpstreamResult<FirstHop> hop = upstream.learnFile(repo, on.revision(), path, as);
    if (hop.asFailure().filter(ResolveFile::isIncomplete).isPresent()) {
      return revisions.byRepoInfo(on).ask().apply(repo, as);
    }
    return ProbeResult.of(
        hop,
        found -> {
          entries.learn(path, found);
          // Another mirror's stale answer proves nothing; repo info says why.
          return found.evidence().isEmpty()
              ? revisions.byRepoInfo(on).ask().apply(repo, as)
              : new UpstreamResult.Value<>(
                  new ProbeResult.Open(
                      found.evidence().get(), new Observation<>(found.commit(), asked)));
        });
  }

  private FileAnswer resolveOpen(ResolvedRevision.At at, FileRequest request) {
    Authorised<RepoId> repo = at.repo();
    FilePath path = request.path();
    Optional<EntryLookup.Known> known = entries.find(repo, at.commit(), path);
    if (request.on().directives().onlyIfCached()) {
      return known
          .filter(this::isStored)
          .map(k -> answer(at, request, k))
          .orElseGet(() -> OnlyStored.reply(path + " of " + request.on().repo()));
    }
    if (known.isPresent() || request.revision().asCommit().isEmpty()) {
      // A commit that a client names may be made up: it is looked for before it is listed.
      manifests.learnInBackground(repo, at.commit(), at.reader());
    }
    if (known.isEmpty() && listingFirst.isWorth(at, request)) {
      known = findAfterListing(at, request);
      if (known.isEmpty()) {
        listingFirst.wasInVain(at);
      }
    }
    if (known.isPresent()) {
      return answer(at, request, known.get());
    }
    try (GatheredPaths.Turn turn = gathered.turn(at, request)) {
      return turn.await()
          .map(k -> answer(at, request, k))
          .orElseGet(() -> askUpstream(at, request, turn));
    }
  }

  private FileAnswer askUpstream(
      ResolvedRevision.At at, FileRequest request, GatheredPaths.Turn turn) {
    Authorised<RepoId> repo = at.repo();
    FilePath path = request.path();
    Caller caller = request.caller();
    meters.answered(Meters.Kind.ENTRY, Meters.Level.UPSTREAM);
    Revision exact = at.commit().asRevision();
    ColdQuestionLimiter.Admission admission = questions.admission(caller);
    // A fallback's word is not asked for: the client would take it for a part of this commit.
    Optional<UpstreamResult<FirstHop>> hop =
        hops.ask(
            new FirstHopQuestions.Key(repo.subject(), exact, path, at.reader().authority(), true),
            () -> upstream.learnFile(repo.subject(), exact, path, at.reader()),
            admission,
            request.deadline());
    if (hop.isEmpty()) {
      return slow(repo.subject(), request.deadline());
    }
    return switch (hop.get()) {
      case UpstreamResult.Value(var found) -> {
        admission.refund();
        turn.refund();
        manifests.learnInBackground(repo, at.commit(), at.reader());
        yield found(at, request, entries.learn(repo, at.commit(), path, found));
      }
      case UpstreamResult.Refused(var refusal) when refusal.isOfRepo() -> {
        revisions.refused(repo.subject(), refusal, at.reader());
        yield at.reader().isAnonymous()
            ? passThrough(
                new ResolvedRevision.NotKept(request.on().repo(), Optional.of(refusal)), request)
            : UpstreamErrors.reply(refusal);
      }
      case UpstreamResult.Refused(var refusal) -> {
        if (refusal.commit().filter(at.commit()::equals).isPresent()) {
          manifests.learnInBackground(repo, at.commit(), at.reader());
        }
        rememberAbsence(repo.subject(), at.commit(), path, refusal);
        yield UpstreamErrors.reply(refusal);
      }
      case UpstreamResult.Failed(var failure) ->
          Optional.of(failure)
              .filter(ResolveFile::isIncomplete)
              .flatMap(_ -> findAfterListing(at, request))
              .map(listed -> answer(at, request, listed))
              .orElseGet(() -> UpstreamErrors.reply(failure, path + " of " + repo.subject()));
    };
  }

  private FileAnswer answer(ResolvedRevision.At at, FileRequest request, EntryLookup.Known known) {
    return switch (known) {
      case EntryLookup.Known.File file -> found(at, request, file.blob());
      case EntryLookup.Known.Absent _ -> absent(at, request);
    };
  }

  private boolean isStored(EntryLookup.Known known) {
    return switch (known) {
      case EntryLookup.Known.File(var blob) -> transfers.isStored(blob);
      case EntryLookup.Known.Absent _ -> true;
    };
  }

  private static boolean isIncomplete(UpstreamFailure failure) {
    return failure.kind() == UpstreamFailure.Kind.INCOMPLETE_ANSWER;
  }

  private Optional<EntryLookup.Known> findAfterListing(
      ResolvedRevision.At at, FileRequest request) {
    Duration left = request.deadline().left();
    Duration patience = left.compareTo(LISTING_PATIENCE) < 0 ? left : LISTING_PATIENCE;
    var _ =
        manifests.getOrLearn(
            at.repo(), at.commit(), at.reader(), questions.admission(request.caller()), patience);
    return entries.find(at.repo(), at.commit(), request.path());
  }

  private void rememberAbsence(RepoId repo, CommitHash commit, FilePath path, HubRefusal refusal) {
    boolean entry =
        refusal.error().code().filter(ErrorCode.ENTRY_NOT_FOUND.wire()::equals).isPresent();
    if (entry && refusal.commit().filter(commit::equals).isPresent()) {
      entries.learnAbsent(repo, commit, path);
    }
  }

  /**
   * A client remembers an absence for ever, so a commit that may be old is looked at again first.
   */
  private FileAnswer absent(ResolvedRevision.At at, FileRequest request) {
    boolean old = at.label().ttl().filter(ttl -> ttl.isNegative() || ttl.isZero()).isPresent();
    CacheDirectives asked = request.on().directives();
    if (old && asked.leaveChoice() && upstream.state(at.reader().authority()).mayRefresh()) {
      // Not as if the client had asked for upstream's word: a commit that is shown for the sake of
      // one probe would be mixed with the old one by the load that the probe is part of.
      revisions.confirm(at, request.revision(), request.since());
      switch (revisions.resolve(
          request.on(),
          ReadScope.CONTENT,
          revisions.byRepoInfo(request.on()),
          request.deadline())) {
        case UpstreamResult.Value(ResolvedRevision.At now)
            when !now.commit().equals(at.commit()) -> {
          return resolveOpen(now, request);
        }
        case UpstreamResult.Value(ResolvedRevision.NotKept notKept) -> {
          return passThrough(notKept, request);
        }
        case UpstreamResult.Refused(var refusal) -> {
          return UpstreamErrors.reply(refusal);
        }
        case UpstreamResult.Value(ResolvedRevision.At _), UpstreamResult.Failed(_) -> {}
      }
    }
    return new ErrorReply(HubError.entryNotFound(), Optional.of(at.commit()));
  }

  private FileAnswer found(ResolvedRevision.At at, FileRequest request, AuthorisedBlob blob) {
    RepoId repo = blob.repo();
    FilePath path = request.path();
    RefusalReporter fromUpstream =
        new RefusalReporter(
            upstream.source(
                repo,
                at.commit(),
                path,
                blob.blob(),
                at.reader(),
                new LfsFiles(manifests, transfers, at.repo(), at.commit(), path)),
            refusal -> revisions.refused(repo, refusal, at.reader()));
    BlobSource source = new SeededSource(seeds, repo, blob.blob(), fromUpstream);
    return new FileAnswer.Found(
        at.commit(),
        path,
        blob.blob(),
        at.label(),
        transfers.recentlyWrong(blob),
        (span, completing) -> {
          UpstreamResult<OpenedContent> opening =
              transfers.open(blob, source, span, completing, request.deadline());
          if (opening.asFailure().filter(ResolveFile::isStrange).isPresent()) {
            entries.markSuspect(repo, at.commit(), path);
          }
          return opened(opening, at.label(), path + " of " + repo);
        });
  }

  /** Whether what upstream sent is not what it said of the file before. */
  private static boolean isStrange(UpstreamFailure failure) {
    return failure.kind() == UpstreamFailure.Kind.UNEXPECTED_ANSWER
        || failure.kind() == UpstreamFailure.Kind.WRONG_CONTENT;
  }

  private FileAnswer.Opened opened(
      UpstreamResult<OpenedContent> opening, CacheLabel label, String what) {
    return switch (opening) {
      case UpstreamResult.Value(var ready) -> {
        CacheLabel.Source source =
            switch (ready.origin()) {
              case STORE -> CacheLabel.Source.HIT;
              case TRANSFER -> CacheLabel.Source.MISS;
              case UPSTREAM -> CacheLabel.Source.BYPASS;
            };
        Meters.Level level =
            source == CacheLabel.Source.HIT ? Meters.Level.DISK : Meters.Level.UPSTREAM;
        meters.answered(Meters.Kind.CONTENT, level);
        yield new FileContent(ready.stream(), label.from(source), ready.verified(), meters, level);
      }
      case UpstreamResult.NoValue<OpenedContent> none -> UpstreamErrors.contentReply(none, what);
    };
  }

  /** Without a grant: upstream answers this client, and nothing is kept. */
  private FileAnswer passThrough(ResolvedRevision.NotKept notKept, FileRequest request) {
    FilePath path = request.path();
    Caller caller = request.caller();
    Deadline deadline = request.deadline();
    if (caller.isAnonymous() && notKept.refusal().isPresent()) {
      return UpstreamErrors.reply(notKept.refusal().get());
    }
    Optional<HubRefusal> before = revisions.refusalOf(notKept.repo(), caller, ReadScope.CONTENT);
    if (before.isPresent()) {
      return UpstreamErrors.reply(before.get());
    }
    ColdQuestionLimiter.Admission admission = questions.admission(caller);
    Optional<UpstreamResult<FirstHop>> hop =
        hops.ask(
            new FirstHopQuestions.Key(
                notKept.repo(), request.revision(), path, caller.authority(), false),
            () -> upstream.firstHop(notKept.repo(), request.revision(), path, caller),
            admission,
            deadline);
    if (hop.isEmpty()) {
      return slow(notKept.repo(), deadline);
    }
    return switch (hop.get()) {
      case UpstreamResult.Value(var found) -> {
        if (caller.hasOwnToken()) {
          admission.refund();
        }
        CacheLabel label = CacheLabel.passedOn(found.stale(), found.grantAge(), caller);
        BlobSource source =
            upstream.source(
                found.repo(), found.commit(), path, found.blob(), caller, CommitFiles.NONE);
        yield new FileAnswer.Found(
            found.commit(),
            path,
            found.blob(),
            label,
            transfers.recentlyWrong(found.repo(), found.blob()) || found.blob().size() > LONG,
            (span, completing) ->
                opened(
                    transfers.passThrough(
                        found.repo(),
                        source,
                        found.blob(),
                        span,
                        completing,
                        caller.client(),
                        deadline),
                    label,
                    path + " of " + found.repo()));
      }
      case UpstreamResult.Refused(var refusal) -> {
        if (refusal.isOfRepo()) {
          revisions.refused(notKept.repo(), refusal, caller);
        }
        yield UpstreamErrors.reply(refusal);
      }
      case UpstreamResult.Failed(var failure) ->
          UpstreamErrors.reply(failure, notKept.repo().toString());
    };
  }

  private FileAnswer slow(RepoId repo, Deadline deadline) {
    return UpstreamErrors.reply(
        UpstreamErrors.timedOut(upstream, deadline.whole()), repo.toString());
  }
}
