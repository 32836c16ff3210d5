/**
 * Who asks (the authority), what the Hub lately let them read (the grants), the one checker that
 * decides by these, and the proof that only the checker can create. Upstream's adapter creates the
 * evidence for grants, and the store keeps them; {@code access.local} decides by the operator's
 * rules.
 */
@org.jspecify.annotations.NullMarked
package io.intrahub.access;
