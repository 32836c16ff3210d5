package io.intrahub.upstream.hub;

import io.intrahub.access.AccessToken;
import io.intrahub.access.Caller;
import java.io.IOException;
import java.util.Optional;
import okhttp3.Interceptor;
import okhttp3.Request;
import okhttp3.Response;

/**
 * Adds the caller's token to a request for the own origin of an endpoint that receives tokens, and
 * to no other request: neither to another endpoint, nor to where a redirect leads. Reads the tags
 * that {@link EndpointClient} sets; a request without them gets no token.
 */
final class TokenInterceptor implements Interceptor {
  @Override
  public Response intercept(Chain chain) throws IOException {
    Request request = chain.request();
    Optional<AccessToken> token = tokenFor(request);
    return chain.proceed(
        token.isEmpty()
            ? request
            : request.newBuilder().header("Authorization", token.get().asAuthorization()).build());
  }

  private static Optional<AccessToken> tokenFor(Request request) {
    Endpoint endpoint = request.tag(Endpoint.class);
    Caller caller = request.tag(Caller.class);
    boolean trusted = endpoint != null && endpoint.receivesTokens() && endpoint.owns(request.url());
    return trusted && caller != null ? caller.token() : Optional.empty();
  }
}
