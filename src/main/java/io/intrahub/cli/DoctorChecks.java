package io.intrahub.cli;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.OperatingSystemMXBean;
import com.sun.management.UnixOperatingSystemMXBean;
import io.intrahub.access.AccessToken;
import io.intrahub.access.local.AccessMode;
import io.intrahub.cli.command.RunningMirror;
import io.intrahub.cli.doctor.Check;
import io.intrahub.cli.doctor.ClockCheck;
import io.intrahub.cli.doctor.ConnectionCheck;
import io.intrahub.cli.doctor.DataFolderCheck;
import io.intrahub.cli.doctor.DiskSpaceCheck;
import io.intrahub.cli.doctor.DiskSpeedCheck;
import io.intrahub.cli.doctor.DnsCheck;
import io.intrahub.cli.doctor.EndpointProbe;
import io.intrahub.cli.doctor.FileServerCheck;
import io.intrahub.cli.doctor.FileSystemCheck;
import io.intrahub.cli.doctor.LatencyCheck;
import io.intrahub.cli.doctor.LoadCheck;
import io.intrahub.cli.doctor.MemoryCheck;
import io.intrahub.cli.doctor.OfflineNote;
import io.intrahub.cli.doctor.OpenFilesCheck;
import io.intrahub.cli.doctor.PortsCheck;
import io.intrahub.cli.doctor.ProxyCheck;
import io.intrahub.cli.doctor.RateBudgetCheck;
import io.intrahub.cli.doctor.SiteToken;
import io.intrahub.cli.doctor.TokenCheck;
import io.intrahub.cli.doctor.TrialMirror;
import io.intrahub.http.HttpSettings;
import io.intrahub.hub.RepoId;
import io.intrahub.upstream.hub.EndpointSettings;
import io.intrahub.upstream.net.HttpProbe;
import io.intrahub.upstream.net.NetworkSettings;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Makes the checks of {@code doctor} from the configuration, in their order. */
final class DoctorChecks {
  private final AppSettings settings;
  private final int connections;
  private final String proxySource;
  private final Clock clock;
  private final RepoId repo;
  private final boolean hasRules;
  private final Duration patience;

  /**
   * Prepares it.
   *
   * @param connections {@code server.connections}
   * @param proxySource the option or variable that the proxy comes from
   * @param repo a small public one
   * @param hasRules whether {@code access.rules} is set
   * @param patience how long an answer of upstream may take
   */
  DoctorChecks(
      AppSettings settings,
      int connections,
      String proxySource,
      Clock clock,
      RepoId repo,
      boolean hasRules,
      Duration patience) {
    this.settings = settings;
    this.connections = connections;
    this.proxySource = proxySource;
    this.clock = clock;
    this.repo = repo;
    this.hasRules = hasRules;
    this.patience = patience;
  }

  /**
   * Returns all checks.
   *
   * @param http used by them, closed by the caller
   * @param running the mirror that runs with this configuration, if one answers
   * @param operator where it was looked for
   */
  List<Check> all(HttpProbe http, Optional<RunningMirror> running, URI operator) {
    List<Check> checks = new ArrayList<>(machine(running, operator));
    if (running.isEmpty()) {
      checks.add(ports());
    }
    if (settings.upstream().offline()) {
      checks.add(new OfflineNote());
    } else {
      checks.addAll(upstream(http));
      checks.add(load(http, running, operator));
    }
    return checks;
  }

  private List<Check> machine(Optional<RunningMirror> running, URI operator) {
    return List.of(
        new DataFolderCheck(
            settings.data(),
            running.map(one -> one.status().path("store").path("id").asString("")),
            operator),
        new FileSystemCheck(settings.data()),
        new DiskSpaceCheck(settings.data(), settings.store()),
        new DiskSpeedCheck(settings.data()),
        new MemoryCheck(memory()),
        new OpenFilesCheck(openFiles(), connections));
  }

  private Check ports() {
    HttpSettings clients = settings.http();
    HttpSettings operator = settings.admin();
    return new PortsCheck(
        settings.data(),
        List.of(
            new PortsCheck.Listener(clients.host(), clients.port(), "--port"),
            new PortsCheck.Listener(operator.host(), operator.port(), "--admin-port")));
  }

