package io.intrahub.cli;

import io.intrahub.base.LocalHostName;
import io.intrahub.config.Config;
import io.intrahub.config.ConfigException;
import io.intrahub.config.ConfigLoader;
import io.intrahub.http.RequestListener;
import java.io.PrintWriter;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Starts the mirror. */
@Command(
    name = "serve",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    description = {
      "Mirrors the Hub: what one client loads is served to the next.",
      "",
      "The mirror stores what it fetches, and serves it from disk. Clients set HF_ENDPOINT to its"
          + " address and change no code."
    },
    footerHeading = "%nFor example:%n",
    footer = {
      "  intrahub serve --data /srv/intrahub",
      "  HF_ENDPOINT=http://this-machine:8090 hf download gpt2"
    })
final class ServeCommand implements Callable<Integer> {
  private static final Logger log = LoggerFactory.getLogger(ServeCommand.class);

  @Spec private CommandSpec spec = CommandSpec.create();

  @Mixin private ServeOptions options = new ServeOptions();

  @Override
  public Integer call() throws StartException, InterruptedException {
    Config config;
    try {
      config =
          ConfigLoader.load(Optional.ofNullable(options.config), System.getenv(), options.given());
    } catch (ConfigException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    }
    AppSettings settings = AppSettingsFactory.of(config, System.getenv());
    App app = MirrorLifecycle.start(settings, ServeCommand::log);
    greet(spec.commandLine().getOut(), settings, app.uri().getPort(), app.adminUri().getPort());
    MirrorLifecycle.untilStopped(app);
    return 0;
  }

  /**
   * Tells the operator what is served to whom.
   *
   * @param clients port of the clients' listener
   * @param operator port of the operator's listener
   */
  static void greet(PrintWriter out, AppSettings settings, int clients, int operator) {
    out.println(
        "intrahub "
            + Main.Version.number()
            + " serves "
            + String.join(
                ", ",
                settings.upstream().endpoints().stream().map(e -> e.address().toString()).toList())
            + " from "
            + settings.data().toAbsolutePath().normalize());
    out.println(
        "Clients:  HF_ENDPOINT=http://" + clientHost(settings.http().host()) + ":" + clients);
    out.println("Tokens:   " + TokenRoutes.describe(settings));
    ProxyDiscovery.describe(settings.upstream().network().proxies()).ifPresent(out::println);
    out.println(
        "Operator: http://"
            + clientHost(settings.admin().host())
            + ":"
            + operator
            + "/status, /metrics, /health");
    out.flush();
  }

  /** Logs one line per request, with the error message that the client got. */
  private static void log(RequestListener.Request r) {
    log.info(
        "{} {} {} {} [{}] {} bytes {} ms {}{}",
        r.client(),
        r.method(),
        r.path(),
        r.status(),
        r.cacheStatus().isEmpty() ? "-" : r.cacheStatus(),
        r.bytes(),
        r.took().toMillis(),
        r.requestId(),
        r.error().isEmpty() ? "" : ": " + r.error());
  }

  /** Returns a name that other machines can use; for them, 0.0.0.0 means themselves. */
  private static String clientHost(String host) {
    return host.equals("0.0.0.0") ? LocalHostName.find().orElse("127.0.0.1") : host;
  }
}
