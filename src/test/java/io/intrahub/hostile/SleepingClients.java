package io.intrahub.hostile;

import io.intrahub.testing.SettableClock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * Lets clients sleep by the clock of a test: it moves to the next moment at which one of them wakes
 * up when all of them sleep. Safe for use by many threads.
 */
final class SleepingClients {
  private final SettableClock clock;

  // Both guarded by "this".
  private int awake;
  private final List<Sleeper> sleepers = new ArrayList<>();

  private static final class Sleeper {
    private final Instant until;
    private boolean isAwake;

    private Sleeper(Instant until) {
      this.until = until;
    }
  }

  /**
   * All clients are awake.
   *
   * @param clients that call {@link #sleep} and, at their end, {@link #left}
   */
  SleepingClients(SettableClock clock, int clients) {
    this.clock = clock;
    this.awake = clients;
  }

  /** Returns after this time. */
  synchronized void sleep(Duration time) throws InterruptedException {
    Sleeper me = new Sleeper(clock.instant().plus(time));
    sleepers.add(me);
    awake--;
    passIfAllSleep();
    while (!me.isAwake) {
      wait();
    }
  }

  /** A client has ended. */
  synchronized void left() {
    awake--;
    passIfAllSleep();
  }

  private void passIfAllSleep() {
    if (awake > 0 || sleepers.isEmpty()) {
      return;
    }
    Instant next = sleepers.stream().map(s -> s.until).min(Instant::compareTo).orElseThrow();
    clock.pass(Duration.between(clock.instant(), next));
    for (Sleeper sleeper : List.copyOf(sleepers)) {
      if (!sleeper.until.isAfter(next)) {
        sleeper.isAwake = true;
        sleepers.remove(sleeper);
        awake++;
      }
    }
    notifyAll();
  }
}
