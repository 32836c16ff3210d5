package io.intrahub.transfer.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.ByteRange.Span;
import io.intrahub.store.PartialBlob;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.UpstreamFailure;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What is fetched, in which order, over how many connections. */
class PlannerTest {
  private static final long MIB = 1 << 20;
  private static final int PIECE = PartialBlob.PIECE;
  private static final long SIZE = 1024 * MIB;
  private static final TransferLimits LIMITS =
      new TransferLimits(
          PIECE,
          4,
          16,
          PIECE,
          16 * MIB,
          256 * MIB,
          MIB,
          5,
          64 << 10,
          Duration.ofMillis(200),
          Duration.ofSeconds(10),
          64 * MIB,
          64 * MIB,
          Duration.ofSeconds(5),
          MIB);

  private final BlobSource source =
      span -> {
        throw new IllegalStateException("the state opens nothing");
      };

  private long now;
  private TransferState state = new TransferState(SIZE, new BitSet(), LIMITS, now);

  /** Runs that were begun and have not ended. */
  private final List<Run> runs = new ArrayList<>();

  private Reader join(long from, long length, boolean completing) {
    return state.join(source, new Span(from, length), completing, Long.MAX_VALUE).orElseThrow();
  }

  private List<Run> plan() {
    List<Run> begun = state.plan(now).start();
    runs.addAll(begun);
    List<Run> sorted = new ArrayList<>(runs);
    sorted.sort(Comparator.comparingLong(r -> r.position));
    for (int i = 1; i < sorted.size(); i++) {
      assertThat(overlap(sorted.get(i - 1), sorted.get(i))).as("%s", sorted).isFalse();
    }
    return begun;
  }

  private static boolean overlap(Run a, Run b) {
    return a.position < b.end && b.position < a.end;
  }

  /** A connection brings bytes. */
  private void fetch(Run run, long count) {
    long left = count;
    while (left > 0 && left(run) > 0) {
      left -= state.mayWrite(run, Math.min(left, Math.min(PIECE, left(run))));
      state.written(run, now);
    }
  }

  private void end(Run run) {
    runs.remove(run);
    state.ended(run, new RunEnd.Done(), now);
  }

  private void fetchAll(Run run) {
    fetch(run, SIZE);
    end(run);
  }

  private void take(Reader reader) {
    state.delivered(reader, state.readable(reader) - state.position(reader));
  }

  @Test
  void the_first_byte_alone_costs_one_piece() {
    Reader reader = join(0, 1, false);

    assertThat(plan())
        .singleElement()
        .satisfies(r -> {
          assertThat(r.ask()).isEqualTo(new Span(0, PIECE));
          fetchAll(r);
        });
    assertThat(state.readable(reader)).isEqualTo(1);
    assertThat(plan()).isEmpty();
  }

  @Test
  void who_reads_on_and_on_is_fetched_twice_as_much_each_time_up_to_a_limit() {
    List<Long> asked = new ArrayList<>();
    for (long from = 0; from < 256 * MIB; from += PIECE) {
      Reader reader = join(from, PIECE, false);
      for (Run run : plan()) {
        asked.add(run.ask().length());
        fetchAll(run);
      }
      take(reader);
      state.leave(reader, now);
    }
    assertThat(asked.getFirst()).isEqualTo(PIECE);
    assertThat(asked).allMatch(n -> n <= 16 * MIB + PIECE);
    assertThat(asked.subList(8, asked.size())).allMatch(n -> n >= 8 * MIB);
    assertThat(asked).hasSizeLessThan(256 / 8 + 8);
  }

  @Test
  void a_far_range_starts_at_once_and_takes_its_part_from_the_sequential_run() {
    join(0, SIZE, true);
    Run sequential = plan().getFirst();
    assertThat(sequential.ask()).isEqualTo(new Span(0, 16 * MIB));
    fetch(sequential, PIECE);

    long far = 8 * MIB + 5;
    Reader reader = join(far, 100, false);
    Run urgent = plan().getFirst();

    assertThat(urgent.ask()).isEqualTo(new Span(8 * MIB, PIECE));
    assertThat(state.claimEnd(sequential)).isEqualTo(8 * MIB);
    fetchAll(urgent);
    assertThat(state.readable(reader)).isEqualTo(far + 100);
  }

  @Test
  void a_near_range_waits_for_the_sequential_run() {
    join(0, SIZE, true);
    plan();

    join(MIB - 100, 50, false);

    assertThat(plan()).isEmpty();
  }

