/**
 * Published blobs: their index, their publishing, who has them open, and the quarantine of damaged
 * ones.
 */
@NullMarked
package io.intrahub.store.fs.blobs;

import org.jspecify.annotations.NullMarked;
