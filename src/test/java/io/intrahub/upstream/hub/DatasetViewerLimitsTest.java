package io.intrahub.upstream.hub;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.Caller;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Route;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The dataset viewer's limits are its own. */
class DatasetViewerLimitsTest {
  /**
   * Notes, while a call waits for the end of a limit, what each server's other clients are told.
   */
  private static final class WatchedTime extends MovedTime {
    private final List<Optional<UpstreamFailure>> hubs = new ArrayList<>();
    private final List<Optional<UpstreamFailure>> viewers = new ArrayList<>();
    private Optional<HubUpstream> upstream = Optional.empty();

    @Override
    public void sleep(long nanos) {
      hubs.add(upstream.orElseThrow().limit());
      viewers.add(upstream.orElseThrow().viewer().orElseThrow().limit());
      super.sleep(nanos);
    }
  }

  @Test
  void a_limit_of_the_viewer_is_not_told_as_one_of_the_hub() {
    WatchedTime time = new WatchedTime();
    try (DevHub hub = DevHub.builder().start();
        UpstreamRig rig =
            UpstreamRig.withViewer(time, hub.uri(), URI.create(hub.uri() + "/datasets-server"))) {
      time.upstream = Optional.of(rig.upstream());
      hub.faults().on(Route.VIEWER).status(429, Map.of("Retry-After", "5"), "");

      assertThat(
              rig.upstream()
                  .viewer()
                  .orElseThrow()
                  .call(ApiRequest.get("/parquet?dataset=acme/x"), Caller.ANONYMOUS))
          .isInstanceOf(UpstreamResult.Failed.class);

      assertThat(time.viewers).hasSize(RetryPolicy.TRIES - 1).allMatch(Optional::isPresent);
      assertThat(time.hubs).hasSameSizeAs(time.viewers).allMatch(Optional::isEmpty);
    }
  }
}
