package io.intrahub.transfer.fetch;

import io.intrahub.transfer.core.Phase;
import io.intrahub.transfer.core.TransferSnapshot;
import java.time.Duration;
import java.util.Optional;

/**
 * The figures of one transfer. Guarded by the transfer's lock. Times are in nanoseconds of any
 * beginning.
 */
public final class TransferMeter {
  private static final long WINDOW = 2_000_000_000L;

  private final long begun;
  private long windowStart;
  private long inWindow;
  private double bytesPerNano;
  private long received;
  private int mostConnections;
  private int mostReaders;

  /**
   * What came of a transfer so far.
   *
   * @param quiet whether upstream has failed and is left alone
   * @param available bytes that are in the store
   * @param received bytes that this transfer fetched
   * @param nanos since it began
   * @param connections to upstream at one time, at most
   * @param readers at one time, at most
   */
  public record Summary(
      Phase phase,
      boolean quiet,
      long size,
      long available,
      long received,
      long nanos,
      int connections,
      int readers) {}

  TransferMeter(long now) {
    this.begun = now;
    this.windowStart = now;
  }

  void received(long n, long now) {
    received += n;
    inWindow += n;
    if (now - windowStart >= WINDOW) {
      bytesPerNano = (double) inWindow / (now - windowStart);
      windowStart = now;
      inWindow = 0;
    }
  }

  /** Takes note of how many there are. */
  void observe(TransferSnapshot s) {
    mostConnections = Math.max(mostConnections, s.connections());
    mostReaders = Math.max(mostReaders, s.readers());
  }

  Summary summary(TransferSnapshot s, long now) {
    return new Summary(
        s.phase(),
        s.quiet(),
        s.size(),
        s.size() - s.missing(),
        received,
        now - begun,
        mostConnections,
        mostReaders);
  }

  private double rate(long now) {
    long elapsed = now - windowStart;
    // A window that is not full says more than an old one when that is long over, or was none.
    boolean fresh = elapsed >= WINDOW || (bytesPerNano == 0 && elapsed > 0);
    return fresh ? (double) inWindow / elapsed : bytesPerNano;
  }

  TransferProgress progress(String source, TransferSnapshot s, long now) {
    double rate = s.connections() == 0 ? 0 : rate(now);
    Optional<Duration> left =
        rate > 0 ? Optional.of(Duration.ofNanos((long) (s.missing() / rate))) : Optional.empty();
    return new TransferProgress(
        source,
        state(s),
        s.size(),
        s.size() - s.missing(),
        (long) (rate * 1e9),
        s.readers(),
        s.connections(),
        left);
  }

  private static String state(TransferSnapshot s) {
    if (s.phase() != Phase.RUNNING || s.pausing()) {
      return "ending";
    }
    if (s.missing() == 0) {
      return "verifying";
    }
    if (s.connections() > 0) {
      return "fetching";
    }
    return s.quiet() ? "waiting" : "idle";
  }
}
