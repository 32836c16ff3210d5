package io.intrahub.transfer.fetch;

import io.intrahub.transfer.core.Run;
import io.intrahub.transfer.limits.ConnectionLimiter;
import io.intrahub.upstream.BlobSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The connections of one transfer, and where they led.
 *
 * <p>Not safe for use by many threads: the transfer's lock guards it.
 */
final class TransferConnections {
  private final Map<Run, BlobSource.Stream> streams = new HashMap<>();
  private final Map<Run, ConnectionLimiter.Cancellation> queued = new HashMap<>();
  private final Set<BlobSource> sources = new HashSet<>();

  /** A run is about to wait for a permit. */
  void queued(Run run, ConnectionLimiter.Cancellation wait) {
    queued.put(run, wait);
  }

  /** A run waits for a permit no more. */
  void unqueued(Run run) {
    queued.remove(run);
  }

  /** The waits of some runs for a permit. */
  List<ConnectionLimiter.Cancellation> waitsOf(Predicate<Run> which) {
    return of(queued, which);
  }

  /** A run's connection answers. */
  void opened(Run run, BlobSource.Stream stream) {
    streams.put(run, stream);
    sources.add(run.source());
  }

  /** A run's connection is about to be closed, so it must not be broken off any more. */
  void closing(Run run) {
    streams.remove(run);
  }

  /** The open ones of some runs. */
  List<BlobSource.Stream> of(Predicate<Run> which) {
    return of(streams, which);
  }

  private static <T> List<T> of(Map<Run, T> all, Predicate<Run> which) {
    return all.isEmpty()
        ? List.of()
        : all.entrySet().stream()
            .filter(s -> which.test(s.getKey()))
            .map(Map.Entry::getValue)
            .toList();
  }

  /** Where bytes came from, or could have; a copy. */
  List<BlobSource> sources() {
    return List.copyOf(sources);
  }
}
