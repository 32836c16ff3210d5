package io.intrahub.mirror;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Four permits, of which a client gets two. */
@Timeout(30)
class ListingPermitsTest {
  private final ListingPermits permits = new ListingPermits(4);
  private final List<String> granted = new CopyOnWriteArrayList<>();

  private Thread acquire(String client) {
    return acquire("listing of " + client, client);
  }

  private Thread acquire(String listing, String client) {
    Thread thread =
        Thread.ofVirtual()
            .start(() -> {
              try {
                granted.add(permits.acquire(listing, client));
              } catch (InterruptedException e) {
                granted.add("interrupted " + client);
              }
            });
    await().until(() -> !thread.isAlive() || thread.getState() == Thread.State.WAITING);
    return thread;
  }

  @Tag("slow")
  @Test
  void a_client_that_wants_all_permits_leaves_half_of_them_to_the_others() {
    for (int i = 0; i < 8; i++) {
      acquire("greedy");
    }
    assertThat(granted).containsExactly("greedy", "greedy");
    acquire("honest");
    acquire("other");
    assertThat(granted).containsExactly("greedy", "greedy", "honest", "other");
  }

  @Test
  void who_waits_is_granted_a_permit_in_turn_when_one_is_released() {
    List.of("a", "a", "b", "b").forEach(this::acquire);
    List.of("c", "d").forEach(this::acquire);
    permits.release("a");
    await().until(() -> granted.size() == 5);
    permits.release("b");
    await().until(() -> granted.size() == 6);
    assertThat(granted).containsExactly("a", "a", "b", "b", "c", "d");
  }

  @Test
  void a_client_at_its_limit_goes_on_when_it_releases_one() {
    List.of("a", "a", "a").forEach(this::acquire);
    assertThat(granted).hasSize(2);
    permits.release("a");
    await().until(() -> granted.size() == 3);
  }

  @Test
  void an_interrupted_wait_holds_no_permit() {
    Thread third = null;
    for (int i = 0; i < 3; i++) {
      third = acquire("a");
    }
    third.interrupt();
    await().until(() -> granted.contains("interrupted a"));
    permits.release("a");
    permits.release("a");
    List.of("a", "a", "b", "b").forEach(this::acquire);
    await().until(() -> granted.size() == 7);
  }

  @Test
  void a_client_in_a_hurry_gets_the_listing_that_it_waits_for_begun_beside_the_others() {
    List.of("a", "a", "b", "b").forEach(this::acquire);
    acquire("new", "a");
    assertThat(permits.hurry("new", "a")).as("at its limit").isFalse();
    assertThat(permits.hurry("new", "c")).isTrue();
    await().until(() -> granted.size() == 5);
    assertThat(granted).last().isEqualTo("c");
    assertThat(permits.hurry("new", "d")).as("begun already").isTrue();
    // It has to be given back before the next one is granted in its turn.
    acquire("next", "d");
    permits.release("c");
    assertThat(granted).hasSize(5);
    permits.release("a");
    await().until(() -> granted.size() == 6);
  }

  @Test
  void clients_in_a_hurry_have_a_limit_too() {
    for (int i = 0; i < 18; i++) {
      acquire("listing " + i, "client " + i);
    }
    assertThat(granted).hasSize(4);
    for (int i = 4; i < 16; i++) {
      assertThat(permits.hurry("listing " + i, "client " + i)).isTrue();
    }
    assertThat(permits.hurry("listing 16", "client 16")).isFalse();
    await().until(() -> granted.size() == 16);
  }

  @Test
  void many_clients_never_hold_more_than_there_are() throws Exception {
    AtomicInteger held = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      String client = "client " + i % 3;
      threads.add(
          Thread.ofVirtual()
              .start(() -> {
                try {
                  permits.acquire(client, client);
                  most.accumulateAndGet(held.incrementAndGet(), Math::max);
                  Thread.yield();
                  held.decrementAndGet();
                  permits.release(client);
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(most.get()).isBetween(1, 4);
    List.of("a", "a", "b", "b").forEach(this::acquire);
    await().until(() -> granted.size() == 4);
  }
}
