/**
 * The store on a file system: the layout, the publish protocol, the lock, recovery.
 *
 * <p>The order of locks, for all classes here: the stripe of one blob ({@link
 * io.intrahub.store.fs.Publishing}) or of one record ({@link io.intrahub.store.fs.Records}); then
 * the quarantine's own. No thread takes two stripes, and hits take none.
 */
@org.jspecify.annotations.NullMarked
package io.intrahub.store.fs;
