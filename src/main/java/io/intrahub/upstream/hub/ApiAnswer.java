package io.intrahub.upstream.hub;

import io.intrahub.hub.HubTarget;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * A successful answer to a call of upstream's API.
 *
 * @param status 200 to 299, or 302 if a file is what was asked for
 * @param headers the few that are passed on: content type, {@code X-Repo-Commit}, {@code Link},
 *     {@code X-Revision}, {@code X-Total-Count}, of a HEAD the {@code Content-Length}, and of a 302
 *     the {@code Location}, which is a path of the Hub; names in lower case
 * @param body to be closed by whoever takes the answer; of a HEAD it is empty
 * @param stale whether another mirror gave it from its store because it could not ask the Hub
 * @param authoritative whether it is the word of an authoritative endpoint, and not stale; an
 *     answer that is not may be passed on, but must not be kept
 * @param grantAge how long ago the Hub confirmed the grant under which it was given; empty if
 *     another mirror gave it and does not say
 * @param endpoint the address of the endpoint that answered, with a slash at its end; empty if it
 *     is the preferred one
 */
public record ApiAnswer(
    int status,
    Map<String, String> headers,
    ApiBody body,
    boolean stale,
    boolean authoritative,
    Optional<Duration> grantAge,
    String endpoint) {
  /** An answer that is not stale, of an endpoint of which nothing is said. */
  public ApiAnswer(int status, Map<String, String> headers, ApiBody body) {
    this(status, headers, body, false, false, Optional.of(Duration.ZERO), "");
  }

  /** That a file of the Hub is what was asked for. */
  static ApiAnswer redirectTo(HubTarget.ResolveFile file) {
    return new ApiAnswer(302, Map.of("location", file.format()), ApiBody.of(new byte[0]));
  }

  /** The same answer, from an endpoint that may have given it from the store of another mirror. */
  ApiAnswer from(Endpoint other, boolean isStale, Optional<Duration> age) {
    return new ApiAnswer(
        status,
        headers,
        body,
        isStale,
        other.authoritative() && !isStale,
        age,
        other.base().toString());
  }

  /** The header of this lower-case name. */
  public Optional<String> header(String name) {
    return Optional.ofNullable(headers.get(name));
  }
}
