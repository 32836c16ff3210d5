package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.Route;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file server breaks off and then answers 503: how often a whole mirror asks it. */
class FailingContentTest {
  private static final String FILE = "/acme/open/resolve/main/m.bin";

  /** Connections in a row that may bring next to nothing, and what they try again together. */
  private static final long MOST = 5 + 8;

  @TempDir private Path data;
  private Rig rig;

  @BeforeEach
  void start() throws Exception {
    rig = new Rig(data);
    rig.hub
        .repo("model", "acme/open")
        .commit("Add it", "m.bin", DevFile.lfsGenerated(1, 3_000_000));
    rig.hub.faults().on(Route.CDN).times(1).truncate(1_000_000);
    rig.hub.faults().on(Route.CDN).skip(1).status(503);
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  @Test
  void a_transfer_that_had_bytes_asks_thirteen_times_and_then_its_client_is_told() {
    assertClientIsTold();

    assertThat(rig.hub.counters().requests(Route.CDN)).isEqualTo(1 + MOST);
  }

  @Test
  void the_next_client_begins_anew_with_the_same_worst_case() {
    assertClientIsTold();
    rig.hub.counters().reset();

    assertClientIsTold();

    assertThat(rig.hub.counters().requests(Route.CDN)).isBetween(1L, MOST);
  }

  /** An answer whose bytes are on their way breaks off; one that has not begun is an error. */
  private void assertClientIsTold() {
    Rig.Answer answer;
    try {
      answer = rig.get(FILE, Optional.empty());
    } catch (AssertionError brokenOff) {
      assertThat(brokenOff).hasMessageContaining("got no whole answer");
      return;
    }
    assertThat(answer.status()).isIn(502, 503, 504);
  }
}
