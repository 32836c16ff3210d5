package io.intrahub.transfer.limits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.transfer.limits.ConnectionLimiter.Permit;
import io.intrahub.transfer.limits.ConnectionLimiter.Priority;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who gets a connection when there are fewer than are wanted. */
@Timeout(60)
class ConnectionLimiterTest {
  /** No bound to the contents. */
  private static final int MANY = 1000;

  private final LimiterQueue line = new LimiterQueue();

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
    ConnectionLimiter connectionLimiter = new ConnectionLimiter(perHost, inAll, contents);
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
              Priority priority = Priority.values()[random.nextInt(3)];
              // The same objects each time: small numbers are cached.
              Integer content = random.nextInt(8);
              Permit permit = connectionLimiter.acquire(host, priority, content);
              boolean small = priority == Priority.SMALL;
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
              permit.close();
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
    LimiterQueue.assertFree(connectionLimiter);
  }

  @Test
  void who_comes_late_waits_and_gets_in_when_a_place_is_closed() throws Exception {
    ConnectionLimiter connectionLimiter = new ConnectionLimiter(3, 3, MANY);
    List<Permit> permits = LimiterQueue.fill(connectionLimiter, "hub", Priority.READER, 3);
    line.queue(connectionLimiter, "hub", Priority.READER, "late");
    assertThat(connectionLimiter.inUse()).isEqualTo(3);
    assertThat(connectionLimiter.waiting()).isEqualTo(1);

    permits.removeFirst().close();

    permits.add(line.next().permit());
    assertThat(connectionLimiter.inUse()).isEqualTo(3);
    permits.forEach(Permit::close);
    LimiterQueue.assertFree(connectionLimiter);
  }

  @Test
  void who_waits_for_one_host_does_not_keep_those_behind_it_from_another() throws Exception {
    ConnectionLimiter connectionLimiter = new ConnectionLimiter(1, 3, MANY);
    Permit first = connectionLimiter.acquire("hub", Priority.READER, new Object());
    line.queue(connectionLimiter, "hub", Priority.SMALL, "late");

    connectionLimiter.acquire("cdn", Priority.BACKGROUND, new Object()).close();

    assertThat(connectionLimiter.waiting()).isEqualTo(1);
    first.close();
    line.next().permit().close();
    LimiterQueue.assertFree(connectionLimiter);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void small_ones_go_before_readers_and_those_before_the_rest_in_order_of_coming(long seed)
      throws Exception {
    Random random = new Random(seed);
    ConnectionLimiter connectionLimiter = new ConnectionLimiter(1, 1, MANY);
    Permit held = connectionLimiter.acquire("hub", Priority.READER, new Object());
    List<List<String>> expected = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    for (int i = 0; i < 30; i++) {
      Priority priority = Priority.values()[random.nextInt(3)];
      String name = priority + " " + i;
      line.queue(connectionLimiter, "hub", priority, name);
      expected
          .get(List.of(Priority.SMALL, Priority.READER, Priority.BACKGROUND).indexOf(priority))
          .add(name);
    }
    List<String> order = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      held.close();
      LimiterQueue.Entry entry = line.next();
      order.add(entry.name());
      held = entry.permit();
    }
    held.close();
    assertThat(order)
        .as("seed %d", seed)
        .isEqualTo(expected.stream().flatMap(List::stream).toList());
    LimiterQueue.assertFree(connectionLimiter);
  }

  /** What nobody waited for when it came into the line may be waited for since. */
  @Test
  void who_is_waited_for_from_now_on_moves_up() throws Exception {
    ConnectionLimiter connectionLimiter = new ConnectionLimiter(1, 1, MANY);
    Permit held = connectionLimiter.acquire("hub", Priority.READER, new Object());
    Object content = new Object();
    line.queue(connectionLimiter, "hub", Priority.BACKGROUND, "nobody's");
    line.queue(connectionLimiter, "hub", Priority.BACKGROUND, content, "joined");
    line.queue(connectionLimiter, "hub", Priority.READER, "reader");

    connectionLimiter.promote(content);

    held.close();
    assertThat(line.next().name()).isEqualTo("joined");
  }

  @Test
  void a_quarter_to_a_host_is_for_small_contents_only() throws Exception {
    ConnectionLimiter connectionLimiter = new ConnectionLimiter(8, 100, MANY);
    List<Permit> permits = LimiterQueue.fill(connectionLimiter, "hub", Priority.READER, 5);
    permits.addAll(LimiterQueue.fill(connectionLimiter, "hub", Priority.BACKGROUND, 1));
    line.queue(connectionLimiter, "hub", Priority.READER, "reader");
    line.queue(connectionLimiter, "hub", Priority.BACKGROUND, "background");

    permits.addAll(LimiterQueue.fill(connectionLimiter, "hub", Priority.SMALL, 2));

    line.queue(connectionLimiter, "hub", Priority.SMALL, "small");
    assertThat(connectionLimiter.inUse()).isEqualTo(8);
    assertThat(connectionLimiter.waiting()).isEqualTo(3);
    permits.removeFirst().close();
    assertThat(line.next().name()).isEqualTo("small");
    permits.removeFirst().close();
    permits.removeFirst().close();
    // A large one may be the sixth, and not the seventh.
    assertThat(connectionLimiter.inUse()).isEqualTo(6);
    assertThat(connectionLimiter.waiting()).isEqualTo(2);
    permits.removeFirst().close();
    assertThat(line.next().name()).isEqualTo("reader");
  }

  @Test
  void a_quarter_of_all_is_for_small_contents_only() throws Exception {
    ConnectionLimiter connectionLimiter = new ConnectionLimiter(8, 8, MANY);
    LimiterQueue.fill(connectionLimiter, "hub", Priority.READER, 3);
    LimiterQueue.fill(connectionLimiter, "cdn", Priority.READER, 3);
    line.queue(connectionLimiter, "other", Priority.READER, "reader");

    LimiterQueue.fill(connectionLimiter, "other", Priority.SMALL, 2);

    line.queue(connectionLimiter, "other", Priority.SMALL, "small");
    assertThat(connectionLimiter.waiting()).isEqualTo(2);
  }

  /** A quarter of three is none, and of one place a large content still gets it. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void of_few_places_none_is_set_aside(int few) throws Exception {
    ConnectionLimiter connectionLimiter = new ConnectionLimiter(few, few, MANY);
    List<Permit> permits = LimiterQueue.fill(connectionLimiter, "hub", Priority.BACKGROUND, few);
    line.queue(connectionLimiter, "hub", Priority.SMALL, "small");
    permits.removeFirst().close();
    permits.add(line.next().permit());
    permits.forEach(Permit::close);
    LimiterQueue.assertFree(connectionLimiter);
  }

  @Test
  void who_is_stopped_while_waiting_leaves_the_line() throws Exception {
    ConnectionLimiter connectionLimiter = new ConnectionLimiter(1, 1, MANY);
    Permit held = connectionLimiter.acquire("hub", Priority.READER, new Object());
    Future<?> stopped = line.queue(connectionLimiter, "hub", Priority.SMALL, "stopped");
    line.queue(connectionLimiter, "hub", Priority.BACKGROUND, "other");

    stopped.cancel(true);

    while (connectionLimiter.waiting() != 1) {
      Thread.onSpinWait();
    }
    held.close();
    assertThat(line.next().name()).isEqualTo("other");
    assertThat(connectionLimiter.inUse()).isEqualTo(1);
  }

  @Test
  void one_whose_wait_is_cancelled_leaves_the_queue_and_gets_nothing() throws Exception {
    ConnectionLimiter connectionLimiter = new ConnectionLimiter(1, 1, MANY);
    Permit held = connectionLimiter.acquire("hub", Priority.READER, new Object());
    ConnectionLimiter.Cancellation wait = connectionLimiter.cancellation();
    Future<Optional<Permit>> cancelled =
        line.threads.submit(
            () -> connectionLimiter.acquire("hub", Priority.READER, new Object(), wait));
    while (connectionLimiter.waiting() != 1) {
      Thread.onSpinWait();
    }
    wait.cancel();
    assertThat(cancelled.get(20, TimeUnit.SECONDS)).isEmpty();
    assertThat(connectionLimiter.waiting()).isZero();
    held.close();
    LimiterQueue.assertFree(connectionLimiter);
  }

  @Test
  void one_that_was_cancelled_before_does_not_wait_and_takes_a_permit_that_is_free()
      throws Exception {
    ConnectionLimiter connectionLimiter = new ConnectionLimiter(1, 1, MANY);
    ConnectionLimiter.Cancellation wait = connectionLimiter.cancellation();
    wait.cancel();
    Object content = new Object();
    Permit held = connectionLimiter.acquire("hub", Priority.READER, content, wait).orElseThrow();
    assertThat(connectionLimiter.acquire("hub", Priority.READER, content, wait)).isEmpty();
    held.close();
    LimiterQueue.assertFree(connectionLimiter);
  }

  /** It lacked its turn only, and nothing behind such a one is granted. */
  @Test
  void what_waited_behind_one_that_leaves_is_granted() throws Exception {
    ConnectionLimiter connectionLimiter = new ConnectionLimiter(4, 4, 1);
    Object content = new Object();
    List<Permit> permits = new ArrayList<>();
    permits.add(connectionLimiter.acquire("hub", Priority.READER, content));
    Future<?> first = line.queue(connectionLimiter, "hub", Priority.READER, "first");
    line.queue(connectionLimiter, "hub", Priority.READER, content, "second of the same");

    first.cancel(true);

    LimiterQueue.Entry entry = line.next();
    assertThat(entry.name()).isEqualTo("second of the same");
    permits.add(entry.permit());
    permits.forEach(Permit::close);
    LimiterQueue.assertFree(connectionLimiter);
  }

  @Test
  void who_is_stopped_already_does_not_wait() throws Exception {
    ConnectionLimiter connectionLimiter = new ConnectionLimiter(1, 1, MANY);
    Permit held = connectionLimiter.acquire("hub", Priority.READER, new Object());
    Future<?> stopped =
        line.threads.submit(() -> {
          Thread.currentThread().interrupt();
          assertThatThrownBy(() -> connectionLimiter.acquire("hub", Priority.SMALL, new Object()))
              .isInstanceOf(InterruptedException.class);
        });
    stopped.get(20, TimeUnit.SECONDS);
    assertThat(connectionLimiter.waiting()).isZero();
    held.close();
    LimiterQueue.assertFree(connectionLimiter);
  }

  /** An interrupt and an admission at the same time: the place is had, or the next one's. */
  @Tag("slow")
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void who_is_stopped_when_it_is_let_in_leaves_no_place_taken(long seed) throws Exception {
    Random random = new Random(seed);
    ConnectionLimiter connectionLimiter = new ConnectionLimiter(1, 1, MANY);
    for (int round = 0; round < 200; round++) {
      Permit held = connectionLimiter.acquire("hub", Priority.READER, new Object());
      CountDownLatch over = new CountDownLatch(1);
      AtomicInteger got = new AtomicInteger();
      Thread waiter =
          Thread.ofPlatform()
              .start(() -> {
                try (Permit _ = connectionLimiter.acquire("hub", Priority.READER, new Object())) {
                  got.incrementAndGet();
                } catch (InterruptedException e) {
                  got.set(-1);
                } finally {
                  over.countDown();
                }
              });
      while (connectionLimiter.waiting() == 0) {
        Thread.onSpinWait();
      }
      line.queue(connectionLimiter, "hub", Priority.BACKGROUND, "behind");
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
      line.next().permit().close();
      assertThat(got.get()).as("seed %d, round %d", seed, round).isIn(1, -1);
      assertThat(connectionLimiter.inUse()).as("seed %d, round %d", seed, round).isZero();
      assertThat(connectionLimiter.waiting()).as("seed %d, round %d", seed, round).isZero();
    }
  }

  private static void spin(int times) {
    for (int i = 0; i < times; i++) {
      Thread.onSpinWait();
    }
  }
}
