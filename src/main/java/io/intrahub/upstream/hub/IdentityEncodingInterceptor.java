package io.intrahub.upstream.hub;

import java.io.IOException;
import okhttp3.Interceptor;
import okhttp3.Response;

/**
 * Asks for bodies that are not compressed. OkHttp would ask for gzip, and ranges, lengths and
 * digests of an encoded body are not those of the file.
 */
final class IdentityEncodingInterceptor implements Interceptor {
  @Override
  public Response intercept(Chain chain) throws IOException {
    return chain.proceed(
        chain.request().newBuilder().header("Accept-Encoding", "identity").build());
  }
}
