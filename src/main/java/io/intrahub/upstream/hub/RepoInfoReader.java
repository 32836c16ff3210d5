package io.intrahub.upstream.hub;

import io.intrahub.access.Caller;
import io.intrahub.access.EventOrder;
import io.intrahub.access.Grant;
import io.intrahub.access.ReadEvidence;
import io.intrahub.access.ReadScope;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoFacts;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.hub.json.MalformedJsonException;
import io.intrahub.hub.json.RepoInfoJson;
import io.intrahub.upstream.UpstreamResult;
import java.util.Optional;

/** Reads repo info, and says what it proves. Pure. */
final class RepoInfoReader {
  private RepoInfoReader() {}

  /**
   * Reads an answer. Its body is closed if the result is no value.
   *
   * @param repo that was asked about; the answer may name another one, to which it was renamed
   * @param revision that was asked about; empty: the default branch
   * @param caller in whose name
   * @param began a moment before the call was sent
   */
  static UpstreamResult<RepoInfoAnswer> read(
      ApiClient.Answer answer,
      RepoId repo,
      Optional<Revision> revision,
      Caller caller,
      EventOrder.Moment began) {
    ApiBody body = answer.said().body();
    boolean kept = false;
    try {
      RepoFacts facts =
          body.isWhole()
              ? RepoInfoJson.read(body.bytes())
              : RepoInfoJson.readBeginning(body.bytes());
      Optional<RepoId> known = RepoId.parse(repo.type(), facts.id());
      if (known.isEmpty()) {
        return FailureClassifier.noRepoInfo("its id is not that of a repo");
      }
      Optional<CommitHash> commit = revision.flatMap(Revision::asCommit);
      if (commit.isPresent() && facts.commit().filter(c -> !c.equals(commit.get())).isPresent()) {
        return FailureClassifier.permanent(FailureClassifier.OTHER_COMMIT);
      }
      Optional<EventOrder.Moment> confirmed = answer.grantAge().map(began::withAge);
      Optional<ReadScope> shown =
          answer.authoritative() && confirmed.isPresent() ? shown(facts, caller) : Optional.empty();
      kept = true;
      return new UpstreamResult.Value<>(
          new RepoInfoAnswer(
              repo,
              known.get(),
              facts,
              body,
              shown.map(scope ->
                  ReadEvidence.witnessed(
                      new Grant(known.get(), caller.authority(), scope), confirmed.get())),
              answer.said().stale(),
              answer.grantAge()));
    } catch (MalformedJsonException e) {
      return FailureClassifier.noRepoInfo(e.reason());
    } finally {
      if (!kept) {
        body.close();
      }
    }
  }

  /**
   * What repo info proves of the rights of the one it was sent to. Of a gated repo it is sent to
   * all who may know of the repo, so it says nothing about the content.
   */
  private static Optional<ReadScope> shown(RepoFacts facts, Caller caller) {
    if (caller.isAnonymous() && facts.isPrivate() != RepoFacts.Told.NO) {
      return Optional.empty();
    }
    return switch (facts.isGated()) {
      case NO -> Optional.of(ReadScope.CONTENT);
      case YES -> Optional.of(ReadScope.METADATA);
      case NOTHING -> Optional.empty();
    };
  }
}
