/**
 * Blobs of which only some pieces are there: the sparse file, its piece map, and the idle ones that
 * eviction may remove.
 */
@NullMarked
package io.intrahub.store.fs.partial;

import org.jspecify.annotations.NullMarked;
