package io.intrahub.hostile;

import static io.intrahub.hostile.PackedRig.BIG;
import static io.intrahub.hostile.PackedRig.BIG_FILE;
import static io.intrahub.hostile.PackedRig.FILE;
import static io.intrahub.hostile.PackedRig.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import io.intrahub.faults.MirrorProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The packed product, and clients that leave while they wait. */
@Timeout(120)
class PackedDeparturesIT {
  private static final String CLIENT = "127.0.0.3";

  @TempDir private Path tmp;
  private PackedRig rig;

  @BeforeEach
  void start() throws Exception {
    rig = new PackedRig(tmp);
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  private static RawClient client(MirrorProcess mirror) throws IOException {
    return new RawClient(mirror.uri().getPort(), CLIENT);
  }

  private static String headOf(MirrorProcess mirror, String target) throws IOException {
    try (RawClient client = client(mirror)) {
      return client.get(target).head();
    }
  }

  private int readers(MirrorProcess mirror) {
    int readers = 0;
    for (JsonNode load : rig.status(mirror).get("transfers")) {
      readers += load.get("readers").asInt();
    }
    return readers;
  }

  /** Its place among the readers, and the files that were open for it. */
  @Test
  void a_client_that_leaves_while_it_waits_for_bytes_gives_up_its_place() throws Exception {
    Map<String, String> endsAtOnce =
        Map.of(
            "INTRAHUB_TRANSFER_ABANDON_AFTER", "0s",
            "INTRAHUB_TRANSFER_FINISH_IF_LEFT", "0");
    try (MirrorProcess mirror = rig.mirror(endsAtOnce)) {
      assertThat(rig.get(mirror, FILE).statusCode()).isEqualTo(200);
      mirror.awaitIdle();
      long before = openInStore(mirror);
      Stall stall = rig.hub.faults().on(Route.CDN).stallAfter(100_000);
      try (RawClient leaves = client(mirror)) {
        assertThat(leaves.get(BIG_FILE).head()).startsWith("HTTP/1.1 200 ");
        stall.awaitReached(1);
        assertThat(readers(mirror)).isEqualTo(1);
        eventually(() -> assertThat(openInStore(mirror)).isGreaterThan(before));
        leaves.reset();
        await().until(() -> readers(mirror) == 0);
        eventually(
            () -> assertThat(openInStore(mirror)).as("open files").isLessThanOrEqualTo(before));
      } finally {
        stall.release();
      }
    }
  }

  /** How many files of the store's folder the process has open. For Linux. */
  private long openInStore(MirrorProcess mirror) throws IOException {
    Path store = rig.data().toRealPath();
    long open = 0;
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/" + mirror.pid() + "/fd"))) {
      for (Path descriptor : descriptors.toList()) {
        try {
          open += Files.readSymbolicLink(descriptor).startsWith(store) ? 1 : 0;
        } catch (NoSuchFileException e) {
          // Closed meanwhile.
          continue;
        }
      }
    }
    return open;
  }

  /** The one request that it may have is another's then. */
  @Test
  void a_client_that_leaves_while_the_hub_is_asked_gives_up_its_place() throws Exception {
    DevFile other = DevFile.text("other");
    rig.hub.repo("model", "acme/other").commit("Add it", "a.txt", other);
    // Nothing but its departure ends its request while the test waits.
    Map<String, String> patient =
        Map.of(
            "INTRAHUB_CLIENTS_REQUESTS", "1",
            "INTRAHUB_WAITS_HEAD", "60s",
            "INTRAHUB_WAITS_API", "60s",
            "INTRAHUB_UPSTREAM_FIRST_BYTE_TIMEOUT", "60s",
            "INTRAHUB_UPSTREAM_SILENCE_TIMEOUT", "60s");
    try (MirrorProcess mirror = rig.mirror(patient)) {
      // As another client: this one's request would count until a moment after its answer.
      assertThat(rig.get(mirror, FILE).statusCode()).isEqualTo(200);
      Stall stall = rig.hub.faults().everywhere().path("acme/other").hold();
      try (RawClient leaves = client(mirror)) {
        leaves.get("/acme/other/resolve/main/a.txt");
        stall.awaitReached(1);
        assertThat(headOf(mirror, FILE)).startsWith("HTTP/1.1 429 ");
        leaves.close();
        eventually(() -> assertThat(headOf(mirror, FILE)).startsWith("HTTP/1.1 200 "));
        assertThat(stall.reached()).as("it still holds").isPositive();
      } finally {
        stall.release();
      }
    }
  }

  @Test
  void a_client_that_leaves_while_it_waits_for_a_connection_gives_up_its_turn() throws Exception {
    DevFile second = DevFile.lfsGenerated(21, 6 << 20);
    DevFile third = DevFile.lfsGenerated(22, 7 << 20);
    rig.hub
        .repo("model", "acme/more")
        .commit("Add them", Map.of("second.bin", second, "third.bin", third));
    Map<String, String> oneConnection =
        Map.of(
            "INTRAHUB_TRANSFER_FILES_AT_ONCE", "1",
            "INTRAHUB_TRANSFER_CONNECTIONS_PER_HOST", "1",
            "INTRAHUB_TRANSFER_ABANDON_AFTER", "0s",
            "INTRAHUB_TRANSFER_FINISH_IF_LEFT", "0",
            "INTRAHUB_TRANSFER_OPEN_TIMEOUT", "50ms");
    try (MirrorProcess mirror = rig.mirror(oneConnection)) {
      Stall stall = rig.hub.faults().on(Route.CDN).path(pathOf(BIG)).stallAfter(100_000);
      try (RawClient first = client(mirror);
          RawClient leaves = client(mirror);
          RawClient stays = client(mirror)) {
        assertThat(first.get(BIG_FILE).head()).startsWith("HTTP/1.1 200 ");
        stall.awaitReached(1);
        leaves.get("/acme/more/resolve/main/second.bin");
        await().until(() -> waiting(mirror) == 1);
        stays.get("/acme/more/resolve/main/third.bin");
        await().until(() -> waiting(mirror) == 2);

        leaves.reset();
        await("it waits no more").until(() -> waiting(mirror) == 1);
        stall.release();
        assertThat(stays.head()).startsWith("HTTP/1.1 200 ");
        assertThat(stays.body((int) third.size())).hasSize((int) third.size());
        assertThat(rig.hub.counters().bytesFor(Route.CDN, pathOf(second)))
            .as("nothing was fetched for the one that left")
            .isZero();
      } finally {
        stall.release();
      }
    }
  }

  private static String pathOf(DevFile file) {
    return "/" + file.sha256();
  }

  private long waiting(MirrorProcess mirror) {
    return rig.metric(mirror, "intrahub_connections_waiting");
  }
}
