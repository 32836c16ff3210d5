package io.intrahub.transfer;

import io.intrahub.transfer.core.TransferState.Phase;
import io.intrahub.transfer.core.TransferState.Standing;
import java.time.Duration;
import java.util.Optional;

/** The speed of one transfer. Guarded by the transfer's lock. Times are in nanoseconds. */
final class Meter {
  private static final long WINDOW = 2_000_000_000L;

  private long windowStart;
  private long inWindow;
  private double bytesPerNano;
  private long received;

  Meter(long now) {
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

  /** Bytes that came in all. */
  long received() {
    return received;
  }

  private double rate(long now) {
    long elapsed = now - windowStart;
    // A window that is not full says more than an old one when that is long over, or was none.
    boolean fresh = elapsed >= WINDOW || (bytesPerNano == 0 && elapsed > 0);
    return fresh ? (double) inWindow / elapsed : bytesPerNano;
  }

  TransferProgress progress(String source, Standing s, long now) {
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

  private static String state(Standing s) {
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
