package io.intrahub.mirror;

import io.intrahub.access.Authorised;
import io.intrahub.access.Authority;
import io.intrahub.access.Caller;
import io.intrahub.base.Deadline;
import io.intrahub.base.SingleFlight;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.ErrorCode;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.HubError;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.metrics.Meters;
import io.intrahub.policy.UpstreamState;
import io.intrahub.transfer.Transfers;
import io.intrahub.transfer.content.ContentOpening;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.FirstHop;
import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.hub.HubUpstream;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/**
 * {@code HEAD|GET /{repo}/resolve/{revision}/{path}}: one file of one revision. Safe for use by
 * many threads.
 */
public final class ResolveFile {
  private final RevisionResolver revisions;
  private final ManifestLoader manifests;
  private final EntryLookup entries;
  private final HubUpstream upstream;
  private final Transfers transfers;
  private final Meters meters;
  private final ColdQuestionLimiter questions;
  private final MirrorSettings settings;
  private final SingleFlight<HopKey, FirstHop> hops;

  /**
   * The authority is part of the key: one client's answer is never another's.
   *
   * @param believed whether only the authoritative endpoint is asked
   */
  private record HopKey(
      RepoId repo, Revision revision, FilePath path, Authority authority, boolean believed) {}

  ResolveFile(
      RevisionResolver revisions,
      ManifestLoader manifests,
      EntryLookup entries,
      HubUpstream upstream,
      Transfers transfers,
      Meters meters,
      ColdQuestionLimiter questions,
      MirrorSettings settings,
      Executor executor) {
    this.revisions = revisions;
    this.manifests = manifests;
    this.entries = entries;
    this.upstream = upstream;
    this.transfers = transfers;
    this.meters = meters;
    this.questions = questions;
    this.settings = settings;
    this.hops = new SingleFlight<>(executor);
  }

  /**
   * Looks a file up.
   *
   * @param noCache whether the client asked for upstream's word ({@code Cache-Control: no-cache})
   */
  public FileAnswer resolve(
      RepoId repo, Revision revision, FilePath path, Caller caller, boolean noCache) {
    Instant since = revisions.now();
    Deadline deadline = Deadline.in(settings.headTimeout());
    RevisionProbes.Probe probe =
        new RevisionProbes.Probe(path, r -> learnByHop(r, revision, path), caller);
    ResolvedRevision resolved = revisions.resolve(repo, revision, probe, deadline, noCache);
    return switch (resolved) {
      case ResolvedRevision.At at ->
          resolveOpen(at, repo, revision, path, caller, noCache, since, deadline);
      case ResolvedRevision.NotKept notKept ->
          passThrough(notKept, revision, path, caller, deadline);
      case ResolvedRevision.Refused refused -> refusal(refused.refusal());
      case ResolvedRevision.Failed failed ->
          new FileAnswer.Refused(
              UpstreamErrors.error(failed.failure(), repo.toString()), Optional.empty());
    };
  }

  /** The cold question: one call gives commit, digest, size, address and the right to read. */
  private ProbeResult learnByHop(RepoId repo, Revision revision, FilePath path) {
    return switch (upstream.learnFile(repo, revision, path)) {
      case FirstHop.Found found -> {
        entries.learn(found.repo(), found.commit(), path, new EntryLookup.Known.File(found.blob()));
        yield new ProbeResult.Open(found.evidence().orElseThrow(), found.commit());
      }
      case FirstHop.Refused refused -> ProbeResult.of(refused.refusal());
      case FirstHop.Failed failed -> new ProbeResult.Nothing(failed.failure());
    };
  }

