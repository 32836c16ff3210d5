package io.intrahub.hub;

/**
 * Identifies the content of a file by digest and size.
 *
 * @param digest of the content
 * @param size in bytes, not negative
 */
public record BlobId(Digest digest, long size) {
  public BlobId {
    if (size < 0) {
      throw new IllegalArgumentException("negative size: " + size);
    }
  }
}
