/**
 * Who asks (the authority), the one checker that decides what they may read, and the proof that
 * only the checker can create.
 */
@org.jspecify.annotations.NullMarked
package io.intrahub.access;
