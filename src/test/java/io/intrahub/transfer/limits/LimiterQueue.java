package io.intrahub.transfer.limits;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.transfer.limits.ConnectionLimiter.Permit;
import io.intrahub.transfer.limits.ConnectionLimiter.Priority;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Those who stand in line for a place, each on a thread of its own. */
final class LimiterQueue implements AutoCloseable {
  final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  /** Who got in, in that order. */
  final BlockingQueue<Entry> entered = new LinkedBlockingQueue<>();

  record Entry(String name, Permit permit) {}

  /** Stands in line; returns when it does. */
  Future<?> queue(
      ConnectionLimiter connectionLimiter, String host, Priority priority, String name) {
    return queue(connectionLimiter, host, priority, new Object(), name);
  }

  Future<?> queue(
      ConnectionLimiter connectionLimiter,
      String host,
      Priority priority,
      Object content,
      String name) {
    int before = connectionLimiter.waiting();
    Future<?> waiter =
        threads.submit(() -> {
          entered.add(new Entry(name, connectionLimiter.acquire(host, priority, content)));
          return null;
        });
    while (connectionLimiter.waiting() == before) {
      assertThat(waiter.isDone()).as("%s waits", name).isFalse();
      Thread.onSpinWait();
    }
    return waiter;
  }

  /** The next one that gets in. */
  Entry next() throws InterruptedException {
    Entry entry = entered.poll(20, TimeUnit.SECONDS);
    assertThat(entry).as("somebody gets in").isNotNull();
    return entry;
  }

  /** Takes places, for another content each. */
  static List<Permit> fill(
      ConnectionLimiter connectionLimiter, String host, Priority priority, int count)
      throws InterruptedException {
    List<Permit> places = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      places.add(connectionLimiter.acquire(host, priority, new Object()));
    }
    return places;
  }

  static void assertFree(ConnectionLimiter connectionLimiter) {
    assertThat(connectionLimiter.inUse()).isZero();
    assertThat(connectionLimiter.waiting()).isZero();
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
