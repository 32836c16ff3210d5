/**
 * Content that goes from upstream to one client and is not kept, because not everybody may read it
 * or because the store fails.
 */
@NullMarked
package io.intrahub.transfer.passthrough;

import org.jspecify.annotations.NullMarked;
