/**
 * Classes that several packages need and none owns. They depend on the JDK only, and at least two
 * packages use each of them.
 */
@org.jspecify.annotations.NullMarked
package io.intrahub.base;
