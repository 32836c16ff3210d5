package io.intrahub.http;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Limits how many uses of something each client may have at the same time.
 *
 * <p>Safe for use by many threads. {@code lock} guards all mutable fields; no other lock is taken
 * while it is held. The map has entries only for names with a use, so its size is bounded by the
 * uses.
 */
final class ConcurrencyLimits {
  private final int limit;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<String, Integer> uses = new HashMap<>();
  private int inUse;

  /**
   * Creates limits without any use.
   *
   * @param limit uses that one name may have at the same time, at least 1
   */
  ConcurrencyLimits(int limit) {
    this.limit = limit;
  }

  /** Returns the number of uses that one name may have at the same time. */
  int limit() {
    return limit;
  }

  /** Returns the number of uses that have not ended, of all names together. */
  int inUse() {
    lock.lock();
    try {
      return inUse;
    } finally {
      lock.unlock();
    }
  }

  /** One use, which counts against several names. To be closed once. */
  final class Use implements AutoCloseable {
    private final List<String> names;

    private Use(List<String> names) {
      this.names = names;
    }

    @Override
    public void close() {
      lock.lock();
      try {
        inUse--;
        names.forEach(name -> uses.computeIfPresent(name, (k, n) -> n == 1 ? null : n - 1));
      } finally {
        lock.unlock();
      }
    }
  }

  /**
   * Begins a use.
   *
   * @param names names that the use counts against
   * @return empty if one of the names is at its limit; then nothing is counted
   */
  Optional<Use> enter(List<String> names) {
    lock.lock();
    try {
      if (names.stream().anyMatch(name -> uses.getOrDefault(name, 0) >= limit)) {
        return Optional.empty();
      }
      inUse++;
      names.forEach(name -> uses.merge(name, 1, Integer::sum));
      return Optional.of(new Use(names));
    } finally {
      lock.unlock();
    }
  }
}
