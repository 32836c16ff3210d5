/**
 * The command {@code pull}: loads repos through a mirror, as a client of its own, so that the
 * mirror stores them.
 */
@NullMarked
package io.intrahub.cli.pull;

import org.jspecify.annotations.NullMarked;
