package io.intrahub.transfers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import io.intrahub.testing.MirrorUnderTest;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Upstream changes in the middle of a transfer, and its reader notices nothing. */
@Timeout(120)
class TransferGoesOnTest {
  private static final String PATH = "/acme/big/resolve/main/big.bin";
  private static final long SIZE = 24_000_000;
  private static final long HALF = 9_000_000;

  /** What may be fetched again: one run. */
  private static final long RUN = 16 << 20;

  @TempDir private Path data;

  private final DevFile file = DevFile.lfsGenerated(1, SIZE);
  private MirrorUnderTest mirror;
  private DevHub hub;

  @BeforeEach
  void start() {
    mirror = new MirrorUnderTest(data);
    hub = mirror.hub();
    hub.repo("model", "acme/big").commit("Add", Map.of("big.bin", file));
  }

  @AfterEach
  void stop() {
    hub.faults().clear();
    mirror.close();
  }

  private Download open(String range) throws Exception {
    return Download.of(mirror.uri(), PATH, file, range);
  }

  private long sent() {
    // The Hub notices late that nobody reads on from a connection.
    await().until(() -> hub.log().stream().allMatch(Recorded::done));
    return hub.counters().bytes(Route.CDN);
  }

  /** One reader of all; at this byte its connection stops, something happens, and it goes on. */
  private void read(Runnable upset) throws Exception {
    Stall stall = hub.faults().on(Route.CDN).times(1).stallAt(HALF);
    try (Download reader = open("")) {
      reader.read(1_000_000);
      stall.awaitReached(1);
      upset.run();
      stall.release();
      assertThat(reader.rest()).isEqualTo(Download.End.WHOLE);
    }
    mirror.awaitIdle();
    assertThat(sent()).isBetween(SIZE, SIZE + RUN);
    long before = sent();
    try (Download again = open("")) {
      assertThat(again.rest()).isEqualTo(Download.End.WHOLE);
    }
    assertThat(sent()).as("it is stored").isEqualTo(before);
  }

  private int asked(int status) {
    return (int)
        hub.log().stream().filter(r -> r.route() == Route.CDN && r.status() == status).count();
  }

  @Test
  void over_a_restart_of_upstream() throws Exception {
    read(hub::restart);
  }

  @Tag("slow")
  @Test
  void over_a_signature_that_expires() throws Exception {
    var _ = hub.faults().on(Route.CDN).times(1).resetAt(HALF + 500_000);
    read(hub::expireSignatures);
    assertThat(asked(403)).as("an address that had expired was tried").isPositive();
  }

  @Test
  void over_a_cdn_that_moves_to_another_host() throws Exception {
    var _ = hub.faults().on(Route.CDN).times(1).resetAt(HALF + 500_000);
    read(hub::moveCdn);
    assertThat(asked(403)).as("an address of before was tried").isPositive();
  }

  @Test
  @Tag("slow")
  void without_ranges_a_part_near_the_end_costs_one_way_to_it() throws Exception {
    var _ = hub.faults().on(Route.CDN).ignoreRange();
    try (Download part = open("bytes=%d-%d".formatted(SIZE - 100_000, SIZE - 90_001))) {
      assertThat(part.status()).isEqualTo(206);
      assertThat(part.rest()).isEqualTo(Download.End.WHOLE);
    }
    mirror.awaitIdle();
    assertThat(sent()).isLessThanOrEqualTo(SIZE + RUN);
  }
}
