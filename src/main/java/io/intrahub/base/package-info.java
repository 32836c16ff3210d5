/**
 * What several rooms need and no room owns. JDK only; every class has at least two rooms that use
 * it.
 */
@org.jspecify.annotations.NullMarked
package io.intrahub.base;
