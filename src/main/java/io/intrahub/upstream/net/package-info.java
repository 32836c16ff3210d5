/**
 * HTTP calls to any server: TLS, proxies, time-outs, and the guard against redirects into the
 * organisation's network. Nothing here knows the Hub.
 */
@NullMarked
package io.intrahub.upstream.net;

import org.jspecify.annotations.NullMarked;
