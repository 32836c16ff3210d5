package io.intrahub.transfer.core;

/**
 * Figures of a transfer at one moment.
 *
 * @param size of the content in bytes
 * @param missing bytes that are not there
 * @param hashed bytes that are in the hash
 * @param readers clients that read along
 * @param connections that fetch now
 * @param pausing whether nobody wants it any more
 * @param quiet whether upstream has failed and is left alone
 */
public record TransferSnapshot(
    Phase phase,
    long size,
    long missing,
    long hashed,
    int readers,
    int connections,
    boolean pausing,
    boolean quiet) {}
