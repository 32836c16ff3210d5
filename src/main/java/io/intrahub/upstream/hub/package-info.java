/**
 * The Hub's own calls: choice of the endpoint, tokens, redirects, retries, the circuit breaker, the
 * first hop and the bytes of a file.
 */
@NullMarked
package io.intrahub.upstream.hub;

import org.jspecify.annotations.NullMarked;
