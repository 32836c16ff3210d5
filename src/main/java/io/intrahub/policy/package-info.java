/** Pure decisions on freshness. */
@org.jspecify.annotations.NullMarked
package io.intrahub.policy;
