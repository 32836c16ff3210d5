package io.intrahub.hub;

/**
 * The bytes of a file: their digest and their number.
 *
 * @param digest never null
 * @param size in bytes, not negative
 */
public record BlobId(Digest digest, long size) {
  public BlobId {
    if (size < 0) {
      throw new IllegalArgumentException("negative size: " + size);
    }
  }
}
