/**
 * The clients' side: route table, request to use case to response, ranges and conditions, body
 * writing. With {@code admin} and {@code devhub} the only package that knows Javalin and Jetty.
 */
@org.jspecify.annotations.NullMarked
package io.intrahub.http;
