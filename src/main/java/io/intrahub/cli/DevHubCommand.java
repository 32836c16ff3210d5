package io.intrahub.cli;

import io.intrahub.config.DataSize;
import io.intrahub.devhub.DemoRepos;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Route;
import java.io.PrintWriter;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Starts the simulated Hub without a mirror. */
@Command(
    name = "dev-hub",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    description = {
      "Starts a simulated Hub, to try a mirror or develop clients.",
      "",
      "It has a few repos of every kind and answers as the real Hub does, with redirects to a content"
          + " host with signed addresses, tokens, gated and private repos, and errors."
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
      description = "Port of the Hub (default: ${DEFAULT-VALUE}; 0 selects a free port).")
  private int port;

  @Option(
      names = "--cdn-port",
      paramLabel = "PORT",
      defaultValue = "8093",
      description = "Port of the content host (default: ${DEFAULT-VALUE}; 0 selects a free port).")
  private int cdnPort;

  @Option(
      names = "--bandwidth",
      paramLabel = "SIZE",
      description =
          "Limits each download to this many bytes per second, as a slow connection does: 10MB.")
  private Optional<String> bandwidth = Optional.empty();

  @Option(
      names = "--total-bandwidth",
      paramLabel = "SIZE",
      description = "Limits all downloads together to this many bytes per second: 100MB.")
  private Optional<String> totalBandwidth = Optional.empty();

  @Option(
      names = "--file",
      paramLabel = "SIZE",
      description =
          "Adds a file of this size to the repo demo/large: 1GB. Repeat it for more files, named"
              + " file-0.bin, file-1.bin and so on.")
  private List<String> files = List.of();

  @Option(
      names = "--small-files",
      paramLabel = "N",
      description =
          "Adds the repo demo/small with this many files of 1 KiB, named small-0.txt,"
              + " small-1.txt and so on.")
  private int smallFiles;

  @Override
  public Integer call() throws StartException, InterruptedException {
    Optional<Long> each = bytes("--bandwidth", bandwidth);
    Optional<Long> all = bytes("--total-bandwidth", totalBandwidth);
    Map<String, DevFile> large = new LinkedHashMap<>();
    for (String size : files) {
      long length = bytes("--file", Optional.of(size)).orElseThrow();
      large.put("file-" + large.size() + ".bin", DevFile.lfsGenerated(large.size(), length));
    }
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
          "The simulated Hub can't listen on "
              + host
              + ":"
              + port
              + " and :"
              + cdnPort
              + " ("
              + RootCause.root(e)
              + "). Choose other ports with --port and --cdn-port.",
          e);
    }
    DemoRepos.install(hub);
    if (!large.isEmpty()) {
      hub.repo("model", "demo/large").commit("main", "Large files", large);
    }
    if (smallFiles > 0) {
      Map<String, DevFile> small = new LinkedHashMap<>();
      for (int i = 0; i < smallFiles; i++) {
        String line = "line of file " + i + "\n";
        small.put("small-" + i + ".txt", DevFile.text(line.repeat(128).substring(0, 1024)));
      }
      hub.repo("model", "demo/small").commit("main", "Small files", small);
    }
    each.ifPresent(rate -> hub.faults().on(Route.CDN).throttle(rate));
    all.ifPresent(rate -> hub.faults().on(Route.CDN).throttleTogether(rate));
    PrintWriter out = spec.commandLine().getOut();
    out.println(
        "A simulated Hub listens on " + hub.uri() + ", its content host on " + hub.cdnUri());
    out.println("Its repos: " + String.join(", ", DemoRepoList.NAMES));
    out.println(
        "Tokens: "
            + DemoRepos.ALICE
            + " may read every repo, "
            + DemoRepos.BOB
            + " public repos only.");
    out.println("Each request is shown below. Press Ctrl-C to stop.");
    out.flush();
    hub.onRequest(r -> {
      out.println(r.method() + " " + r.status() + " " + r.target());
      out.flush();
    });
    MirrorLifecycle.untilStopped(hub);
    return 0;
  }

  private Optional<Long> bytes(String option, Optional<String> text) {
    if (text.isEmpty()) {
      return Optional.empty();
    }
    long bytes = DataSize.parse(text.get()).map(DataSize::bytes).orElse(0L);
    if (bytes == 0) {
      throw new ParameterException(
          spec.commandLine(),
          option
              + ": \""
              + text.get()
              + "\" is not a size; write a size such as 10MB, 1GiB or 500000");
    }
    return Optional.of(bytes);
  }
}
