package io.intrahub.mirror;

import io.intrahub.access.AccessChecker;
import io.intrahub.access.Caller;
import io.intrahub.access.Grant;
import io.intrahub.access.ReadEvidence;
import io.intrahub.access.ReadScope;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Observation;
import io.intrahub.store.RepoStore;
import io.intrahub.upstream.FirstHop;
import io.intrahub.upstream.UpstreamResult;
import io.intrahub.upstream.hub.HubUpstream;
import io.intrahub.upstream.hub.RepoInfoAnswer;
import java.time.Clock;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Questions to the authoritative endpoint about a repo as a whole, and what their answers say about
 * who may read it. They keep repo info, and nothing else. Safe for use by many threads.
 */
final class RepoQuestions {
  /**
   * A file that git repos of the Hub have, and that a gated one shows only to whom it let in
   * (huggingface_hub 2.4 is refused it first).
   */
  private static final FilePath GIT_ATTRIBUTES = new FilePath(".gitattributes");

  private final AccessChecker checker;
  private final RepoStore store;
  private final HubUpstream upstream;
  private final RepoInfoFetcher infos;
  private final RepoIdentity identity;
  private final RemovedRepos removed;
  private final Clock clock;

  RepoQuestions(
      AccessChecker checker,
      RepoStore store,
      HubUpstream upstream,
      RepoInfoFetcher infos,
      RepoIdentity identity,
      RemovedRepos removed,
      Clock clock) {
    this.checker = checker;
    this.store = store;
    this.upstream = upstream;
    this.infos = infos;
    this.identity = identity;
    this.removed = removed;
    this.clock = clock;
  }

  /** Asks for repo info of a revision, and keeps it. */
  UpstreamResult<ProbeResult> repoInfo(RepoId repo, Revision revision, Caller as) {
    String query = RepoInfoQuery.WHOLE.canonical();
    return learned(
        () -> upstream.learnInfo(repo, named(revision), query, as),
        RepoQuestions::commitIfOpen,
        as);
  }

  /**
   * Asks the repo's own question: whether the authority of a grant has what it grants.
   *
   * @param revision one that a client can't choose freely; see {@link GrantRenewals}
   * @param as the authority of the grant, and against whose share of the memory budget
   */
  UpstreamResult<ProbeResult> own(Revision revision, Grant grant, Caller as) {
    boolean byFile = grant.scope() == ReadScope.CONTENT && !as.isAnonymous();
    if (!byFile) {
      return confirmByInfo(revision, grant.repo(), as);
    }
    return checker.isKnown(grant)
        ? renewContent(revision, grant.repo(), as)
        : grantContent(revision, grant.repo(), as);
  }

  /** Asks whether a token may still read what it could read before. */
  private UpstreamResult<ProbeResult> renewContent(Revision revision, RepoId repo, Caller as) {
    if (revision.equals(Revision.MAIN) && checker.isOpenAsMetadata(repo)) {
      Optional<UpstreamResult<ProbeResult>> probed = confirmByFile(repo, revision, as);
      if (probed.isPresent()) {
        return probed.get();
      }
    }
    return checker.isGated(repo, as.authority())
        ? authCheck(repo, as)
        : infoThenAuthCheck(revision, repo, as);
  }

  /**
   * Asks whether a token may read what it never could. It must not be shown what is kept of an
   * earlier repo of this name, so the repo is looked at too: after {@code auth-check}, so that the
   * right that was proved is a right to this very repo.
   */
  private UpstreamResult<ProbeResult> grantContent(Revision revision, RepoId repo, Caller as) {
    if (!checker.isGated(repo, as.authority())) {
      return infoThenAuthCheck(revision, repo, as);
    }
    UpstreamResult<ProbeResult> checked = authCheck(repo, as);
    if (ProbeResult.evidence(checked).isEmpty()) {
      return checked;
    }
    UpstreamResult<ProbeResult> info = confirmByInfo(revision, repo, as);
    return ProbeResult.evidence(info).isPresent() ? checked : info;
  }

