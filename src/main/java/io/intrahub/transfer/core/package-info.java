/**
 * What a transfer decides, without doing it: which bytes are fetched next, over how many
 * connections, who may read how far, when it ends. No thread, no file, no clock, no connection.
 */
@NullMarked
package io.intrahub.transfer.core;

import org.jspecify.annotations.NullMarked;
