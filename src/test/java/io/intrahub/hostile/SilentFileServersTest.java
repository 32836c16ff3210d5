package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.cli.AppSettings;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Route;
import io.intrahub.transfer.TransferSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The Hub answers, and its file servers take connections and say nothing. What is stored loads. A
 * file that is not has the head of its response when {@code transfer.open-timeout} is over, because
 * a file server that is slow must not fail a load, and the response breaks off when the mirror
 * gives up. The times are a tenth of the default ones.
 */
@Tag("slow")
class SilentFileServersTest {
  private static final Optional<String> NOBODY = Optional.empty();
  private static final String WEIGHTS = "model.safetensors";

  @Test
  void what_is_stored_loads_and_a_new_file_breaks_off(@TempDir Path data) {
    try (Rig rig = new Rig(data, SilentFileServersTest::faster)) {
      ClientLoads loads = new ClientLoads(rig);
      DevRepo stored = loads.model("acme/stored", 1);
      DevRepo fresh = loads.model("acme/new", 2);
      assertThat(loads.snapshot(stored, NOBODY).isWhole()).isTrue();
      rig.settle();
      rig.hub.faults().on(Route.CDN).hold();
      rig.clock.pass(Duration.ofMinutes(11));

      assertThat(loads.snapshot(stored, NOBODY).isWhole()).isTrue();
      assertThat(loads.files(stored, NOBODY).isWhole()).isTrue();
      String target = "/" + fresh.id() + "/resolve/main/" + WEIGHTS;
      Rig.Answer head = rig.send(rig.app().uri(), new Rig.Call("HEAD", target, "", ""), NOBODY);
      assertThat(head.status()).isEqualTo(200);
      assertThatThrownBy(() -> rig.get(target, NOBODY))
          .isInstanceOf(AssertionError.class)
          .hasMessageContaining("got no whole answer")
          .hasCauseInstanceOf(IOException.class);

      rig.hub.faults().clear();
      rig.settle();
      assertThat(loads.snapshot(fresh, NOBODY).isWhole()).isTrue();
    }
  }

  private static AppSettings faster(AppSettings s) {
    TransferSettings t = s.transfer();
    return s.withUpstream(
            s.upstream()
                .withNetwork(s.upstream().network().withFirstByteTimeout(Duration.ofSeconds(2))))
        .withTransfer(
            new TransferSettings(
                Duration.ofMillis(800),
                Duration.ofMillis(300),
                t.abandonAfter(),
                t.finishIfLeft(),
                t.tries(),
                t.retryPause(),
                t.connectionsPerBlob(),
                t.connectionsPerHost(),
                t.largeBlobsAtOnce(),
                t.bytesPerSecond(),
                t.passThroughStreams(),
                t.bufferBytes()));
  }
}
