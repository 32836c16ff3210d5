package io.intrahub.mirror;

import io.intrahub.access.ReadEvidence;
import io.intrahub.hub.CommitHash;
import io.intrahub.policy.Observation;
import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import io.intrahub.upstream.hub.RepoInfoAnswer;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Function;

/**
 * What one question to the authoritative upstream, asked as one authority, taught about what that
 * authority may read. A refusal of less than the repo teaches nothing about that: it stays {@link
 * UpstreamResult.Refused} and means that the repo may be open, but has no such revision or entry.
 */
sealed interface ProbeResult {
  /** The authority may read it, or its metadata, and this is its commit. */
  record Open(ReadEvidence evidence, Observation<CommitHash> commit) implements ProbeResult {}

  /** The authority may read it; nothing was said of a commit. */
  record Granted(ReadEvidence evidence) implements ProbeResult {}

  /** The authority may not read the repo, or not its content. */
  record Closed(Optional<HubRefusal> refusal) implements ProbeResult {}

  /**
   * What is known when evidence was not admitted: the repo was refused after the question began.
   * The refusal was taken when it was learned, so it is not to be taken again.
   */
  static UpstreamResult<ProbeResult> overtaken() {
    return new UpstreamResult.Value<>(new Closed(Optional.empty()));
  }

  /**
   * What the outcome of a question taught.
   *
   * @param taught says it of an answer; a refusal of the whole repo teaches that it is closed
   */
  static <T> UpstreamResult<ProbeResult> of(
      UpstreamResult<T> outcome, Function<T, UpstreamResult<ProbeResult>> taught) {
    return outcome instanceof UpstreamResult.Refused(var refusal) && refusal.isOfRepo()
        ? new UpstreamResult.Value<>(new Closed(Optional.of(refusal)))
        : outcome.flatMap(taught);
  }

  /**
   * What repo info taught.
   *
   * @param asked when the question began
   */
  static UpstreamResult<ProbeResult> of(RepoInfoAnswer info, Instant asked) {
    if (info.evidence().isEmpty()) {
      return new UpstreamResult.Value<>(new Closed(Optional.empty()));
    }
    return info.facts()
        .commit()
        .<UpstreamResult<ProbeResult>>map(commit ->
            new UpstreamResult.Value<>(
                new Open(info.evidence().get(), new Observation<>(commit, asked))))
        .orElseGet(() ->
            new UpstreamResult.Failed<>(
                new UpstreamFailure(
                    UpstreamFailure.Kind.NO_REPO_INFO, "repo info without a commit")));
  }

  /** What was proved of the authority's rights; empty: nothing. */
  static Optional<ReadEvidence> evidence(UpstreamResult<ProbeResult> probed) {
    return switch (probed) {
      case UpstreamResult.Value(ProbeResult.Open(var evidence, _)) -> Optional.of(evidence);
      case UpstreamResult.Value(ProbeResult.Granted(var evidence)) -> Optional.of(evidence);
      default -> Optional.empty();
    };
  }
}
