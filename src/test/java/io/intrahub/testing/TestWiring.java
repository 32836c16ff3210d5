package io.intrahub.testing;

import io.intrahub.cli.AppSettings;
import io.intrahub.cli.AppSettingsFactory;
import io.intrahub.cli.Wiring;
import io.intrahub.metrics.Meters;
import io.intrahub.store.TestRepos;
import io.intrahub.upstream.hub.EndpointSettings;
import io.intrahub.upstream.hub.HubUpstream;
import io.intrahub.upstream.hub.UpstreamSettings;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;

/** The wiring of the product for tests that need a part of it, with the defaults of the product. */
public final class TestWiring {
  /** For tests whose bytes do not come from upstream. */
  public static final UpstreamSettings OFFLINE =
      UpstreamSettings.to(List.of(EndpointSettings.trusted(URI.create("http://127.0.0.1:9"))))
          .withOffline(true);

  private TestWiring() {}

  /** Returns the defaults with this upstream. */
  public static AppSettings settings(UpstreamSettings upstream) {
    Path nowhere = Path.of("unused");
    return AppSettingsFactory.demo(
            "127.0.0.1", 0, nowhere, upstream.endpoints().getFirst().address())
        .withUpstream(upstream);
  }

  /** Returns a wiring with meters that nobody looks at and a budget that is never used up. */
  public static Wiring of(AppSettings settings, Wiring.Environment environment) {
    return new Wiring(
        settings, environment, TestRepos.budget(), new Meters(new SimpleMeterRegistry()));
  }

  /** Returns the access to upstream alone. The caller closes it. */
  public static HubUpstream upstream(
      UpstreamSettings upstream, Clock clock, ScheduledExecutorService timer) {
    Wiring.Environment environment = Wiring.Environment.of(clock, Runnable::run, timer);
    return of(settings(upstream), environment).upstream();
  }
}
