/** Records, validation and the sources of every option; only {@code cli} reads it. */
@org.jspecify.annotations.NullMarked
package io.intrahub.config;
