/**
 * Pure decisions: how long something that was learned may be used, which of two observations is
 * kept, when a branch moves, the order of eviction.
 */
@org.jspecify.annotations.NullMarked
package io.intrahub.policy;
