/** Pure decisions: freshness, which of two observations is kept, the order of eviction. */
@org.jspecify.annotations.NullMarked
package io.intrahub.policy;
