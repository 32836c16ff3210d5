/** Meter names in one file; Micrometer. */
@org.jspecify.annotations.NullMarked
package io.intrahub.metrics;
