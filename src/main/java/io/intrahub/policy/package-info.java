/** How long something that was learned from upstream may be used: pure functions. */
@org.jspecify.annotations.NullMarked
package io.intrahub.policy;
