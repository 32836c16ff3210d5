/**
 * The listener for clients: routes, ranges and conditions, response bodies, and limits of each
 * client. Together with {@code admin} and {@code devhub} the only package that uses Javalin and
 * Jetty.
 */
@org.jspecify.annotations.NullMarked
package io.intrahub.http;
