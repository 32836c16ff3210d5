package io.intrahub.transfer.limits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A line of 8 MB/s, in a time that stands still until it is moved on. */
@Timeout(60)
class BackgroundLimiterTest {
  private static final long SECOND = 1_000_000_000L;
  private static final long MILLI = 1_000_000L;
  private static final long LINE = 8_000_000;

  /** What a slow client takes in a millisecond. */
  private static final long SLOW = 50;

  private long line = LINE;
  private final AtomicLong now = new AtomicLong(-7 * SECOND);
  private final AtomicLong clients = new AtomicLong();
  private final BackgroundLimiter limiter = new BackgroundLimiter(0, clients::get, now::get);

  /** Bytes that it has, while clients take up to so many bytes of what is left in each of them. */
  private long background(long millis, long byClients) {
    long all = 0;
    for (long i = 0; i < millis; i++) {
      now.addAndGet(MILLI);
      long count = 0;
      if (limiter.account(0) == 0) {
        count = byClients <= SLOW ? line / 1_000 : line / 2_000;
        limiter.account(count);
      }
      all += count;
      clients.addAndGet(byClients <= SLOW ? byClients : Math.min(byClients, line / 1_000 - count));
    }
    return all;
  }

  @Test
  void it_takes_all_while_no_client_downloads() {
    background(1_000, 0);
    assertThat(background(10_000, 0)).isEqualTo(10 * LINE);
  }

  @Test
  void it_gets_a_quarter_while_a_client_downloads() {
    background(5_000, LINE);
    assertThat(background(10_000, LINE)).isBetween(9 * LINE / 4, 11 * LINE / 4);
  }

  @Test
  void a_client_that_comes_has_its_part_after_half_a_second() {
    background(5_000, 0);
    background(BackgroundLimiter.WINDOW / MILLI, LINE);
    assertThat(background(1_000, LINE)).isLessThan(LINE * 3 / 10);
  }

  @Test
  void it_takes_all_again_some_seconds_after_the_client_has_left() {
    background(5_000, LINE);
    assertThat(background(2_000, 0)).isLessThan(2 * LINE * 3 / 10);
    background(2_000, 0);
    assertThat(background(1_000, 0)).isEqualTo(LINE);
  }

  @Test
  void a_client_that_crawls_does_not_slow_it_down() {
    background(5_000, 0);
    assertThat(background(20_000, 1)).isGreaterThan(20 * LINE * 99 / 100);
  }

  /** A client with a slow line of its own, which leaves nearly all of this one. */
  @Test
  void a_slow_client_leaves_it_a_quarter_of_the_line_and_not_of_what_it_gets_itself() {
    background(5_000, 0);
    background(1_000, SLOW);
    assertThat(background(30_000, SLOW)).isBetween(30 * LINE / 4 - LINE / 4, 30 * LINE / 4 + LINE);
  }

  @Test
  void nor_does_a_slow_client_slow_it_down_in_the_course_of_hours() {
    background(5_000, 0);
    background(3 * BackgroundLimiter.PROBE_AFTER / MILLI, SLOW);
    // A second of it may be without a limit.
    assertThat(background(10_000, SLOW)).isBetween(9 * LINE / 4, 10 * LINE / 4 + LINE);
  }

  @Test
  void a_line_that_became_slower_is_noticed() {
    background(5_000, 0);
    line = LINE / 8;
    background((BackgroundLimiter.PROBE_AFTER + 2 * BackgroundLimiter.WINDOW) / MILLI, line);
    background(BackgroundLimiter.WINDOWS * BackgroundLimiter.WINDOW / MILLI, line);
    assertThat(background(10_000, line)).isLessThan(10 * line * 3 / 10);
  }

  @Test
  void after_a_long_pause_it_begins_slowly_if_clients_may_be_there() {
    background(5_000, 0);
    now.addAndGet(3_600 * SECOND);
    clients.addAndGet(1);
    assertThat(background(490, 0)).isLessThan(BackgroundShare.FLOOR);
    background(20, 0);
    assertThat(background(1_000, 0)).isEqualTo(LINE);
  }

  @Test
  void after_a_long_pause_without_clients_it_takes_all_at_once() {
    background(5_000, 0);
    now.addAndGet(3_600 * SECOND);
    assertThat(background(1_000, 0)).isEqualTo(LINE);
  }

  @Test
  void a_configured_rate_is_shared_in_fixed_parts() {
    BackgroundLimiter fixed = new BackgroundLimiter(LINE, clients::get, now::get);
    assertThat(fixed.account(200_000)).isEqualTo(100 * MILLI);
    now.addAndGet(100 * MILLI);
    assertThat(fixed.account(0)).isZero();
    assertThat(fixed.account(20_000)).isEqualTo(10 * MILLI);
  }

  @Test
  void a_thread_looks_again_before_all_is_paid_for() {
    assertThat(limiter.account(1L << 40)).isEqualTo(250 * MILLI);
    assertThat(limiter.account(0)).isEqualTo(250 * MILLI);
    now.addAndGet(SECOND);
    assertThat(limiter.account(0)).isZero();
  }

  @Test
  void a_rest_ends_when_its_thread_is_stopped() {
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> limiter.throttle(1L << 40, 0, () -> true))
        .isInstanceOf(InterruptedException.class);
    assertThat(Thread.interrupted()).isFalse();
  }

  @Test
  void a_rest_ends_when_a_client_joins() throws InterruptedException {
    AtomicLong asked = new AtomicLong();
    limiter.throttle(1L << 40, 0, () -> asked.incrementAndGet() < 2);
    assertThat(asked).hasValue(2);
  }
}