  private FileAnswer resolveOpen(
      ResolvedRevision.At at,
      RepoId asked,
      Revision revision,
      FilePath path,
      Caller caller,
      boolean noCache,
      Instant since,
      Deadline deadline) {
    Authorised<RepoId> repo = at.repo();
    Optional<EntryLookup.Known> known = entries.find(repo, at.commit(), path);
    if (known.isPresent() || revision.asCommit().isEmpty()) {
      // A commit that a client names may be made up: it is looked for before it is listed.
      manifests.learnInBackground(repo, at.commit(), caller.client());
    }
    if (known.isPresent()) {
      return switch (known.get()) {
        case EntryLookup.Known.File file ->
            found(repo, at.commit(), path, file.blob(), at.label(), deadline);
        case EntryLookup.Known.Absent _ ->
            absent(at, asked, revision, path, caller, noCache, since, deadline);
      };
    }
    meters.answered(Meters.Kind.ENTRY, Meters.Level.UPSTREAM);
    Revision exact = at.commit().asRevision();
    ColdQuestionLimiter.Admission admission = questions.admission(caller);
    // A fallback's word is not asked for: the client would take it for a part of this commit.
    Optional<FirstHop> hop =
        hop(
            new HopKey(repo.subject(), exact, path, Caller.ANONYMOUS.authority(), true),
            () -> upstream.learnFile(repo.subject(), exact, path),
            admission,
            deadline);
    if (hop.isEmpty()) {
      return slow(repo.subject(), deadline);
    }
    return switch (hop.get()) {
      case FirstHop.Found found -> {
        admission.refund();
        manifests.learnInBackground(repo, at.commit(), caller.client());
        entries.learn(repo.subject(), at.commit(), path, new EntryLookup.Known.File(found.blob()));
        yield found(repo, at.commit(), path, found.blob(), at.label(), deadline);
      }
      case FirstHop.Refused refused when refused.refusal().isOfRepo() -> {
        revisions.refused(repo.subject(), refused.refusal());
        yield passThrough(
            new ResolvedRevision.NotKept(asked, Optional.of(refused.refusal())),
            revision,
            path,
            caller,
            deadline);
      }
      case FirstHop.Refused refused -> {
        if (refused.refusal().commit().filter(at.commit()::equals).isPresent()) {
          manifests.learnInBackground(repo, at.commit(), caller.client());
        }
        rememberAbsence(repo.subject(), at.commit(), path, refused.refusal());
        yield refusal(refused.refusal());
      }
      case FirstHop.Failed failed ->
          new FileAnswer.Refused(
              UpstreamErrors.error(failed.failure(), path + " of " + repo.subject()),
              Optional.empty());
    };
  }

  private void rememberAbsence(RepoId repo, CommitHash commit, FilePath path, HubRefusal refusal) {
    boolean entry =
        refusal.error().code().filter(ErrorCode.ENTRY_NOT_FOUND.wire()::equals).isPresent();
    if (entry && refusal.commit().filter(commit::equals).isPresent()) {
      entries.learn(repo, commit, path, new EntryLookup.Known.Absent());
    }
  }

  /**
   * A client remembers an absence for ever, so a commit that may be old is looked at again first.
   */
  private FileAnswer absent(
      ResolvedRevision.At at,
      RepoId asked,
      Revision revision,
      FilePath path,
      Caller caller,
      boolean noCache,
      Instant since,
      Deadline deadline) {
    boolean old = at.label().ttl().filter(ttl -> ttl.isNegative() || ttl.isZero()).isPresent();
    if (old && !noCache && upstream.state() == UpstreamState.REACHABLE) {
      // Not as if the client had asked for upstream's word: a commit that is shown for the sake of
      // one probe would be mixed with the old one by the load that the probe is part of.
      revisions.confirm(at.repo(), revision, since, caller.client());
      ResolvedRevision again =
          revisions.resolve(
              asked, revision, revisions.byRepoInfo(revision, caller), deadline, false);
      if (again instanceof ResolvedRevision.At now && !now.commit().equals(at.commit())) {
        return resolveOpen(now, asked, revision, path, caller, false, since, deadline);
      }
      if (again instanceof ResolvedRevision.NotKept notKept) {
        return passThrough(notKept, revision, path, caller, deadline);
      }
      if (again instanceof ResolvedRevision.Refused refused) {
        return refusal(refused.refusal());
      }
    }
    return new FileAnswer.Refused(HubError.entryNotFound(), Optional.of(at.commit()));
  }

  private FileAnswer found(
      Authorised<RepoId> repo,
      CommitHash commit,
      FilePath path,
      BlobId blob,
      CacheLabel label,
      Deadline deadline) {
    BlobSource source = upstream.source(repo.subject(), commit, path, blob, Caller.ANONYMOUS);
    return new FileAnswer.Found(
        commit,
        path,
        blob,
        label,
        transfers.recentlyWrong(repo.subject(), blob),
        (span, completing) ->
            open(repo, commit, blob, source, span, completing, label, path, deadline));
  }

