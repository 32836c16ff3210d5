/** Fetch once, write once, read by many while it grows; verify; publish. */
@org.jspecify.annotations.NullMarked
package io.intrahub.transfer;