  private List<Check> upstream(HttpProbe http) {
    NetworkSettings network = settings.upstream().network();
    List<EndpointSettings> endpoints = settings.upstream().endpoints();
    List<Check> checks = new ArrayList<>();
    endpoints.stream()
        .map(EndpointSettings::address)
        .map(address -> new DnsCheck(address, network.proxies()))
        .filter(check -> checks.stream().noneMatch(other -> other.name().equals(check.name())))
        .forEach(checks::add);
    checks.add(new ProxyCheck(endpoints, network.proxies(), proxySource, network.connectTimeout()));
    endpoints.forEach(one -> checks.add(new ConnectionCheck(probe(http, one), repo)));
    EndpointProbe main = main(http);
    SiteToken token = token();
    checks.add(new ClockCheck(main, repo, clock));
    checks.add(new LatencyCheck(main, repo));
    checks.add(
        new TokenCheck(
            endpoints.stream()
                .filter(EndpointSettings::receivesTokens)
                .findFirst()
                .map(one -> probe(http, one))
                .orElse(main),
            token));
    checks.add(new RateBudgetCheck(main, repo, token));
    checks.add(new FileServerCheck(main, repo, network.proxies()));
    return checks;
  }

  private EndpointProbe probe(HttpProbe http, EndpointSettings endpoint) {
    return new EndpointProbe(http, endpoint, patience);
  }

  /** The endpoint that says what is so: there is at least one. */
  private EndpointProbe main(HttpProbe http) {
    return settings.upstream().endpoints().stream()
        .filter(EndpointSettings::authoritative)
        .findFirst()
        .map(one -> probe(http, one))
        .orElseThrow();
  }

  private Check load(HttpProbe http, Optional<RunningMirror> running, URI operator) {
    TrialMirror mirror =
        running
            .<TrialMirror>map(one ->
                new RunningTrialMirror(
                    settings.http().host(), one.status().path("clientsPort").asInt(0), operator))
            .orElseGet(() -> new TemporaryMirror(settings, clock));
    List<String> needs = new ArrayList<>();
    needs.add(ConnectionCheck.nameFor(main(http)));
    if (running.isEmpty()) {
      needs.add(DataFolderCheck.NAME);
    }
    // A mirror that doctor starts has none.
    return new LoadCheck(mirror, repo, hasRules && running.isPresent(), needs);
  }

  private SiteToken token() {
    SiteAccess site = settings.site();
    boolean sent =
        settings.upstream().endpoints().stream().anyMatch(EndpointSettings::receivesTokens);
    if (site.mode() != AccessMode.SERVICE || !sent) {
      return new SiteToken.NotUsed(TokenRoutes.describe(settings));
    }
    if (site.serviceTokenFile().isPresent()) {
      try {
        return ServiceToken.read(site.serviceTokenFile().get(), clock)
            .get()
            .<SiteToken>map(token -> new SiteToken.Present(token, "access.service-token-file"))
            .orElseGet(() -> new SiteToken.Missing("access.service-token-file has no token"));
      } catch (StartException e) {
        return new SiteToken.Missing(String.valueOf(e.getMessage()));
      }
    }
    Optional<AccessToken> token = site.serviceToken();
    return token.isPresent()
        ? new SiteToken.Present(token.get(), "access.service-token")
        : new SiteToken.NotUsed("without one, only public repos are served");
  }

  private MemoryCheck.Memory memory() {
    long heap = Runtime.getRuntime().maxMemory();
    long direct =
        Long.parseLong(
            ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
                .getVMOption("MaxDirectMemorySize")
                .getValue());
    return new MemoryCheck.Memory(
        // The limit of a container if there is one: the JVM reads cgroups of both versions.
        ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize(),
        heap,
        direct == 0 ? heap : direct,
        settings.bufferBytes() + settings.transfer().bufferBytes(),
        settings.budgetBytes());
  }

  private static long openFiles() {
    return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class)
            instanceof UnixOperatingSystemMXBean unix
        ? unix.getMaxFileDescriptorCount()
        : Long.MAX_VALUE;
  }
}
