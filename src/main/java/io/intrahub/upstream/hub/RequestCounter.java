package io.intrahub.upstream.hub;

import io.intrahub.metrics.Meters;
import java.io.IOException;
import okhttp3.Interceptor;
import okhttp3.Response;

/** Counts requests, each attempt and each redirect that is followed. */
final class RequestCounter implements Interceptor {
  private final Meters meters;

  RequestCounter(Meters meters) {
    this.meters = meters;
  }

  @Override
  public Response intercept(Chain chain) throws IOException {
    meters.upstreamRequest();
    return chain.proceed(chain.request());
  }
}
