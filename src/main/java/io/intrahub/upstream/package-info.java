/**
 * The only package with OkHttp: endpoints, redirects, tokens, retries, breaker. The outcome of each
 * call is an {@link io.intrahub.upstream.UpstreamResult}.
 */
@org.jspecify.annotations.NullMarked
package io.intrahub.upstream;
