package io.intrahub.store;

import java.util.List;

/**
 * Folders that the operator has placed beside the store.
 *
 * @param blobs their content
 * @param metadata what they say of repos
 * @param folders where they are, the first one first
 */
public record Seeds(SeedBlobs blobs, SeedMetadata metadata, List<GuardedFolder> folders) {
  /** There are none. */
  public static final Seeds NONE = new Seeds(SeedBlobs.NONE, SeedMetadata.NONE, List.of());

  /** Takes a copy of the list. */
  public Seeds {
    folders = List.copyOf(folders);
  }
}
