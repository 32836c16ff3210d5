package io.intrahub.upstream;

import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * The outcome of a call to upstream: a value, or one of the two reasons why there is none. The
 * reasons stay apart because they mean different things: after {@link Refused} the Hub has said no,
 * and clients may remember that; after {@link Failed} nothing is known.
 *
 * <p>Immutable. A value that holds resources is closed by whoever receives the result.
 *
 * @param <T> what a successful call gives
 */
public sealed interface UpstreamResult<T> {
  /**
   * Upstream answered the question.
   *
   * @param value the answer
   */
  record Value<T>(T value) implements UpstreamResult<T> {}

  /** There is no value. Callers that treat both reasons alike match this. */
  sealed interface NoValue<T> extends UpstreamResult<T> {
    /** The same reason, as the outcome of a call for something else. */
    default <R> NoValue<R> as() {
      return switch (this) {
        case Refused<T>(HubRefusal refusal) -> new Refused<>(refusal);
        case Failed<T>(UpstreamFailure failure) -> new Failed<>(failure);
      };
    }
  }

  /**
   * An authoritative endpoint refused, in the Hub's own form.
   *
   * @param refusal what it said
   */
  record Refused<T>(HubRefusal refusal) implements NoValue<T> {}

  /**
   * Upstream gave no usable answer.
   *
   * @param failure why
   */
  record Failed<T>(UpstreamFailure failure) implements NoValue<T> {}

  /** The same outcome with the value changed; without a value, the same reason. */
  default <R> UpstreamResult<R> map(Function<? super T, ? extends R> change) {
    return flatMap(value -> new Value<R>(change.apply(value)));
  }

  /** The outcome of a further step that needs the value; without a value, the same reason. */
  default <R> UpstreamResult<R> flatMap(Function<? super T, UpstreamResult<R>> next) {
    return switch (this) {
      case Value<T>(T value) -> next.apply(value);
      case NoValue<T> none -> none.as();
    };
  }

  /** The same outcome with the failure changed, if it is one. */
  default UpstreamResult<T> mapFailure(UnaryOperator<UpstreamFailure> change) {
    return this instanceof Failed<T>(UpstreamFailure failure)
        ? new Failed<>(change.apply(failure))
        : this;
  }

  /**
   * Whether a shared question failed because of the client that began it, so that another client
   * had better ask on its own: its share of memory was used up, or its request claims to have come
   * through the mirror that answered.
   */
  default boolean isFailureOfBeginner() {
    return asFailure().filter(UpstreamFailure::isOfBeginner).isPresent();
  }

  /** Why upstream failed; empty when it answered or refused. */
  default Optional<UpstreamFailure> asFailure() {
    return this instanceof Failed<T>(UpstreamFailure failure)
        ? Optional.of(failure)
        : Optional.empty();
  }
}
