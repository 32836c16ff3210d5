package io.intrahub.upstream.hub;

import io.intrahub.access.Authority;
import io.intrahub.access.Caller;
import io.intrahub.policy.UpstreamState;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import java.util.Optional;

/**
 * A server to which calls of an API are passed on: the Hub, or its dataset viewer. Nothing is
 * thrown. Safe for use by many threads.
 */
public interface ApiUpstream {
  /**
   * Makes a call of the API on behalf of one client. JSON is copied without Xet fields; redirects
   * within the endpoint are followed, but one to a file is the answer. The body of a success must
   * be closed.
   */
  UpstreamResult<ApiAnswer> call(ApiRequest request, Caller caller);

  /** Whether it can be asked now in the name of an authority, as far as is known. */
  UpstreamState state(Authority authority);

  /** What an answer says of a page behind it. */
  sealed interface NextPage {
    /** There is none. */
    record None() implements NextPage {}

    /**
     * There is one.
     *
     * @param target path and query
     */
    record At(String target) implements NextPage {}

    /** There is one, but not at this server: it is not followed, and what is there is not all. */
    record Elsewhere() implements NextPage {}
  }

  /**
   * The next page that the {@code Link} header of an answer names, if it is one of the endpoint
   * that gave the answer.
   *
   * @param target path and query that the answer is for
   */
  NextPage nextPage(ApiAnswer answer, String target);

  /** The origin of the Hub that absolute links in an answer begin with. */
  String origin(ApiAnswer answer);

  /** Whether its refusals say who may read a repo. */
  boolean decidesAccess();

  /** That it limits the rate of requests, while a call waits for it because of that. */
  Optional<UpstreamFailure> limit();

  /** The same failure; if there was no answer, it also says when the last one came. */
  UpstreamFailure withLastAnswer(UpstreamFailure failure);
}
