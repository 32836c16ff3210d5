package io.intrahub.store.fs.disk;

/**
 * What a partial blob is known by. The size is part of it because it is a claim: any repo at the
 * Hub can name any size for a digest, and nobody knows which of two sizes is right before all bytes
 * are there.
 *
 * @param blob what it becomes if its bytes turn out right
 * @param size that is claimed, in bytes
 */
public record PartialKey(BlobKey blob, long size) {}
