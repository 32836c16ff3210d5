package io.intrahub.devhub;

import java.time.Duration;
import java.util.function.Consumer;

/**
 * Time that passes at once: whoever would wait for it moves a test's clock instead. Waits that
 * overlap move it once. Its own lock guards the time.
 */
public final class InstantWaits extends DevWaiting {
  private final Consumer<Duration> clock;
  private long now;

  private InstantWaits(Consumer<Duration> clock) {
    this.clock = clock;
  }

  /**
   * A Hub that delays its answers by this time.
   *
   * @param clock is told of each wait, and must not block
   */
  public static DevHub.Builder builder(Consumer<Duration> clock) {
    return DevHub.builder().waiting(new InstantWaits(clock));
  }

  @Override
  synchronized long now() {
    return now;
  }

  @Override
  synchronized void until(long nanos) {
    if (nanos > now) {
      clock.accept(Duration.ofNanos(nanos - now));
      now = nanos;
    }
  }
}