  private FileAnswer.Opened open(
      Authorised<RepoId> repo,
      CommitHash commit,
      BlobId blob,
      BlobSource source,
      ByteRange.Span span,
      boolean completing,
      CacheLabel label,
      FilePath path,
      Deadline deadline) {
    ContentOpening opening = transfers.open(repo, blob, source, span, completing, deadline);
    if (opening instanceof ContentOpening.Refused refused && refused.refusal().isOfRepo()) {
      revisions.refused(repo.subject(), refused.refusal());
    }
    boolean strange =
        opening instanceof ContentOpening.Failed failed
            && (failed.failure().kind() == UpstreamFailure.Kind.UNEXPECTED_ANSWER
                || failed.failure().kind() == UpstreamFailure.Kind.WRONG_CONTENT);
    if (strange) {
      entries.markSuspect(repo.subject(), commit, path);
    }
    return opened(opening, label, path + " of " + repo.subject());
  }

  private FileAnswer.Opened opened(ContentOpening opening, CacheLabel label, String what) {
    return switch (opening) {
      case ContentOpening.Ready ready -> {
        CacheLabel.Source source =
            switch (ready.origin()) {
              case STORE -> CacheLabel.Source.HIT;
              case TRANSFER -> CacheLabel.Source.MISS;
              case UPSTREAM -> CacheLabel.Source.BYPASS;
            };
        Meters.Level level =
            source == CacheLabel.Source.HIT ? Meters.Level.DISK : Meters.Level.UPSTREAM;
        meters.answered(Meters.Kind.CONTENT, level);
        yield new FileAnswer.Flowing(
            new FileContent(ready.stream(), label.from(source), ready.verified(), meters, level));
      }
      case ContentOpening.Refused refused -> new FileAnswer.Unavailable(refused.refusal().error());
      case ContentOpening.Failed failed ->
          new FileAnswer.Unavailable(UpstreamErrors.error(failed.failure(), what));
    };
  }

  /** Not everybody may read it: upstream answers this client, and nothing is kept. */
  private FileAnswer passThrough(
      ResolvedRevision.NotKept notKept,
      Revision revision,
      FilePath path,
      Caller caller,
      Deadline deadline) {
    if (caller.isAnonymous() && notKept.refusal().isPresent()) {
      return refusal(notKept.refusal().get());
    }
    Optional<HubRefusal> before = revisions.refusalOf(notKept.repo(), caller);
    if (before.isPresent()) {
      return refusal(before.get());
    }
    ColdQuestionLimiter.Admission admission = questions.admission(caller);
    Optional<FirstHop> hop =
        hop(
            new HopKey(notKept.repo(), revision, path, caller.authority(), false),
            () -> upstream.firstHop(notKept.repo(), revision, path, caller),
            admission,
            deadline);
    if (hop.isEmpty()) {
      return slow(notKept.repo(), deadline);
    }
    return switch (hop.get()) {
      case FirstHop.Found found -> {
        if (!caller.isAnonymous()) {
          admission.refund();
        }
        BlobSource source =
            upstream.source(found.repo(), found.commit(), path, found.blob(), caller);
        yield new FileAnswer.Found(
            found.commit(),
            path,
            found.blob(),
            CacheLabel.BYPASSED,
            transfers.recentlyWrong(found.repo(), found.blob()),
            (span, completing) ->
                opened(
                    transfers.passThrough(
                        found.repo(), source, found.blob(), span, caller.client(), deadline),
                    CacheLabel.BYPASSED,
                    path + " of " + found.repo()));
      }
      case FirstHop.Refused refused -> {
        revisions.rememberRefusal(notKept.repo(), caller, refused.refusal());
        yield refusal(refused.refusal());
      }
      case FirstHop.Failed failed ->
          new FileAnswer.Refused(
              UpstreamErrors.error(failed.failure(), notKept.repo().toString()), Optional.empty());
    };
  }

  private Optional<FirstHop> hop(
      HopKey key,
      Supplier<FirstHop> question,
      ColdQuestionLimiter.Admission admission,
      Deadline deadline) {
    Optional<CompletableFuture<FirstHop>> hop = hops.join(key, admission::begin, question);
    return hop.isPresent()
        ? BoundedWait.until(hop.get(), deadline.left())
        : Optional.of(new FirstHop.Failed(admission.refusal()));
  }

  private FileAnswer slow(RepoId repo, Deadline deadline) {
    return new FileAnswer.Refused(
        UpstreamErrors.error(UpstreamErrors.timedOut(upstream, deadline.whole()), repo.toString()),
        Optional.empty());
  }

  private static FileAnswer refusal(HubRefusal refusal) {
    return new FileAnswer.Refused(refusal.error(), refusal.commit());
  }
}
