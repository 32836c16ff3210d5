/** Blobs, manifests, refs and grants on disk and in memory; publish, recovery, the lock. */
@org.jspecify.annotations.NullMarked
package io.intrahub.store;
