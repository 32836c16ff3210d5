package io.intrahub.cachefolder;

import io.intrahub.hub.FilePath;
import java.util.Arrays;
import java.util.stream.LongStream;

/**
 * The paths of any number of files, in 8 bytes each. A path that was not added is taken for one
 * that was with a probability of about one in 2^64 for each that was.
 */
final class PathHashes {
  /** FNV-1a with 64 bits. */
  private static final long OFFSET = 0xcbf29ce484222325L;

  private static final long PRIME = 0x100000001b3L;

  private final long[] sorted;

  private PathHashes(long[] sorted) {
    this.sorted = sorted;
  }

  /** Takes paths, once each or more often. For one thread. */
  static final class Builder {
    private final LongStream.Builder hashes = LongStream.builder();

    void add(FilePath path) {
      hashes.add(hash(path));
    }

    PathHashes build() {
      return new PathHashes(hashes.build().sorted().distinct().toArray());
    }
  }

  /** Number of different paths. */
  int size() {
    return sorted.length;
  }

  boolean contains(FilePath path) {
    return Arrays.binarySearch(sorted, hash(path)) >= 0;
  }

  private static long hash(FilePath path) {
    long hash = OFFSET;
    for (int i = 0; i < path.value().length(); i++) {
      hash = (hash ^ path.value().charAt(i)) * PRIME;
    }
    return hash;
  }
}
