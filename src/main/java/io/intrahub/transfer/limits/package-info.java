/**
 * How much of upstream may be used at once: connections and bandwidth. Knows neither transfers nor
 * pass-through.
 */
@NullMarked
package io.intrahub.transfer.limits;

import org.jspecify.annotations.NullMarked;
