package io.intrahub.mirror;

import io.intrahub.access.Caller;
import io.intrahub.base.MemoryBudget;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.json.JsonFilter;
import io.intrahub.store.AnswerWriter;
import io.intrahub.store.RepoStore;
import io.intrahub.store.StoredAnswer;
import io.intrahub.upstream.BrokenAnswerException;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import io.intrahub.upstream.hub.ApiBody;
import io.intrahub.upstream.hub.RepoInfoAnswer;
import java.io.IOException;
import java.time.Clock;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks for repo info and keeps it for all who may read the repo: the answer goes from upstream to
 * the store as a stream, because that of a repo with 200,000 files has tens of megabytes. Safe for
 * use by many threads.
 */
final class RepoInfoFetcher {
  private static final Logger log = LoggerFactory.getLogger(RepoInfoFetcher.class);

  /**
   * Answers of one commit that are kept; the questions of all clients known are fewer. Whole
   * answers are kept beyond it, of which there are as few as combinations of flags: else a client
   * could take their places with questions for properties.
   */
  private static final int MAX_ANSWERS = 32;

  /** How often an answer that breaks off midway is asked for. */
  private static final int TRIES = 3;

  private final RepoStore store;
  private final RepoReplacements replacements;
  private final MemoryBudget budget;
  private final Clock clock;
  private final RepoIdentity identity;

  RepoInfoFetcher(
      RepoStore store,
      RepoReplacements replacements,
      MemoryBudget budget,
      RepoIdentity identity,
      Clock clock) {
    this.replacements = replacements;
    this.identity = identity;
    this.store = store;
    this.budget = budget;
    this.clock = clock;
  }

  /**
   * Complete repo info from upstream.
   *
   * @param info its body is closed
   * @param stored the answer in the store, if it was kept
   */
  record Answered(RepoInfoAnswer info, Optional<StoredAnswer> stored) {}

  /**
   * Asks, and keeps the answer.
   *
   * @param question asks the authoritative endpoint; made again when an answer breaks off midway
   * @param query what it asks, which is the name that the answer is kept under
   * @param keepFor of which commit an answer is kept; empty when it is not to be kept
   * @param as to whom it is told; its client's share of the memory budget is what the work counts
   *     against, though others may wait for it too
   */
  UpstreamResult<Answered> ask(
      Supplier<UpstreamResult<RepoInfoAnswer>> question,
      RepoInfoQuery query,
      Function<RepoInfoAnswer, Optional<CommitHash>> keepFor,
      Caller as) {
    for (int tries = 1; ; tries++) {
      UpstreamResult<Answered> outcome = askOnce(question, query, keepFor, as);
      boolean again = outcome.asFailure().filter(UpstreamFailure::isTransient).isPresent();
      if (!again || tries == TRIES) {
        return outcome;
      }
    }
  }

  private UpstreamResult<Answered> askOnce(
      Supplier<UpstreamResult<RepoInfoAnswer>> question,
      RepoInfoQuery query,
      Function<RepoInfoAnswer, Optional<CommitHash>> keepFor,
      Caller as) {
    return question
        .get()
        .flatMap(info -> {
          try (ApiBody body = info.body()) {
            identity.learn(info.asked(), info.repo(), info.facts());
            Optional<CommitHash> commit = keepFor.apply(info);
            return new UpstreamResult.Value<>(
                new Answered(
                    info,
                    commit.isPresent()
                        ? keep(info, commit.get(), query, body, as)
                        : Optional.empty()));
          } catch (BrokenAnswerException e) {
            return new UpstreamResult.Failed<>(e.failure());
          }
        });
  }

  /**
   * Keeps a body, if the store can and the repo's name has not become another one's meanwhile.
   *
   * @throws BrokenAnswerException when upstream did not complete it
   */
  private Optional<StoredAnswer> keep(
      RepoInfoAnswer info, CommitHash commit, RepoInfoQuery query, ApiBody body, Caller as)
      throws BrokenAnswerException {
    RepoId repo = info.repo();
    if (query.isPartial() && store.answers(repo, commit) >= MAX_ANSWERS) {
      return Optional.empty();
    }
    try (MemoryBudget.Reservation memory = budget.reservation(as.client());
        AnswerWriter writer = store.newAnswer(repo, commit, query.answerName(), memory)) {
      if (as.isAnonymous()) {
        body.copyTo(writer, JsonFilter.Links.KEPT);
      } else {
        // The answer is kept for all who may read the repo, and this token may be told more.
        body.copyMembersTo(writer, RepoInfoQuery.SHARED);
      }
      return replacements.keep(repo, info.facts().internalId(), () -> {}, writer, clock.instant());
    } catch (BrokenAnswerException e) {
      throw e;
    } catch (IOException e) {
      log.warn("Repo info of {} at {} can't be stored: {}", repo, commit, e.toString());
      return Optional.empty();
    }
  }
}
