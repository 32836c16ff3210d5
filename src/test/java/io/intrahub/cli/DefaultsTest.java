package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.AccessChecker;
import io.intrahub.config.Config;
import io.intrahub.mirror.MirrorSettings;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import io.intrahub.transfer.TransferSettings;
import io.intrahub.upstream.hub.EndpointSettings;
import io.intrahub.upstream.hub.UpstreamSettings;
import io.intrahub.upstream.net.NetworkSettings;
import java.net.URI;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The packages' own defaults, which their tests use, are those that the operator is told. */
class DefaultsTest {
  private AppSettings settings;

  @BeforeEach
  void read() throws StartException {
    settings = AppSettingsFactory.of(Config.defaults(), Map.of());
  }

  @Test
  void of_the_mirror() {
    assertThat(settings.mirror()).isEqualTo(MirrorSettings.DEFAULT);
  }

  @Test
  void of_transfers() {
    assertThat(settings.transfer()).isEqualTo(TransferSettings.DEFAULT);
  }

  @Test
  void of_the_store() {
    assertThat(settings.store()).isEqualTo(DiskBudgetSettings.DEFAULT);
  }

  @Test
  void of_upstream() {
    UpstreamSettings defaults =
        UpstreamSettings.to(settings.upstream().endpoints())
            .withViewer(
                EndpointSettings.trusted(URI.create("https://datasets-server.huggingface.co")));
    NetworkSettings network = settings.upstream().network();

    assertThat(settings.upstream()).isEqualTo(defaults.withNetwork(network));
    assertThat(network.connectTimeout()).isEqualTo(defaults.network().connectTimeout());
    assertThat(network.firstByteTimeout()).isEqualTo(defaults.network().firstByteTimeout());
    assertThat(network.stallTimeout()).isEqualTo(defaults.network().stallTimeout());
    assertThat(network.tls()).isEqualTo(defaults.network().tls());
  }

  @Test
  void of_verdicts() {
    assertThat(settings.access()).isEqualTo(AccessChecker.Settings.DEFAULT);
  }
}
