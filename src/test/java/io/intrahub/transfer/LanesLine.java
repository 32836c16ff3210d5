package io.intrahub.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.transfer.Lanes.Place;
import io.intrahub.transfer.Lanes.Urgency;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Those who stand in line for a place, each on a thread of its own. */
final class LanesLine implements AutoCloseable {
  final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  /** Who got in, in that order. */
  final BlockingQueue<Entry> entered = new LinkedBlockingQueue<>();

  record Entry(String name, Place place) {}

  /** Stands in line; returns when it does. */
  Future<?> queue(Lanes lanes, String host, Urgency urgency, String name) {
    return queue(lanes, host, urgency, new Object(), name);
  }

  Future<?> queue(Lanes lanes, String host, Urgency urgency, Object content, String name) {
    int before = lanes.waiting();
    Future<?> waiter =
        threads.submit(() -> {
          entered.add(new Entry(name, lanes.enter(host, urgency, content)));
          return null;
        });
    while (lanes.waiting() == before) {
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
  static List<Place> fill(Lanes lanes, String host, Urgency urgency, int count)
      throws InterruptedException {
    List<Place> places = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      places.add(lanes.enter(host, urgency, new Object()));
    }
    return places;
  }

  static void assertFree(Lanes lanes) {
    assertThat(lanes.taken()).isZero();
    assertThat(lanes.waiting()).isZero();
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
