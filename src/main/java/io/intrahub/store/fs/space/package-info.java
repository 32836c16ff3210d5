/**
 * The disk budget: reservations for what is being written, eviction when the budget is used up, and
 * when things were last used. It knows blobs only as {@link Evictable} items.
 */
@NullMarked
package io.intrahub.store.fs.space;

import org.jspecify.annotations.NullMarked;
