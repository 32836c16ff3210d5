/**
 * A small scriptable Hub with simulated repos, faults and counters, for {@code dev-hub}, {@code
 * demo} and every test.
 */
@org.jspecify.annotations.NullMarked
package io.intrahub.devhub;