  @Test
  void sixteen_far_ranges_are_fetched_at_once_and_the_next_one_waits() {
    join(0, SIZE, true);
    plan();
    for (int i = 1; i <= 16; i++) {
      join(i * 32 * MIB, 1000, false);
    }
    List<Run> begun = plan();
    assertThat(begun).hasSize(16);

    join(17 * 32 * MIB, 1000, false);
    assertThat(plan()).isEmpty();
    fetchAll(begun.getFirst());
    assertThat(plan()).singleElement().extracting(r -> r.ask().offset()).isEqualTo(17 * 32 * MIB);
  }

  @Test
  void a_run_that_read_more_than_it_may_write_does_not_go_on() {
    join(0, SIZE, true);
    Run sequential = plan().getFirst();
    Reader far = join(4 * MIB, 100, false);
    Run urgent = plan().getFirst();
    fetch(sequential, 4 * MIB - PIECE);

    // It has read a piece and a half when the far one goes away, and its bytes are free again.
    assertThat(state.mayWrite(sequential, PIECE + PIECE / 2)).isEqualTo(PIECE);
    state.leave(far, now);
    end(urgent);
    state.written(sequential, now);

    assertThat(left(sequential)).isZero();
  }

  @Test
  void who_has_bytes_that_are_fetched_again_is_not_told_that_they_are_right() {
    Reader early = join(0, SIZE, true);
    Run sequential = plan().getFirst();
    Reader late = join(8 * MIB, SIZE - 8 * MIB, true);
    Run urgent = plan().getFirst();
    fetch(urgent, PIECE);
    take(late);
    fetch(sequential, PIECE);
    take(early);
    state.opened(sequential, false);
    end(urgent);
    end(sequential);

    assertThat(plan()).singleElement().extracting(r -> r.ask().offset()).isEqualTo((long) PIECE);
    assertThat(state.outcome(late)).isInstanceOf(ReaderOutcome.Wrong.class);
    assertThat(state.outcome(early)).isInstanceOf(ReaderOutcome.Reading.class);
  }

  /** Seconds of fetching with all connections there are, each as fast as is told. */
  private int widest(double bytesPerSecondOfOne, double inAll) {
    join(0, SIZE, true);
    return widest(Duration.ofSeconds(4), bytesPerSecondOfOne, inAll);
  }

  private int widest(Duration time, double bytesPerSecondOfOne, double inAll) {
    int widest = 0;
    for (int step = 0; step < time.toMillis() / 20 && state.missing() > 0; step++) {
      plan();
      int runCount = runs.size();
      widest = Math.max(widest, runCount);
      now += 20_000_000;
      double each = Math.min(bytesPerSecondOfOne, inAll / runCount) * 0.02;
      for (Run run : List.copyOf(runs)) {
        fetch(run, (long) each);
        if (left(run) == 0) {
          end(run);
        }
      }
    }
    return widest;
  }

  @Test
  void more_connections_are_made_while_each_makes_it_faster() {
    assertThat(widest(10 * MIB, 100 * MIB)).isEqualTo(4);
  }

  @Test
  void a_second_connection_that_makes_nothing_faster_goes_away_again() {
    assertThat(widest(10 * MIB, 10 * MIB)).isEqualTo(2);
    assertThat(runs).hasSize(1);
  }

  @Test
  void an_upstream_that_limits_gets_fewer_connections() {
    widest(10 * MIB, 100 * MIB);
    assertThat(runs).hasSize(4);
    Run limited = runs.getLast();
    runs.remove(limited);
    state.ended(
        limited,
        new RunEnd.Failed(new UpstreamFailure(UpstreamFailure.Kind.RATE_LIMITED, "429")),
        now);
    for (Run run : List.copyOf(runs)) {
      fetchAll(run);
    }
    now += Duration.ofSeconds(1).toNanos();

    plan();

    assertThat(runs).hasSize(2);
  }

  /** All connections come to their end while others wait for one. */
  private void endContended() {
    state.contended(now);
    for (Run run : List.copyOf(runs)) {
      fetchAll(run);
    }
  }

  @Test
  void while_others_wait_for_a_connection_it_does_with_half_of_them_and_at_least_one() {
    widest(MIB, 100 * MIB);
    assertThat(runs).hasSize(4);
    for (int left : new int[] {2, 1, 1}) {
      endContended();
      plan();
      assertThat(runs).hasSize(left);
    }
  }

