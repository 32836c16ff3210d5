package io.intrahub.mirror;

import io.intrahub.access.Authority;
import io.intrahub.base.Deadline;
import io.intrahub.base.SingleFlight;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.upstream.FirstHop;
import io.intrahub.upstream.UpstreamResult;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/** Questions about single files that clients share. Safe for use by many threads. */
final class FirstHopQuestions {
  private final SingleFlight<Key, UpstreamResult<FirstHop>> hops;

  /**
   * The authority is part of the key: one client's answer is never another's.
   *
   * @param believed whether only the authoritative endpoint is asked
   */
  record Key(
      RepoId repo, Revision revision, FilePath path, Authority authority, boolean believed) {}

  /** With a thread for each question. */
  FirstHopQuestions(Executor executor) {
    this.hops = new SingleFlight<>(executor);
  }

  /**
   * Asks, or waits for the answer to the same question of another client.
   *
   * @param admission of the client
   * @return empty if there is no answer in time
   */
  Optional<UpstreamResult<FirstHop>> ask(
      Key key,
      Supplier<UpstreamResult<FirstHop>> question,
      ColdQuestionLimiter.Admission admission,
      Deadline deadline) {
    Optional<UpstreamResult<FirstHop>> answer;
    do {
      Optional<CompletableFuture<UpstreamResult<FirstHop>>> hop =
          hops.join(key, admission::begin, question);
      if (hop.isEmpty()) {
        return Optional.of(new UpstreamResult.Failed<>(admission.refusal()));
      }
      answer = BoundedWait.until(hop.get(), deadline.left());
      // Another client's question may have failed because of that client.
    } while (answer.filter(UpstreamResult::isFailureOfBeginner).isPresent()
        && !admission.isBegun()
        && !deadline.left().isZero());
    return answer;
  }
}
