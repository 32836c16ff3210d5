/** The store in memory, for fast tests: the same behaviour, nothing survives. */
@org.jspecify.annotations.NullMarked
package io.intrahub.store.memory;
