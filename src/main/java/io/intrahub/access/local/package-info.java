/**
 * Who may use the mirror's own token: local tokens and the operator's rules. Pure decisions and
 * values without I/O; the rest of {@code access} may use them.
 */
@org.jspecify.annotations.NullMarked
package io.intrahub.access.local;
