/**
 * What a client reads from, whatever delivers the bytes, and how much of it is held back until the
 * digest is known.
 */
@NullMarked
package io.intrahub.transfer.content;

import org.jspecify.annotations.NullMarked;
