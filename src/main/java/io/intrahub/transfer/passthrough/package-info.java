/**
 * Content that goes from upstream to one client and is not kept, because the store can't take it or
 * because nothing proves that it may be kept.
 */
@NullMarked
package io.intrahub.transfer.passthrough;

import org.jspecify.annotations.NullMarked;
