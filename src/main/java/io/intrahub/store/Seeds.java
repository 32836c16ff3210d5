package io.intrahub.store;

/**
 * Folders that the operator has placed beside the store.
 *
 * @param blobs their content
 * @param metadata what they say of repos
 */
public record Seeds(SeedBlobs blobs, SeedMetadata metadata) {
  /** There are none. */
  public static final Seeds NONE = new Seeds(SeedBlobs.NONE, SeedMetadata.NONE);
}