  private UpstreamResult<ProbeResult> infoThenAuthCheck(Revision revision, RepoId repo, Caller as) {
    UpstreamResult<ProbeResult> info = confirmByInfo(revision, repo, as);
    Optional<ReadEvidence> gated =
        ProbeResult.evidence(info).filter(e -> e.grant().scope() == ReadScope.METADATA);
    gated.flatMap(checker::admit).ifPresent(_ -> removed.readable(gated.get().grant()));
    return gated.isPresent() ? authCheck(gated.get().grant().repo(), as) : info;
  }

  private UpstreamResult<ProbeResult> confirmByInfo(Revision revision, RepoId repo, Caller as) {
    return learned(() -> upstream.confirm(repo, named(revision), as), this::commitIfNews, as);
  }

  /**
   * Asks with one call whether the authority may read the content of a gated repo, and at which
   * commit the branch is. It says nothing of the repo's id, so it counts only at a known commit.
   *
   * @return empty if another question has to be asked
   */
  private Optional<UpstreamResult<ProbeResult>> confirmByFile(
      RepoId repo, Revision revision, Caller as) {
    Instant asked = clock.instant();
    UpstreamResult<FirstHop> hop = upstream.confirmByFile(repo, revision, GIT_ATTRIBUTES, as);
    return switch (hop) {
      case UpstreamResult.Value(FirstHop found)
          when found.repo().equals(repo)
              && found.evidence().isPresent()
              && identity.isStill(repo, found.commit()) ->
          Optional.of(
              new UpstreamResult.Value<>(
                  new ProbeResult.Open(
                      found.evidence().get(), new Observation<>(found.commit(), asked))));
      case UpstreamResult.Refused(var refusal) when refusal.isOfRepo() ->
          Optional.of(ProbeResult.of(hop, _ -> ProbeResult.overtaken()));
      case UpstreamResult.Failed<FirstHop> failed -> Optional.of(failed.as());
      case UpstreamResult.Value(_), UpstreamResult.Refused(_) -> Optional.empty();
    };
  }

  private UpstreamResult<ProbeResult> authCheck(RepoId repo, Caller as) {
    return ProbeResult.of(
        upstream.authCheck(repo, as),
        evidence -> new UpstreamResult.Value<>(new ProbeResult.Granted(evidence)));
  }

  private static Optional<Revision> named(Revision revision) {
    return revision.equals(Revision.DEFAULT) ? Optional.empty() : Optional.of(revision);
  }

  /** Makes a question for repo info, keeps the answer, and says what it taught. */
  private UpstreamResult<ProbeResult> learned(
      Supplier<UpstreamResult<RepoInfoAnswer>> question,
      Function<RepoInfoAnswer, Optional<CommitHash>> keepFor,
      Caller as) {
    Instant asked = clock.instant();
    return ProbeResult.of(
        infos.ask(question, RepoInfoQuery.WHOLE, keepFor, as),
        answered -> ProbeResult.of(answered.info(), asked));
  }

  /** The commit of repo info that shows what the asker may read. */
  private static Optional<CommitHash> commitIfOpen(RepoInfoAnswer info) {
    return info.evidence().isPresent() ? info.facts().commit() : Optional.empty();
  }

  /**
   * As {@link #commitIfOpen}, but nothing when a large answer of that commit is kept already: its
   * beginning says who may read, and clients wait for that and not for tens of megabytes.
   */
  private Optional<CommitHash> commitIfNews(RepoInfoAnswer info) {
    Optional<CommitHash> commit = commitIfOpen(info);
    if (commit.isEmpty() || info.body().isWhole()) {
      return commit;
    }
    String name = RepoInfoQuery.WHOLE.answerName();
    boolean kept =
        checker
            .admit(info.evidence().orElseThrow())
            .flatMap(proof -> store.answer(proof, commit.get(), name))
            .isPresent();
    return kept ? Optional.empty() : commit;
  }
}
