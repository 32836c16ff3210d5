package io.intrahub.store.fs.metadata;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.metadata.ManifestFormat.Tail;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.function.Function;

/**
 * The indexes of manifests that are in memory. A cache keeps some of them; all others together,
 * which are being read from the disk, take as much again, or are a single one that is larger. Safe
 * for use by many threads.
 */
final class ManifestIndexes {
  /** What a kept index takes besides its path and itself, in bytes. */
  private static final int OVERHEAD = 600;

  /** An index takes up to so many times its length on the disk: see {@link ManifestIndex.Block}. */
  private static final int HEAP_PER_BYTE = 4;

  /** Heap of one permit, in bytes. */
  private static final int UNIT = 1024;

  private final Cache<Path, ManifestIndex> kept;

  /** Indexes that the cache dropped or never took, until they are garbage collected. */
  private final Cache<Path, ManifestIndex> alive = Caffeine.newBuilder().weakValues().build();

  private final int units;
  private final Semaphore reading;

  /**
   * No index is in memory yet.
   *
   * @param bytes of heap that the cache may take
   */
  ManifestIndexes(long bytes) {
    this.kept =
        Caffeine.newBuilder()
            .maximumWeight(bytes)
            .weigher((Path path, ManifestIndex index) ->
                OVERHEAD + 3 * path.toString().length() + index.weight())
            // Whoever adds an index waits until others are dropped for it.
            .executor(Runnable::run)
            .build();
    this.units = (int) Math.clamp(bytes / UNIT, 1, Integer.MAX_VALUE);
    this.reading = new Semaphore(units, true);
  }

  /** What an index in memory says of its manifest. */
  Optional<ManifestIndex.Head> head(Path path) {
    return inMemory(path).map(ManifestIndex::head);
  }

  private Optional<ManifestIndex> inMemory(Path path) {
    ManifestIndex index = kept.getIfPresent(path);
    return Optional.ofNullable(index != null ? index : alive.getIfPresent(path));
  }

  /** Looks something up, if the index with this tail is in memory. */
  <R> Optional<R> lookUp(Path path, Tail tail, Function<ManifestIndex, R> lookup) {
    return inMemory(path).filter(index -> index.head().tail().equals(tail)).map(lookup);
  }

  /** Whether the file of an index is still the manifest of its path. */
  interface IsCurrent {
    boolean get() throws IOException;
  }

  /**
   * Reads an index from the disk, when the memory for it is free, and looks something up.
   *
   * @param isCurrent whether it may be kept for others
   */
  <R> R read(
      Path path, Disk.File file, Tail tail, IsCurrent isCurrent, Function<ManifestIndex, R> lookup)
      throws IOException {
    int needed = (int) Math.min(units, (long) HEAP_PER_BYTE * tail.indexLength() / UNIT + 1);
    reading.acquireUninterruptibly(needed);
    try {
      ManifestIndex index = ManifestIndex.read(file, tail);
      if (isCurrent.get()) {
        alive.put(path, index);
        kept.put(path, index);
      }
      return lookup.apply(index);
    } finally {
      reading.release(needed);
    }
  }

  void forget(Path path) {
    kept.invalidate(path);
    alive.invalidate(path);
  }
}
