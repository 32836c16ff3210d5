package io.intrahub.upstream.hub;

import io.intrahub.upstream.UpstreamFailure;
import java.util.Optional;

/** What asking one endpoint gave: a result, or a failure after which the next one may be asked. */
sealed interface Visit<T> {
  record Done<T>(T result) implements Visit<T> {}

  record Failed<T>(UpstreamFailure failure) implements Visit<T> {}

  /** The failure, if it is one. */
  static Optional<UpstreamFailure> failureIn(Visit<?> visit) {
    return visit instanceof Failed<?> failed ? Optional.of(failed.failure()) : Optional.empty();
  }

  /** An answer that is not the Hub's; another attempt may bring a better one. */
  static <T> Visit<T> unexpected(String reason) {
    return new Failed<>(FailureClassifier.unexpected(reason));
  }

  /** An answer of which another attempt will bring the same. */
  static <T> Visit<T> permanent(String reason) {
    return new Failed<>(FailureClassifier.permanent(reason));
  }
}
