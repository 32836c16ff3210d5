/** The listener for the operator: metrics, health and status. */
@org.jspecify.annotations.NullMarked
package io.intrahub.admin;
