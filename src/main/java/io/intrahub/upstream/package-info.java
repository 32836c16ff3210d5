/**
 * The only package with OkHttp: endpoints, redirects, tokens, retries, breaker. Outcomes are sealed
 * types.
 */
@org.jspecify.annotations.NullMarked
package io.intrahub.upstream;
