package io.intrahub.mirror;

import io.intrahub.access.AnonymousRead;
import io.intrahub.hub.CommitHash;
import io.intrahub.upstream.FirstHop;
import io.intrahub.upstream.UpstreamFailure;
import java.util.Optional;

/** What one anonymous question to the authoritative upstream taught about a revision. */
sealed interface Learned {
  /** Everybody may read it, and this is its commit. */
  record Open(AnonymousRead evidence, CommitHash commit) implements Learned {}

  /** Not everybody may read the repo. */
  record Closed(Optional<FirstHop.Refusal> refusal) implements Learned {}

  /** The repo may be open, but has no such revision or entry. */
  record Missing(FirstHop.Refusal refusal) implements Learned {}

  /** Nothing was learned. */
  record Nothing(UpstreamFailure failure) implements Learned {}

  /**
   * What is known when evidence was not admitted: the repo was refused after the question began.
   * The refusal was taken when it was learned, so it is not to be taken again.
   */
  static Learned overtaken() {
    return new Closed(Optional.empty());
  }

  /**
   * Whether nothing was learned because the client that began the question had used up its share of
   * the memory budget. That says nothing to the others that waited for it.
   */
  default boolean isCrowded() {
    return this instanceof Nothing nothing
        && nothing.failure().kind() == UpstreamFailure.Kind.CROWDED;
  }

  /** Sorts a refusal. */
  static Learned of(FirstHop.Refusal refusal) {
    return refusal.isOfRepo() ? new Closed(Optional.of(refusal)) : new Missing(refusal);
  }
}
