package io.intrahub.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.transfer.Lanes.Place;
import io.intrahub.transfer.Lanes.Urgency;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who gets a connection when there are fewer than are wanted. */
@Timeout(60)
class LanesTest {
  /** No bound to the contents. */
  private static final int MANY = 1000;

  private final LanesLine line = new LanesLine();

  @AfterEach
  void stop() {
    line.close();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void there_are_never_more_than_so_many_and_everybody_gets_in(long seed) throws Exception {
    Random shape = new Random(seed);
    int perHost = 1 + shape.nextInt(6);
    int inAll = 1 + shape.nextInt(2 * perHost);
    int contents = 1 + shape.nextInt(4);
    Lanes lanes = new Lanes(perHost, inAll, contents);
    int large = Math.max(1, inAll - inAll / 4);
    int largePerHost = Math.max(1, perHost - perHost / 4);
    Map<String, AtomicInteger> here = new ConcurrentHashMap<>();
    // Under one lock, because it is the number of contents that counts.
    Map<Integer, Integer> inFlight = new HashMap<>();
    AtomicInteger all = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    AtomicInteger rounds = new AtomicInteger();
    List<Future<?>> callers = new ArrayList<>();
    for (int i = 0; i < 32; i++) {
      Random random = new Random(seed * 1000 + i);
      callers.add(
          line.threads.submit(() -> {
            for (int round = 0; round < 200; round++) {
              String host = "host" + random.nextInt(3);
              Urgency urgency = Urgency.values()[random.nextInt(3)];
              // The same objects each time: small numbers are cached.
              Integer content = random.nextInt(8);
              Place place = lanes.enter(host, urgency, content);
              boolean small = urgency == Urgency.SMALL;
              if (!small) {
                synchronized (inFlight) {
                  inFlight.merge(content, 1, Integer::sum);
                  assertThat(inFlight.size())
                      .as("seed %d, in flight", seed)
                      .isLessThanOrEqualTo(contents);
                }
              }
              AtomicInteger atHost = here.computeIfAbsent(host, h -> new AtomicInteger());
              int now = atHost.incrementAndGet();
              int inSum = all.incrementAndGet();
              most.accumulateAndGet(inSum, Math::max);
              assertThat(now).as("seed %d, to %s", seed, host).isLessThanOrEqualTo(perHost);
              assertThat(inSum).as("seed %d, in all", seed).isLessThanOrEqualTo(inAll);
              Thread.yield();
              atHost.decrementAndGet();
              all.decrementAndGet();
              if (!small) {
                synchronized (inFlight) {
                  inFlight.merge(content, -1, (a, b) -> a + b == 0 ? null : a + b);
                }
              }
              place.close();
              rounds.incrementAndGet();
            }
            return null;
          }));
    }
    for (Future<?> caller : callers) {
      caller.get(40, TimeUnit.SECONDS);
    }
    assertThat(rounds).hasValue(32 * 200);
    // Else nothing was put to the test.
    assertThat(most.get()).isGreaterThanOrEqualTo(Math.min(large, largePerHost));
    assertThat(inFlight).isEmpty();
    LanesLine.assertFree(lanes);
  }

  @Test
  void who_comes_late_waits_and_gets_in_when_a_place_is_closed() throws Exception {
    Lanes lanes = new Lanes(3, 3, MANY);
    List<Place> places = LanesLine.fill(lanes, "hub", Urgency.READER, 3);
    line.queue(lanes, "hub", Urgency.READER, "late");
    assertThat(lanes.taken()).isEqualTo(3);
    assertThat(lanes.waiting()).isEqualTo(1);

    places.removeFirst().close();

    places.add(line.next().place());
    assertThat(lanes.taken()).isEqualTo(3);
    places.forEach(Place::close);
    LanesLine.assertFree(lanes);
  }

  @Test
  void who_waits_for_one_host_does_not_keep_those_behind_it_from_another() throws Exception {
    Lanes lanes = new Lanes(1, 3, MANY);
    Place first = lanes.enter("hub", Urgency.READER, new Object());
    line.queue(lanes, "hub", Urgency.SMALL, "late");

    lanes.enter("cdn", Urgency.BACKGROUND, new Object()).close();

    assertThat(lanes.waiting()).isEqualTo(1);
    first.close();
    line.next().place().close();
    LanesLine.assertFree(lanes);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void small_ones_go_before_readers_and_those_before_the_rest_in_order_of_coming(long seed)
      throws Exception {
    Random random = new Random(seed);
    Lanes lanes = new Lanes(1, 1, MANY);
    Place held = lanes.enter("hub", Urgency.READER, new Object());
    List<List<String>> expected = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    for (int i = 0; i < 30; i++) {
      Urgency urgency = Urgency.values()[random.nextInt(3)];
      String name = urgency + " " + i;
      line.queue(lanes, "hub", urgency, name);
      expected
          .get(List.of(Urgency.SMALL, Urgency.READER, Urgency.BACKGROUND).indexOf(urgency))
          .add(name);
    }
    List<String> order = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      held.close();
      LanesLine.Entry entry = line.next();
      order.add(entry.name());
      held = entry.place();
    }
    held.close();
    assertThat(order)
        .as("seed %d", seed)
        .isEqualTo(expected.stream().flatMap(List::stream).toList());
    LanesLine.assertFree(lanes);
  }

  /** What nobody waited for when it came into the line may be waited for since. */
  @Test
  void who_is_waited_for_from_now_on_moves_up() throws Exception {
    Lanes lanes = new Lanes(1, 1, MANY);
    Place held = lanes.enter("hub", Urgency.READER, new Object());
    Object content = new Object();
    line.queue(lanes, "hub", Urgency.BACKGROUND, "nobody's");
    line.queue(lanes, "hub", Urgency.BACKGROUND, content, "joined");
    line.queue(lanes, "hub", Urgency.READER, "reader");

    lanes.awaited(content);

    held.close();
    assertThat(line.next().name()).isEqualTo("joined");
  }

  @Test
  void a_quarter_to_a_host_is_for_small_contents_only() throws Exception {
    Lanes lanes = new Lanes(8, 100, MANY);
    List<Place> places = LanesLine.fill(lanes, "hub", Urgency.READER, 5);
    places.addAll(LanesLine.fill(lanes, "hub", Urgency.BACKGROUND, 1));
    line.queue(lanes, "hub", Urgency.READER, "reader");
    line.queue(lanes, "hub", Urgency.BACKGROUND, "background");

    places.addAll(LanesLine.fill(lanes, "hub", Urgency.SMALL, 2));

    line.queue(lanes, "hub", Urgency.SMALL, "small");
    assertThat(lanes.taken()).isEqualTo(8);
    assertThat(lanes.waiting()).isEqualTo(3);
    places.removeFirst().close();
    assertThat(line.next().name()).isEqualTo("small");
    places.removeFirst().close();
    places.removeFirst().close();
    // A large one may be the sixth, and not the seventh.
    assertThat(lanes.taken()).isEqualTo(6);
    assertThat(lanes.waiting()).isEqualTo(2);
    places.removeFirst().close();
    assertThat(line.next().name()).isEqualTo("reader");
  }

  @Test
  void a_quarter_of_all_is_for_small_contents_only() throws Exception {
    Lanes lanes = new Lanes(8, 8, MANY);
    LanesLine.fill(lanes, "hub", Urgency.READER, 3);
    LanesLine.fill(lanes, "cdn", Urgency.READER, 3);
    line.queue(lanes, "other", Urgency.READER, "reader");

    LanesLine.fill(lanes, "other", Urgency.SMALL, 2);

    line.queue(lanes, "other", Urgency.SMALL, "small");
    assertThat(lanes.waiting()).isEqualTo(2);
  }

  /** A quarter of three is none, and of one place a large content still gets it. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void of_few_places_none_is_set_aside(int few) throws Exception {
    Lanes lanes = new Lanes(few, few, MANY);
    List<Place> places = LanesLine.fill(lanes, "hub", Urgency.BACKGROUND, few);
    line.queue(lanes, "hub", Urgency.SMALL, "small");
    places.removeFirst().close();
    places.add(line.next().place());
    places.forEach(Place::close);
    LanesLine.assertFree(lanes);
  }

  @Test
  void who_is_stopped_while_waiting_leaves_the_line() throws Exception {
    Lanes lanes = new Lanes(1, 1, MANY);
    Place held = lanes.enter("hub", Urgency.READER, new Object());
    Future<?> stopped = line.queue(lanes, "hub", Urgency.SMALL, "stopped");
    line.queue(lanes, "hub", Urgency.BACKGROUND, "other");

    stopped.cancel(true);

    while (lanes.waiting() != 1) {
      Thread.onSpinWait();
    }
    held.close();
    assertThat(line.next().name()).isEqualTo("other");
    assertThat(lanes.taken()).isEqualTo(1);
  }

  @Test
  void who_is_stopped_already_does_not_wait() throws Exception {
    Lanes lanes = new Lanes(1, 1, MANY);
    Place held = lanes.enter("hub", Urgency.READER, new Object());
    Future<?> stopped =
        line.threads.submit(() -> {
          Thread.currentThread().interrupt();
          assertThatThrownBy(() -> lanes.enter("hub", Urgency.SMALL, new Object()))
              .isInstanceOf(InterruptedException.class);
        });
    stopped.get(20, TimeUnit.SECONDS);
    assertThat(lanes.waiting()).isZero();
    held.close();
    LanesLine.assertFree(lanes);
  }

  /** An interrupt and an admission at the same time: the place is had, or the next one's. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void who_is_stopped_when_it_is_let_in_leaves_no_place_taken(long seed) throws Exception {
    Random random = new Random(seed);
    Lanes lanes = new Lanes(1, 1, MANY);
    for (int round = 0; round < 200; round++) {
      Place held = lanes.enter("hub", Urgency.READER, new Object());
      CountDownLatch over = new CountDownLatch(1);
      AtomicInteger got = new AtomicInteger();
      Thread waiter =
          Thread.ofPlatform()
              .start(() -> {
                try (Place _ = lanes.enter("hub", Urgency.READER, new Object())) {
                  got.incrementAndGet();
                } catch (InterruptedException e) {
                  got.set(-1);
                } finally {
                  over.countDown();
                }
              });
      while (lanes.waiting() == 0) {
        Thread.onSpinWait();
      }
      line.queue(lanes, "hub", Urgency.BACKGROUND, "behind");
      CyclicBarrier go = new CyclicBarrier(2);
      int pause = random.nextInt(400);
      boolean interruptLate = random.nextBoolean();
      Future<?> interrupter =
          line.threads.submit(() -> {
            go.await();
            spin(interruptLate ? pause : 0);
            waiter.interrupt();
            return null;
          });
      go.await();
      spin(interruptLate ? 0 : pause);
      held.close();
      interrupter.get(20, TimeUnit.SECONDS);
      assertThat(over.await(20, TimeUnit.SECONDS)).isTrue();
      // Whatever came first, who was behind it gets in.
      line.next().place().close();
      assertThat(got.get()).as("seed %d, round %d", seed, round).isIn(1, -1);
      assertThat(lanes.taken()).as("seed %d, round %d", seed, round).isZero();
      assertThat(lanes.waiting()).as("seed %d, round %d", seed, round).isZero();
    }
  }

  private static void spin(int times) {
    for (int i = 0; i < times; i++) {
      Thread.onSpinWait();
    }
  }
}
