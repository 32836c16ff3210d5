package io.intrahub.http;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Counts what each client uses at this moment, and lets it use no more than its limit.
 *
 * <p>Safe for use by many threads. {@code lock} guards all mutable fields; it is a leaf. The map
 * has no entry for a name that uses nothing, so that it is never larger than what is in use.
 */
final class ConcurrencyLimits {
  private final int limit;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<String, Integer> uses = new HashMap<>();
  private int inUse;

  /**
   * Makes counts of zero.
   *
   * @param limit uses of one name at the same time, 1 or more
   */
  ConcurrencyLimits(int limit) {
    this.limit = limit;
  }

  /** The most that one name may use at the same time. */
  int limit() {
    return limit;
  }

  /** Uses of all names together that have not ended. */
  int inUse() {
    lock.lock();
    try {
      return inUse;
    } finally {
      lock.unlock();
    }
  }

  /** One use of each of some names. To be closed once. */
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
   * @param names all of which must be below the limit
   * @return empty when one of them is not; then nothing is counted
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
