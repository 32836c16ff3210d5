/**
 * Classes that several packages need and none owns. They depend on the JDK only, except for the
 * library behind {@link io.intrahub.base.AddressRanges}, and at least two packages use each of
 * them.
 */
@org.jspecify.annotations.NullMarked
package io.intrahub.base;
