package io.intrahub.cli;

import io.intrahub.access.AccessChecker;
import io.intrahub.audit.AuditSettings;
import io.intrahub.base.AddressRanges;
import io.intrahub.config.AccessOptions;
import io.intrahub.config.Config;
import io.intrahub.config.EndpointOptions;
import io.intrahub.config.UpstreamOptions;
import io.intrahub.http.ClientLimits;
import io.intrahub.http.HttpSettings;
import io.intrahub.mirror.MirrorSettings;
import io.intrahub.policy.Lifetime;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import io.intrahub.transfer.TransferSettings;
import io.intrahub.upstream.hub.EndpointSettings;
import io.intrahub.upstream.hub.UpstreamSettings;
import io.intrahub.upstream.net.NetworkSettings;
import io.intrahub.upstream.net.ProxySettings;
import io.intrahub.upstream.net.TlsSettings;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Builds the settings of each package from the configuration. */
public final class AppSettingsFactory {
  /** The default memory budget is the heap divided by this. */
  private static final int HEAP_PER_BUDGET = 8;

  private AppSettingsFactory() {}

  /**
   * Builds the settings for a configuration.
   *
   * @param environment the variables that may name proxies
   * @throws StartException if a file that the configuration names can't be used
   */
  static AppSettings of(Config config, Map<String, String> environment) throws StartException {
    UpstreamOptions upstream = config.upstream();
    try {
      return of(
          config,
          ProxyDiscovery.settings(upstream.proxy(), upstream.noProxy(), environment),
          TlsSettings.read(
              upstream.caFiles(),
              upstream.clientCertificate(),
              upstream.clientCertificatePasswordFile()));
    } catch (IOException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    }
  }

  private static AppSettings of(Config config, ProxySettings proxies, TlsSettings tls) {
    List<EndpointSettings> endpoints = endpoints(config.upstream().endpoints());
    return new AppSettings(
        new HttpSettings(
            config.server().host(), config.server().port(), config.server().bodyTimeout()),
        new HttpSettings(config.admin().host(), config.admin().port()),
        new ClientLimits(
            config.server().connections(),
            config.clients().connections(),
            config.clients().requests(),
            AddressRanges.of(config.server().trustedProxies())),
        config.admin().hosts(),
        config.store().path(),
        config.store().seeds(),
        config.store().view() == Config.Store.View.OPEN_REPOS,
        new DiskBudgetSettings(
            config.store().maxSize().bytes(),
            config.store().minFree().bytes(),
            config.store().highWatermark(),
            config.store().lowWatermark()),
        upstream(
            config,
            endpoints,
            DatasetViewerAddress.of(config.upstream().datasetViewer(), endpoints),
            proxies,
            tls),
        new AccessChecker.Settings(
            config.access().publicTtl(),
            config.access().publicTtlDuringOutage(),
            config.access().grantTtl(),
            config.access().grantRevalidate(),
            config.access().grantGrace(),
            config.access().removed() == AccessOptions.Removed.KEEP),
        SiteAccess.of(config.access(), receiveTokens(config.upstream().endpoints())),
        new MirrorSettings(
            Lifetime.of(
                config.freshness().revisionTtl(), config.freshness().staleWhileRevalidate()),
            config.freshness().aliasTtl(),
            config.freshness().refusedTtl(),
            config.freshness().gatedTtl(),
            config.waits().head(),
            config.waits().stale(),
            MirrorSettings.DEFAULT.sharedTimeout(),
            config.waits().api(),
            config.newCommits().quiet(),
            config.newCommits().atLatest(),
            config.newCommits().warmLimit().bytes(),
            config.listings().answerLimit(),
            config.listings().learnLimit(),
            config.clients().coldQuestions(),
            new MirrorSettings.Lists(
                config.freshness().listTtl(),
                config.access().publicTtlDuringOutage(),
                config.access().grantGrace())),
        new TransferSettings(
            config.transfer().openTimeout(),
            config.transfer().checkTimeout(),
            config.transfer().abandonAfter(),
            config.transfer().finishIfLeft().bytes(),
            config.transfer().tries(),
            config.transfer().retryPause(),
            config.transfer().connectionsPerFile(),
            config.transfer().connectionsPerHost(),
            config.transfer().filesAtOnce(),
            config.transfer().maxRate().bytes(),
            config.transfer().passthroughStreams(),
            config.memory().fetchBuffers().bytes()),
        config.memory().buffers().bytes(),
        budget(config.memory().budget().bytes()),
        config
            .audit()
            .file()
            .map(file ->
                new AuditSettings(file, config.audit().maxSize().bytes(), config.audit().keep())));
  }

  private static List<EndpointSettings> endpoints(List<EndpointOptions> all) {
    return all.stream()
        .map(e -> new EndpointSettings(e.address(), e.decidesIn(all), e.receivesTokens()))
        .toList();
  }

  private static boolean receiveTokens(List<EndpointOptions> all) {
    return all.stream().anyMatch(EndpointOptions::receivesTokens);
  }

  private static long budget(long configured) {
    return configured > 0 ? configured : Runtime.getRuntime().maxMemory() / HEAP_PER_BUDGET;
  }

  /** Builds the settings of the demo: all defaults, with a free port for the operator. */
  public static AppSettings demo(String host, int port, Path data, URI upstream) {
    Config defaults = Config.defaults();
    // The simulated Hub is on this machine, which no proxy can reach.
    ProxySettings proxies = ProxySettings.DIRECT;
    AppSettings settings = of(defaults, proxies, TlsSettings.JVM);
    return settings
        .withListeners(new HttpSettings(host, port), new HttpSettings("127.0.0.1", 0))
        .withData(data)
        .withUpstream(
            upstream(
                defaults,
                List.of(EndpointSettings.trusted(upstream)),
                Optional.of(EndpointSettings.trusted(upstream.resolve("/datasets-server"))),
                proxies,
                TlsSettings.JVM));
  }

  private static UpstreamSettings upstream(
      Config config,
      List<EndpointSettings> endpoints,
      Optional<EndpointSettings> viewer,
      ProxySettings proxies,
      TlsSettings tls) {
    return new UpstreamSettings(
        endpoints,
        viewer,
        config.upstream().silenceTimeout(),
        config.upstream().answerTimeout(),
        config.upstream().retryPause(),
        config.mode() == Config.Mode.OFFLINE,
        new NetworkSettings(
            config.upstream().connectTimeout(),
            config.upstream().firstByteTimeout(),
            config.upstream().stallTimeout(),
            "intrahub/" + Main.Version.number(),
            proxies,
            tls));
  }
}
