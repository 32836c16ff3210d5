/** The operator's side, on its own listener: metrics and health. */
@org.jspecify.annotations.NullMarked
package io.intrahub.admin;
