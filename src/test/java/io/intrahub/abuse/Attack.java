package io.intrahub.abuse;

import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/**
 * One shape's attack: until when it lasts, from which addresses it comes, and what it met. Safe for
 * use by the many threads of the shape. The test ends it; nothing outlives {@link #end}.
 */
final class Attack {
  /** Clients of one shape, each with an address of its own. */
  private static final int CLIENTS = 4;

  /** Within which all clients of a crowd begin. */
  private static final long GATHER_NANOS = Duration.ofSeconds(1).toNanos();

  private static final Duration AFTER_FAILURE = Duration.ofMillis(100);

  private final URI mirror;
  private final int number;
  private final long seed;
  private final Set<RawConnection> open = ConcurrentHashMap.newKeySet();
  private final Map<String, Integer> met = new TreeMap<>();
  private final CountDownLatch over = new CountDownLatch(1);
  private final AtomicInteger turns = new AtomicInteger();

  /** One of many clients: what it does again and again. */
  interface Turn {
    void take(Random random) throws IOException, InterruptedException;
  }

  /**
   * An attack that has not begun.
   *
   * @param number which shape of how many it is, for addresses that no other has
   */
  Attack(URI mirror, int number, long seed) {
    this.mirror = mirror;
    this.number = number;
    this.seed = seed;
  }

  boolean isOver() {
    return over.getCount() == 0;
  }

  /** Waits for this time or until the attack is over; says whether it is. */
  boolean rest(Duration time) throws InterruptedException {
    return over.await(time.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** Waits until the attack is over. */
  void untilOver() throws InterruptedException {
    over.await();
  }

  /**
   * Lets many clients take turns until the attack is over, and waits for all of them.
   *
   * @param pause after each turn of each
   */
  void crowd(int clients, Duration pause, Turn turn) throws InterruptedException {
    List<Thread> threads =
        IntStream.range(0, clients)
            .mapToObj(i -> Thread.ofVirtual().start(() -> repeat(i, pause, turn)))
            .toList();
    for (Thread thread : threads) {
      thread.join();
    }
  }

  private void repeat(int client, Duration pause, Turn turn) {
    Random random = new Random(seed + client);
    try {
      rest(Duration.ofNanos(random.nextLong(GATHER_NANOS)));
      while (!isOver()) {
        try {
          turns.incrementAndGet();
          turn.take(random);
        } catch (ConnectException e) {
          meet("refused");
          rest(AFTER_FAILURE);
        } catch (SocketTimeoutException e) {
          meet("silence");
        } catch (IOException e) {
          if (!isOver()) {
            meet("broken off");
            rest(AFTER_FAILURE);
          }
        }
        rest(pause);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** A connection from one of the few addresses of this shape. */
  RawConnection connect() throws IOException {
    return connect(ThreadLocalRandom.current().nextInt(CLIENTS));
  }

  /**
   * A connection from the address of one client of this shape.
   *
   * @param client from 0 to 253
   */
  RawConnection connect(int client) throws IOException {
    return RawConnection.open(mirror, "127.1.%d.%d".formatted(number, client + 1), open);
  }

  /** Counts an answer by its status, or whatever else the mirror did. */
  void meet(String what) {
    synchronized (met) {
      met.merge(what, 1, Integer::sum);
    }
  }

  /** Ends the attack: all its connections are closed and no turn begins any more. */
  void end() {
    over.countDown();
    open.forEach(RawConnection::close);
  }

  /** How often the mirror answered what. */
  Map<String, Integer> met() {
    synchronized (met) {
      return new TreeMap<>(met);
    }
  }

  int turns() {
    return turns.get();
  }

  /** Connections that are open. */
  int connections() {
    return open.size();
  }
}
