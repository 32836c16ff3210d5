/** The audit log: who read what, and which rule decided. */
@NullMarked
package io.intrahub.audit;

import org.jspecify.annotations.NullMarked;
