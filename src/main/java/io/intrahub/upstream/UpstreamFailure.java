package io.intrahub.upstream;

/**
 * Why upstream gave no usable answer. This is never "not found": a client remembers that for ever.
 *
 * @param kind what sort of failure
 * @param reason for a person, without names of secrets: what happened
 */
public record UpstreamFailure(Kind kind, String reason) {
  /** Sorts of failure, as far as the answer to the client differs. */
  public enum Kind {
    /** The operator switched upstream off. */
    OFFLINE,
    /** No connection, no answer in time, or the breaker is open. */
    UNREACHABLE,
    /** An answer of 5xx or 429. */
    TROUBLED,
    /** An answer that is not the Hub's: a login page, other bytes than announced. */
    STRANGE
  }
}
