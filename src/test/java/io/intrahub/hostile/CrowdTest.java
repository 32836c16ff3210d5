package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import io.intrahub.mirror.MirrorStatus;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Many clients wait for one upstream that is silent. None of them holds a pooled buffer meanwhile:
 * such a crowd would hold them all, and whoever is served from the disk would get smaller ones.
 */
class CrowdTest {
  /** More clients than there are buffers in the pool. */
  private static final int CROWD = 24;

  @TempDir Path data;

  @Test
  void who_waits_for_upstream_keeps_nobody_from_what_is_on_disk() throws Exception {
    try (Rig rig = new Rig(data, Rig::withFewBuffers);
        ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      DevFile big = DevFile.lfsGenerated(3, 4 << 20);
      rig.hub
          .repo("model", "acme/open")
          .commit("Add it", Map.of("here.txt", DevFile.text("here"), "big.bin", big));
      rig.get("/acme/open/resolve/main/here.txt", Optional.empty());
      Stall stall = rig.hub.faults().on(Route.CDN).stallAfter(100_000);
      List<CompletableFuture<Rig.Answer>> crowd = new ArrayList<>();
      for (int i = 0; i < CROWD; i++) {
        // Half of them read along, half are ahead of the transfer.
        String range = i % 2 == 0 ? "" : "bytes=3000000-";
        Rig.Call call = new Rig.Call("GET", "/acme/open/resolve/main/big.bin", range, "");
        crowd.add(
            CompletableFuture.supplyAsync(
                () -> rig.send(rig.app().uri(), call, Optional.empty()), clients));
      }
      try {
        stall.awaitReached(1);
        await("all of them read along")
            .until(() ->
                rig.app().status().loads().stream().mapToInt(MirrorStatus.Load::readers).sum()
                    == CROWD);
        await("none waits with a buffer").until(() -> rig.app().clientBuffersLent() == 0);

        CompletableFuture<Rig.Answer> hit =
            CompletableFuture.supplyAsync(
                () -> rig.get("/acme/open/resolve/main/here.txt", Optional.empty()), clients);
        assertThat(hit.get(10, TimeUnit.SECONDS).text()).isEqualTo("here");
        // The answer to the hit may hold its buffer for a moment longer than its client.
        await("the crowd holds no buffer").until(() -> rig.app().clientBuffersLent() == 0);
        assertThat(crowd).noneMatch(CompletableFuture::isDone);
      } finally {
        // Else the crowd would wait, and this test for the crowd.
        stall.release();
      }
      for (CompletableFuture<Rig.Answer> each : crowd) {
        Rig.Answer answer = each.get(20, TimeUnit.SECONDS);
        assertThat(answer.status()).isIn(200, 206);
        assertThat(answer.body()).hasSizeGreaterThan(1_000_000);
      }
    }
  }
}
