package io.intrahub.upstream.hub;

import java.util.concurrent.TimeUnit;

/** Measures time and lets it pass between two attempts. Safe for use by many threads. */
public interface RetryTiming {
  /** Real time. */
  RetryTiming REAL =
      new RetryTiming() {
        @Override
        public long nanoTime() {
          return System.nanoTime();
        }

        @Override
        public void sleep(long nanos) throws InterruptedException {
          TimeUnit.NANOSECONDS.sleep(nanos);
        }
      };

  /** Returns nanoseconds since some moment, as {@link System#nanoTime}. */
  long nanoTime();

  /** Lets this many nanoseconds pass. */
  void sleep(long nanos) throws InterruptedException;
}
