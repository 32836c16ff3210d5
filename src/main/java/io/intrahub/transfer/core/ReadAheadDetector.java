package io.intrahub.transfer.core;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Where readers of parts ended lately. One that begins there is the next request of somebody who
 * reads on and on, and more is fetched for it than it asks for, twice as much each time.
 */
final class ReadAheadDetector {
  private static final int REMEMBERED = 64;

  /** By the offset where a reader ended: what was fetched for it beyond that. */
  private final Map<Long, Long> ends = new LinkedHashMap<>();

  void ended(long offset, long ahead) {
    ends.remove(offset);
    ends.put(offset, ahead);
    if (ends.size() > REMEMBERED) {
      ends.remove(ends.keySet().iterator().next());
    }
  }

  /** What to fetch beyond the end of a reader that begins at an offset; 0 at first. */
  long readAheadFrom(long offset, TransferLimits limits) {
    Long before = offset == 0 ? null : ends.remove(offset);
    return before == null ? 0 : Math.min(limits.maxClaim(), before * 2);
  }
}
