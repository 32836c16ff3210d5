package io.intrahub.mirror;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.base.MemoryBudget;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Four permits, of which a client gets two, and twelve more for those in a hurry. */
@Timeout(30)
class ListingPermitsTest {
  private final ListingPermits permits = new ListingPermits(4, 12);
  private final List<String> granted = new CopyOnWriteArrayList<>();

  private Thread acquire(String client) {
    return acquire("listing of " + client, client);
  }

  private Thread acquire(String listing, String client) {
    Thread thread =
        Thread.ofVirtual()
            .start(() -> {
              try {
                granted.add(permits.acquire(listing, client).client());
              } catch (InterruptedException e) {
                granted.add("interrupted " + client);
              }
            });
    await().until(() -> !thread.isAlive() || thread.getState() == Thread.State.WAITING);
    return thread;
  }

  /** Returns a permit that was granted in turn. */
  private void release(String client) {
    permits.release(new ListingPermits.Permit(client, false));
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
    release("a");
    await().until(() -> granted.size() == 5);
    release("b");
    await().until(() -> granted.size() == 6);
    assertThat(granted).containsExactly("a", "a", "b", "b", "c", "d");
  }

  @Test
  void a_client_at_its_limit_goes_on_when_it_releases_one() {
    List.of("a", "a", "a").forEach(this::acquire);
    assertThat(granted).hasSize(2);
    release("a");
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
    release("a");
    release("a");
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
    permits.release(new ListingPermits.Permit("c", true));
    assertThat(granted).hasSize(5);
    release("a");
    await().until(() -> granted.size() == 6);
  }

  /** As the listing of a branch's new commit, which no client waits for. */
  @Test
  void a_listing_that_nobody_hurries_gets_its_turn_while_others_are_in_a_hurry() {
    List.of("a", "a", "b", "b").forEach(this::acquire);
    acquire("new commit", "background");
    for (int i = 0; i < 12; i++) {
      acquire("cold " + i, "client " + i);
      assertThat(permits.hurry("cold " + i, "client " + i)).isTrue();
    }
    await().until(() -> granted.size() == 16);
    release("a");
    await().until(() -> granted.contains("background"));
  }

  @Test
  void a_client_that_is_always_in_a_hurry_gets_its_turn_too() {
    List.of("b", "b", "c", "c").forEach(this::acquire);
    for (String cold : List.of("cold 1", "cold 2")) {
      acquire(cold, "a");
      assertThat(permits.hurry(cold, "a")).isTrue();
    }
    acquire("new commit", "a");
    assertThat(permits.hurry("new commit", "a")).as("at its limit").isFalse();
    release("b");
    await().until(() -> granted.size() == 7);
    assertThat(granted).last().isEqualTo("a");
  }

  @Test
  void the_listings_of_clients_in_a_hurry_leave_half_of_the_memory() {
    ListingPermits few = ListingPermits.of(new MemoryBudget(16 << 20, Duration.ofMillis(10)));
    AtomicInteger learned = new AtomicInteger();
    for (int i = 0; i < 20; i++) {
      String name = "listing " + i;
      Thread thread =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  few.acquire(name, name);
                  learned.incrementAndGet();
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              });
      await().until(() -> !thread.isAlive() || thread.getState() == Thread.State.WAITING);
      few.hurry(name, name);
    }
    await().until(() -> learned.get() == 5);
    assertThat(few.hurry("listing 19", "listing 19")).isFalse();
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
                  ListingPermits.Permit permit = permits.acquire(client, client);
                  most.accumulateAndGet(held.incrementAndGet(), Math::max);
                  Thread.yield();
                  held.decrementAndGet();
                  permits.release(permit);
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
