package io.intrahub.store.fs.space;

/**
 * What the operator can choose.
 *
 * @param maxSize what files may take in all, in bytes; 0: no limit
 * @param minFree bytes of the disk that no new blob may use
 * @param highWatermark in percent of {@code maxSize}: with more, blobs are evicted
 * @param lowWatermark in percent of {@code maxSize}: down to this
 */
public record DiskBudgetSettings(long maxSize, long minFree, int highWatermark, int lowWatermark) {
  /** No limit but the disk, of which 256 MiB stay free. */
  public static final DiskBudgetSettings DEFAULT = new DiskBudgetSettings(0, 256L << 20, 95, 90);

  /**
   * Checks its arguments.
   *
   * @throws IllegalArgumentException if a size is negative, or not 0 < low < high <= 100
   */
  public DiskBudgetSettings {
    if (maxSize < 0 || minFree < 0) {
      throw new IllegalArgumentException("a negative size: %d, %d".formatted(maxSize, minFree));
    }
    if (lowWatermark <= 0 || lowWatermark >= highWatermark || highWatermark > 100) {
      throw new IllegalArgumentException(
          "no watermarks: %d, %d".formatted(lowWatermark, highWatermark));
    }
  }

  /** The limit in bytes; {@link Long#MAX_VALUE} for none. */
  long maxSizeOrAll() {
    return maxSize == 0 ? Long.MAX_VALUE : maxSize;
  }

  long highMark() {
    return maxSize == 0 ? Long.MAX_VALUE : percent(maxSize, highWatermark);
  }

  /** Down to how many bytes an eviction goes; {@link Long#MAX_VALUE} without a limit. */
  public long lowMark() {
    return maxSize == 0 ? Long.MAX_VALUE : percent(maxSize, lowWatermark);
  }

  /** What is freed beyond the need on a full disk, where marks have no size to refer to. */
  long slack(long stored) {
    return percent(stored, highWatermark - lowWatermark);
  }

  private static long percent(long of, int percent) {
    return of / 100 * percent + of % 100 * percent / 100;
  }
}
