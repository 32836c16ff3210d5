/**
 * Who asks (authority), what they may read (grant), the one checker, and the proof that only the
 * checker can make.
 */
@org.jspecify.annotations.NullMarked
package io.intrahub.access;
