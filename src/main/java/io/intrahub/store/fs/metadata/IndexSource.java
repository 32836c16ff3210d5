package io.intrahub.store.fs.metadata;

import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.metadata.ManifestFormat.DamagedException;
import io.intrahub.store.fs.metadata.ManifestFormat.Tail;
import java.io.IOException;
import java.util.function.Function;

/**
 * Gives an open manifest its index for a moment. An index may take megabytes, and a client may take
 * its answer slowly, so no manifest holds its index itself. Safe for use by many threads.
 */
interface IndexSource {
  /**
   * Looks something up in the index of a file.
   *
   * @param tail of that file
   * @param lookup neither waits nor returns the index
   * @throws DamagedException when the index is damaged
   */
  <R> R lookUp(Disk.File file, Tail tail, Function<ManifestIndex, R> lookup) throws IOException;

  /** Keeps one index for as long as the manifest: for a walk over one manifest after the other. */
  static IndexSource holding(ManifestIndex first) {
    return new IndexSource() {
      private volatile ManifestIndex index = first;

      @Override
      public <R> R lookUp(Disk.File file, Tail tail, Function<ManifestIndex, R> lookup)
          throws IOException {
        ManifestIndex known = index;
        if (!tail.equals(known.head().tail())) {
          known = ManifestIndex.read(file, tail);
          index = known;
        }
        return lookup.apply(known);
      }
    };
  }
}
