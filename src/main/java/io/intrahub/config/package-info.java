/** Declares every option, reads it from its sources and validates it. Only {@code cli} uses it. */
@org.jspecify.annotations.NullMarked
package io.intrahub.config;
