package io.intrahub.store;

/**
 * What a store holds at one moment.
 *
 * @param blobs number of published blobs
 * @param bytes their sizes in all
 * @param counted whether the two numbers cover all that is there; false until the walk over the
 *     disk that follows a start has ended
 * @param writers number of blobs being written
 * @param reserved bytes that these writers were promised and have not written yet
 * @param partials number of blobs of which some pieces are there and that nobody has open
 * @param partialBytes what these pieces take, in bytes
 */
public record StoreUsage(
    long blobs,
    long bytes,
    boolean counted,
    int writers,
    long reserved,
    int partials,
    long partialBytes) {}
