/**
 * What is asked of a store's folder before anything in it counts: the lock, the marker file, the
 * clean-shutdown marker, and what the file system can do.
 */
@NullMarked
package io.intrahub.store.fs.startup;

import org.jspecify.annotations.NullMarked;