  @Test
  void who_gave_up_connections_rests_before_it_tries_for_more() {
    widest(MIB, 100 * MIB);
    endContended();
    assertThat(widest(Duration.ofSeconds(29), MIB, 100 * MIB)).isEqualTo(2);
    assertThat(widest(Duration.ofSeconds(5), MIB, 100 * MIB)).isEqualTo(4);
  }

  @Test
  void that_others_still_wait_begins_the_rest_anew() {
    widest(MIB, 100 * MIB);
    endContended();
    widest(Duration.ofSeconds(20), MIB, 100 * MIB);
    endContended();
    assertThat(widest(Duration.ofSeconds(29), MIB, 100 * MIB)).isEqualTo(1);
  }

  /** Who has something came first, and still waits behind all who have nothing. */
  @Test
  void who_has_nothing_is_served_first_and_each_in_order_of_coming() {
    for (long seed = 1; seed <= 20; seed++) {
      Random random = new Random(seed);
      state = new TransferState(SIZE, new BitSet(), LIMITS, now);
      runs.clear();
      List<Long> places = new ArrayList<>();
      for (long at = 32 * MIB; at < SIZE; at += 32 * MIB) {
        places.add(at);
      }
      Collections.shuffle(places, random);
      List<Long> some = places.subList(0, 1 + random.nextInt(14));
      List<Long> none = places.subList(some.size(), some.size() + 1 + random.nextInt(14));
      some.forEach(at -> join(at, 8 * MIB, false));
      for (Run run : plan()) {
        fetch(run, PIECE);
      }
      // All connections break off.
      List.copyOf(runs).forEach(this::end);
      none.forEach(at -> join(at, 1000, false));

      List<Long> expected = new ArrayList<>(none);
      some.forEach(at -> expected.add(at + PIECE));
      assertThat(plan().stream().map(r -> r.ask().offset()))
          .as("seed %d", seed)
          .isEqualTo(expected.subList(0, Math.min(LIMITS.urgentConnections(), expected.size())));
    }
  }

  @Test
  void who_wants_the_first_missing_byte_is_served_however_many_others_are() {
    for (int i = 1; i <= LIMITS.urgentConnections() + 1; i++) {
      join(i * 32 * MIB, 1000, false);
    }
    assertThat(plan()).hasSize(LIMITS.urgentConnections());

    join(0, 1000, false);

    assertThat(plan()).singleElement().extracting(r -> r.ask().offset()).isEqualTo(0L);
  }

  @Test
  void a_crowd_all_over_a_content_never_has_more_than_so_many_connections() {
    for (long seed = 1; seed <= 20; seed++) {
      Random random = new Random(seed);
      state = new TransferState(SIZE, new BitSet(), LIMITS, now);
      runs.clear();
      join(0, SIZE, true);
      List<Reader> crowd = new ArrayList<>();
      for (int i = 0; i < 60; i++) {
        crowd.add(join(random.nextLong(SIZE - 1000), 1 + random.nextInt(1000), false));
      }
      int most = 0;
      while (crowd.stream().anyMatch(r -> state.readable(r) < r.end)) {
        plan();
        int urgent = (int) runs.stream().filter(r -> r.kind == Run.Kind.URGENT).count();
        most = Math.max(most, urgent);
        assertThat(urgent).as("seed %d", seed).isLessThanOrEqualTo(LIMITS.urgentConnections());
        Run run = runs.get(random.nextInt(runs.size()));
        fetch(run, PIECE);
        if (left(run) == 0) {
          end(run);
        }
      }
      assertThat(most).as("seed %d", seed).isEqualTo(LIMITS.urgentConnections());
    }
  }

  @Test
  void a_sequential_run_stays_within_the_window_before_the_first_missing_byte() {
    widest(10 * MIB, 100 * MIB);
    Run front = runs.stream().min(Comparator.comparingLong(r -> r.position)).orElseThrow();
    long first = front.position;
    // The first one stands still, and the others go on.
    for (int step = 0; step < 1000; step++) {
      for (Run run : List.copyOf(runs)) {
        if (run != front) {
          fetchAll(run);
        }
      }
      plan();
    }
    assertThat(runs).containsExactly(front);
    long fetched = SIZE - state.missing() - first;
    assertThat(fetched).isBetween(200 * MIB, 256 * MIB + 16 * MIB);
  }

  /** What a run may still fetch. */
  private long left(Run run) {
    return state.claimEnd(run) - run.position;
  }
}
