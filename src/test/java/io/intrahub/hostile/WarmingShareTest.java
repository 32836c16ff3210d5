package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Route;
import io.intrahub.transfer.TransferSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Files of a new commit that are fetched ahead leave most of {@code transfer.max-rate} to others,
 * and without one most of the line while clients download.
 */
@Tag("slow")
class WarmingShareTest {
  private static final Optional<String> NOBODY = Optional.empty();
  private static final String INFO = "/api/models/acme/x/revision/main";
  private static final int SIZE = 3_000_000;
  private static final long RATE = 8_000_000;

  private static TransferSettings limited(TransferSettings s) {
    return new TransferSettings(
        s.openTimeout(),
        s.checkTimeout(),
        s.abandonAfter(),
        s.finishIfLeft(),
        s.tries(),
        s.retryPause(),
        s.connectionsPerBlob(),
        s.connectionsPerHost(),
        s.largeBlobsAtOnce(),
        RATE,
        s.passThroughStreams(),
        s.bufferBytes());
  }

  @Test
  void fetching_ahead_takes_a_quarter_of_the_rate(@TempDir Path data) {
    try (Rig rig = new Rig(data, s -> s.withTransfer(limited(s.transfer())))) {
      DevRepo repo = rig.hub.repo("model", "acme/x");
      repo.commit("first", "model.bin", DevFile.lfsGenerated(1, SIZE));
      assertThat(rig.get(INFO, NOBODY).status()).isEqualTo(200);
      assertThat(rig.get("/acme/x/resolve/main/model.bin", NOBODY).status()).isEqualTo(200);
      rig.settle();
      repo.commit("second", "model.bin", DevFile.lfsGenerated(2, SIZE));
      rig.clock.pass(Duration.ofSeconds(61));
      long before = System.nanoTime();
      assertThat(rig.get(INFO, NOBODY).status()).isEqualTo(200);
      rig.settle();

      assertThat(rig.app().meters().warmedFileCount()).isEqualTo(1);
      // At the whole rate it takes a quarter of that.
      Duration atLeast = Duration.ofMillis(SIZE * 1000L / (RATE / 4)).minusMillis(300);
      assertThat(Duration.ofNanos(System.nanoTime() - before)).isGreaterThan(atLeast);
    }
  }

  /**
   * One line for all. In equal parts, as much would have been fetched ahead as the client got when
   * it has all of its file; with a quarter it is a third of that, and more at the beginning,
   * because the first bytes fill the buffers of the connections.
   */
  @Test
  void without_a_rate_fetching_ahead_gives_way_to_a_client(@TempDir Path data) throws Exception {
    DevFile wanted = DevFile.lfsGenerated(3, 45_000_000);
    try (Rig rig = new Rig(data)) {
      DevRepo repo = rig.hub.repo("model", "acme/x");
      repo.commit("first", "model.bin", DevFile.lfsGenerated(1, SIZE));
      rig.hub.repo("model", "acme/y").commit("only", "model.bin", wanted);
      assertThat(rig.get(INFO, NOBODY).status()).isEqualTo(200);
      assertThat(rig.get("/acme/x/resolve/main/model.bin", NOBODY).status()).isEqualTo(200);
      rig.settle();
      DevFile ahead = DevFile.lfsGenerated(2, 90_000_000);
      repo.commit("second", "model.bin", ahead);
      rig.hub.faults().on(Route.CDN).always().throttleTogether(6_000_000);
      CompletableFuture<Rig.Answer> client =
          CompletableFuture.supplyAsync(() -> rig.get("/acme/y/resolve/main/model.bin", NOBODY));
      // Recorded by the client's thread: later, the other file has all of the line.
      CompletableFuture<Long> fetchedAhead =
          client.thenApply(_ ->
              rig.app().status().loads().stream()
                  .filter(load -> load.size() == ahead.size())
                  .mapToLong(load -> load.available())
                  .sum());
      await()
          .atMost(Duration.ofSeconds(30))
          .until(() -> rig.hub.counters().requestsFor(Route.CDN, wanted.sha256()) > 0);
      rig.clock.pass(Duration.ofSeconds(61));
      assertThat(rig.get(INFO, NOBODY).status()).isEqualTo(200);

      assertThat(client.get(30, TimeUnit.SECONDS).body()).hasSize(45_000_000);
      assertThat(fetchedAhead.get(30, TimeUnit.SECONDS)).isBetween(1L, 45_000_000L * 2 / 3);
      rig.hub.faults().clear();
      rig.settle();
      assertThat(rig.app().meters().warmedFileCount()).isEqualTo(1);
    }
  }
}
