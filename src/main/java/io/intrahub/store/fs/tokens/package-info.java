/**
 * The file of the local tokens: changed by the command line, read by the running mirror. It is no
 * part of an open store, because both use it at the same time.
 */
@NullMarked
package io.intrahub.store.fs.tokens;

import org.jspecify.annotations.NullMarked;
