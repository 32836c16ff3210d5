package io.intrahub.transfer.limits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class PassThroughPermitsTest {
  private static final Duration LONG = Duration.ofSeconds(20);

  private final PassThroughPermits permits = new PassThroughPermits(8);

  private List<PassThroughPermits.Permit> takeAll(String client) throws InterruptedException {
    List<PassThroughPermits.Permit> taken = new ArrayList<>();
    Optional<PassThroughPermits.Permit> permit = permits.acquire(client, Duration.ZERO);
    while (permit.isPresent()) {
      taken.add(permit.get());
      permit = permits.acquire(client, Duration.ZERO);
    }
    return taken;
  }

  @Test
  void one_client_leaves_a_quarter_to_the_others() throws Exception {
    assertThat(takeAll("a")).hasSize(6);
    assertThat(takeAll("b")).hasSize(2);
    assertThat(takeAll("c")).isEmpty();
  }

  @Test
  void who_waits_gets_the_permit_that_another_gives_back() throws Exception {
    List<PassThroughPermits.Permit> taken = takeAll("a");
    takeAll("b");
    CompletableFuture<Optional<PassThroughPermits.Permit>> next =
        CompletableFuture.supplyAsync(() -> {
          try {
            return permits.acquire("c", LONG);
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
        });
    await().during(Duration.ofMillis(100)).until(() -> !next.isDone());
    taken.getFirst().close();
    assertThat(next.get()).isPresent();
    assertThat(takeAll("a")).isEmpty();
  }

  @Test
  void who_is_stopped_while_waiting_takes_nothing() throws Exception {
    List<PassThroughPermits.Permit> taken = takeAll("a");
    takeAll("b");
    CompletableFuture<Boolean> stopped = new CompletableFuture<>();
    Thread waiting =
        Thread.ofVirtual()
            .start(() -> {
              try {
                permits.acquire("c", LONG);
                stopped.complete(false);
              } catch (InterruptedException e) {
                stopped.complete(true);
              }
            });
    waiting.interrupt();
    assertThat(stopped.get()).isTrue();
    taken.getFirst().close();
    assertThat(takeAll("d")).hasSize(1);
  }
}
