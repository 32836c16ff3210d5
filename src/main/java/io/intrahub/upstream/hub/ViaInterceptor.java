package io.intrahub.upstream.hub;

import io.intrahub.access.Caller;
import io.intrahub.hub.HeaderNames;
import io.intrahub.hub.ViaHeader;
import java.io.IOException;
import okhttp3.Interceptor;
import okhttp3.Request;
import okhttp3.Response;

/**
 * Names this mirror, and those that the client's request came through, in each request to an
 * endpoint: an endpoint that leads back here is recognized by that. File servers are not told.
 */
final class ViaInterceptor implements Interceptor {
  private final String name;

  ViaInterceptor(String name) {
    this.name = name;
  }

  @Override
  public Response intercept(Chain chain) throws IOException {
    Request request = chain.request();
    Endpoint endpoint = request.tag(Endpoint.class);
    Caller caller = request.tag(Caller.class);
    if (endpoint == null || caller == null || !endpoint.owns(request.url())) {
      return chain.proceed(request);
    }
    return chain.proceed(
        request.newBuilder().header(HeaderNames.VIA, ViaHeader.value(caller.via(), name)).build());
  }
}
