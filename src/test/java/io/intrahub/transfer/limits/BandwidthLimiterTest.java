package io.intrahub.transfer.limits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bytes per second, in a time that stands still until it is moved on. */
@Timeout(60)
class BandwidthLimiterTest {
  private static final long SECOND = 1_000_000_000L;
  private static final long MILLI = 1_000_000L;
  private static final long BURST = 50 * MILLI;

  /** A million bytes a second: a byte is a microsecond. */
  private static final long RATE = 1_000_000;

  private final AtomicLong now = new AtomicLong(-7 * SECOND);
  private final BandwidthLimiter bandwidthLimiter = new BandwidthLimiter(RATE, now::get);

  @Test
  void who_has_read_rests_for_as_long_as_the_bytes_should_have_taken() {
    assertThat(bandwidthLimiter.account(100_000)).isEqualTo(100 * MILLI);
    now.addAndGet(100 * MILLI);
    assertThat(bandwidthLimiter.account(30_000)).isEqualTo(30 * MILLI);
    now.addAndGet(10 * MILLI);
    assertThat(bandwidthLimiter.account(1_000)).isEqualTo(21 * MILLI);
  }

  @Test
  void all_callers_share_it() {
    long first = bandwidthLimiter.account(10_000);
    assertThat(bandwidthLimiter.account(20_000)).isEqualTo(first + 20 * MILLI);
    assertThat(bandwidthLimiter.account(0)).isEqualTo(first + 20 * MILLI);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void callers_of_all_kinds_get_as_many_as_are_allowed_and_not_fewer(long seed) {
    Random random = new Random(seed);
    long[] restUntil = new long[1 + random.nextInt(8)];
    long begun = now.get();
    long read = 0;
    long most = 0;
    Arrays.fill(restUntil, begun);
    while (now.get() - begun < 20 * SECOND) {
      // Who has rested enough reads next.
      int next =
          IntStream.range(0, restUntil.length)
              .reduce((a, b) -> restUntil[b] < restUntil[a] ? b : a)
              .orElseThrow();
      now.set(Math.max(now.get(), restUntil[next]));
      long n = 1 + random.nextInt(60_000);
      most = Math.max(most, n);
      restUntil[next] = now.get() + bandwidthLimiter.account(n);
      read += n;
    }
    double allowed = (now.get() - begun) / (double) SECOND * RATE;
    // Each caller has one reading on account.
    assertThat((double) read)
        .as("seed %d, %d callers", seed, restUntil.length)
        .isBetween(allowed, allowed + restUntil.length * most + RATE / 20);
  }

  @Test
  void after_a_pause_as_much_comes_at_once_as_in_fifty_milliseconds() {
    bandwidthLimiter.account(10_000);
    now.addAndGet(3600 * SECOND);

    assertThat(bandwidthLimiter.account(20_000)).isZero();
    assertThat(bandwidthLimiter.account(30_000)).isZero();
    assertThat(bandwidthLimiter.account(1)).isEqualTo(1_000);
    now.addAndGet(BURST);
    assertThat(bandwidthLimiter.account(1)).isZero();
    assertThat(bandwidthLimiter.account(50_000)).isEqualTo(2_000);
  }

  @Test
  void a_short_pause_saves_no_more_than_it_was_long() {
    assertThat(bandwidthLimiter.account(0)).isZero();
    now.addAndGet(20 * MILLI);
    assertThat(bandwidthLimiter.account(20_000)).isZero();
    assertThat(bandwidthLimiter.account(5_000)).isEqualTo(5 * MILLI);
  }

  @Test
  void a_large_read_at_a_high_rate_does_not_overflow() {
    BandwidthLimiter fast = new BandwidthLimiter(100L << 30, now::get);
    assertThat(fast.account(8L << 30)).isEqualTo(80 * MILLI);
    BandwidthLimiter slow = new BandwidthLimiter(1, now::get);
    assertThat(slow.account(3600)).isEqualTo(3600 * SECOND);
  }

  @Test
  void without_a_limit_nobody_rests() throws Exception {
    BandwidthLimiter free = new BandwidthLimiter(0, now::get);
    assertThat(free.account(Long.MAX_VALUE)).isZero();
    assertThat(free.account(Long.MAX_VALUE)).isZero();
    free.throttle(Long.MAX_VALUE, false);
  }

  @Test
  void small_contents_are_counted_and_do_not_wait() throws Exception {
    // An hour's worth: to wait for it would end the test.
    bandwidthLimiter.throttle(3600 * RATE, true);

    assertThat(bandwidthLimiter.account(0)).isEqualTo(3600 * SECOND);
  }

  @Test
  void others_wait_until_they_are_stopped() throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Thread[] reader = new Thread[1];
      Future<?> rest =
          threads.submit(() -> {
            reader[0] = Thread.currentThread();
            assertThatThrownBy(() -> bandwidthLimiter.throttle(3600 * RATE, false))
                .isInstanceOf(InterruptedException.class);
          });
      while (bandwidthLimiter.account(0) == 0) {
        Thread.onSpinWait();
      }
      assertThat(rest.isDone()).isFalse();
      reader[0].interrupt();
      rest.get(20, TimeUnit.SECONDS);
    }
  }

  @Test
  void a_rest_is_as_long_as_it_should_be() throws Exception {
    long begun = System.nanoTime();
    bandwidthLimiter.throttle(30_000, false);
    assertThat(Duration.ofNanos(System.nanoTime() - begun))
        .isGreaterThanOrEqualTo(Duration.ofMillis(30));
  }
}
