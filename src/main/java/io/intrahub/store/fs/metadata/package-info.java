/**
 * Repository metadata on disk: small records, stored answers, one manifest file for each commit,
 * and the atomic replacement of such files.
 */
@NullMarked
package io.intrahub.store.fs.metadata;

import org.jspecify.annotations.NullMarked;
