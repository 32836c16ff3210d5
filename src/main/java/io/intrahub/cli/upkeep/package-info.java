/**
 * The commands that maintain a store: they remove repos, check blobs and free space. A mirror that
 * runs on the store does the work itself.
 */
@NullMarked
package io.intrahub.cli.upkeep;

import org.jspecify.annotations.NullMarked;
