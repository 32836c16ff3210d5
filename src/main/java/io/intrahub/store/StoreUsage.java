package io.intrahub.store;

import java.util.OptionalLong;

/**
 * What a store holds at one moment.
 *
 * @param blobs number of published blobs
 * @param bytes their sizes in all
 * @param counted whether all these cover all that is there; false until the walk over the disk that
 *     follows a start has ended
 * @param writers number of blobs being written
 * @param reserved bytes that these writers were promised and have not written yet
 * @param unpublished bytes that are there of blobs that are open and not published yet
 * @param partials number of blobs of which some pieces are there and that nobody has open
 * @param partialBytes what these pieces take, in bytes
 * @param metadataBytes what refs, manifests, answers and the like take, in bytes
 * @param limit what {@link #used} may come to; empty: no limit
 * @param free bytes of the disk that the store may still fill; empty when nobody knows
 * @param evictedBlobs number of blobs that were given up since the start, whole or in pieces
 * @param evictedBytes what they took in all
 */
public record StoreUsage(
    long blobs,
    long bytes,
    boolean counted,
    int writers,
    long reserved,
    long unpublished,
    int partials,
    long partialBytes,
    long metadataBytes,
    OptionalLong limit,
    OptionalLong free,
    long evictedBlobs,
    long evictedBytes) {
  /** All that counts against the limit, in bytes. */
  public long used() {
    return bytes + unpublished + partialBytes + metadataBytes + reserved;
  }
}
