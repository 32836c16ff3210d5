package io.intrahub.upstream.hub;

import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import java.util.Optional;

/**
 * What came of one attempt to read from an address.
 *
 * @param isOfEndpoint whether the result is the endpoint's own, and not a CDN's
 */
record AddressAttempt(
    UpstreamResult<BlobSource.Opened> result, Address address, boolean isOfEndpoint) {
  /** What an attempt shows of the address. */
  enum Address {
    /** It may be tried again. */
    USABLE,
    /** An answer refuses it, so the Hub is asked for another. */
    REJECTED,
    /** Its host can't be reached, so the Hub is asked for another. */
    UNREACHABLE,
    /** It redirects to a host that can't be reached, so the Hub is asked for another. */
    DEAD_END,
    /** Nothing, because its endpoint is not asked now. */
    NOT_TRIED
  }

  AddressAttempt(UpstreamResult<BlobSource.Opened> result, Address address) {
    this(result, address, false);
  }

  /** Whether the address must be forgotten. */
  boolean isUseless() {
    return address == Address.REJECTED
        || address == Address.UNREACHABLE
        || address == Address.DEAD_END;
  }

  /** What failed at the endpoint itself. */
  Optional<UpstreamFailure> failureOfEndpoint() {
    return isOfEndpoint ? result.asFailure() : Optional.empty();
  }
}
