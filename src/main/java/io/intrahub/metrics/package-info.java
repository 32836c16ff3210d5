/** All meters of the product, made with Micrometer. */
@org.jspecify.annotations.NullMarked
package io.intrahub.metrics;
