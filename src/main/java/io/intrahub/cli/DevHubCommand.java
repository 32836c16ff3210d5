package io.intrahub.cli;

import io.intrahub.devhub.DemoRepos;
import io.intrahub.devhub.DevHub;
import java.io.PrintWriter;
import java.time.Clock;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Starts the made-up Hub by itself. */
@Command(
    name = "dev-hub",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    description = {
      "Starts a small made-up Hub, for trying things out and for developing clients.",
      "It has a few repos of every kind and answers as the real Hub does: redirects to a content"
          + " host with signed addresses, tokens, gated and private repos, errors."
    })
final class DevHubCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--host",
      paramLabel = "ADDRESS",
      defaultValue = "127.0.0.1",
      description = "Address to listen on (default: ${DEFAULT-VALUE}).")
  private String host = "127.0.0.1";

  @Option(
      names = "--port",
      paramLabel = "PORT",
      defaultValue = "8092",
      description = "Port of the Hub (default: ${DEFAULT-VALUE}; 0 takes any free one).")
  private int port;

  @Option(
      names = "--cdn-port",
      paramLabel = "PORT",
      defaultValue = "8093",
      description = "Port of the content host (default: ${DEFAULT-VALUE}; 0 takes any free one).")
  private int cdnPort;

  @Override
  public Integer call() throws StartException, InterruptedException {
    DevHub hub;
    try {
      hub =
          DevHub.builder()
              .clock(Clock.systemUTC())
              .host(host)
              .port(port)
              .cdnPort(cdnPort)
              .strict(false)
              .start();
    } catch (RuntimeException e) {
      throw new StartException(
          "The made-up Hub can't listen on "
              + host
              + ":"
              + port
              + " and :"
              + cdnPort
              + " ("
              + Causes.root(e)
              + "). Choose others with --port and --cdn-port.",
          e);
    }
    DemoRepos.install(hub);
    PrintWriter out = spec.commandLine().getOut();
    out.println("A made-up Hub listens on " + hub.uri() + ", its content host on " + hub.cdnUri());
    out.println("Its repos: " + String.join(", ", Repos.NAMES));
    out.println(
        "Tokens: "
            + DemoRepos.ALICE
            + " may read everything, "
            + DemoRepos.BOB
            + " what is public.");
    out.println("Each request is shown below. Ctrl-C ends it.");
    out.flush();
    hub.onRequest(r -> {
      out.println(r.method() + " " + r.status() + " " + r.target());
      out.flush();
    });
    Running.untilStopped(hub);
    return 0;
  }
}
