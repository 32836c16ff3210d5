package io.intrahub.mirror;

import io.intrahub.access.AnonymousRead;
import io.intrahub.hub.CommitHash;
import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.UpstreamFailure;
import java.util.Optional;

/** What one anonymous question to the authoritative endpoint taught about a revision. */
sealed interface ProbeResult {
  /** Everybody may read it, and this is its commit. */
  record Open(AnonymousRead evidence, CommitHash commit) implements ProbeResult {}

  /** Not everybody may read the repo. */
  record Closed(Optional<HubRefusal> refusal) implements ProbeResult {}

  /** The repo may be open, but has no such revision or entry. */
  record Missing(HubRefusal refusal) implements ProbeResult {}

  /** Nothing was learned. */
  record Nothing(UpstreamFailure failure) implements ProbeResult {}

  /**
   * What is known when evidence was not admitted: the repo was refused after the question began.
   * The refusal was taken when it was learned, so it is not to be taken again.
   */
  static ProbeResult overtaken() {
    return new Closed(Optional.empty());
  }

  /**
   * Whether nothing was learned because the client that began the question had used up its share of
   * the memory budget. That says nothing to the others that waited for it.
   */
  default boolean isCrowded() {
    return this instanceof Nothing nothing && nothing.failure().kind() == UpstreamFailure.Kind.BUSY;
  }

  /** Sorts a refusal. */
  static ProbeResult of(HubRefusal refusal) {
    return refusal.isOfRepo() ? new Closed(Optional.of(refusal)) : new Missing(refusal);
  }
}
