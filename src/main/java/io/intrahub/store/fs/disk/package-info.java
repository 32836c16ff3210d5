/**
 * File-system calls and what makes them last: the {@link Disk} that tests replace, the layout of
 * paths, durable folders, and striped locks. Nothing here knows what a file means.
 */
@NullMarked
package io.intrahub.store.fs.disk;

import org.jspecify.annotations.NullMarked;
