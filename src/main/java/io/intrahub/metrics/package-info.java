/** Every meter, registered with Micrometer in one class. */
@org.jspecify.annotations.NullMarked
package io.intrahub.metrics;
