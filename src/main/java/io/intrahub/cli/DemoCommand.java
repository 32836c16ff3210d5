package io.intrahub.cli;

import io.intrahub.devhub.DemoRepos;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Recorded;
import io.intrahub.http.RequestListener;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Starts a mirror in front of the made-up Hub and shows what goes on. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    description = {
      "Shows the mirror at work, with no internet: starts a made-up Hub and a mirror in front of"
          + " it, prints lines to type in another terminal, and shows each request as it happens."
    })
final class DemoCommand implements Callable<Integer> {
  private static final Logger log = LoggerFactory.getLogger(DemoCommand.class);

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
      defaultValue = "8090",
      description = "Port of the mirror (default: ${DEFAULT-VALUE}; 0 takes any free one).")
  private int port;

  @Option(
      names = "--data",
      paramLabel = "FOLDER",
      description = "Where the mirror keeps things (default: a temporary folder, gone at the end).")
  private @Nullable Path data;

  @Override
  public Integer call() throws StartException, InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    DevHub hub = DevHub.builder().clock(Clock.systemUTC()).strict(false).start();
    DemoRepos.install(hub);
    Path folder = data == null ? temporaryFolder() : data;
    AppSettings settings = AppSettingsFactory.demo(host, port, folder, hub.uri());
    App app;
    try {
      app = MirrorLifecycle.start(settings, r -> show(out, r));
    } catch (StartException e) {
      hub.close();
      deleteTemporary(folder);
      throw e;
    }
    introduce(out, app.uri());
    hub.onRequest(r -> show(out, r));
    MirrorLifecycle.untilStopped(app, hub, () -> deleteTemporary(folder));
    return 0;
  }

  private void introduce(PrintWriter out, URI mirror) {
    List<String> lines =
        List.of(
            "A mirror listens on "
                + mirror
                + ", in front of a made-up Hub. Nothing leaves this"
                + " machine.",
            "",
            "Type this in another terminal (with pip install huggingface_hub):",
            "",
            "    export HF_ENDPOINT=" + mirror,
            "    hf download demo/tiny-bert --local-dir /tmp/tiny-bert",
            "    hf download demo/tiny-bert --local-dir /tmp/tiny-bert-2    # the same again: all"
                + " hits",
            "    HF_TOKEN="
                + DemoRepos.ALICE
                + " hf download demo/private-model --local-dir /tmp/private",
            "",
            "or, with curl alone:",
            "",
            "    curl -i " + mirror + "/demo/tiny-bert/resolve/main/config.json",
            "    curl -o /tmp/weights.bin " + mirror + "/demo/big-model/resolve/main/weights.bin",
            "",
            "Repos: " + String.join(", ", DemoRepoList.NAMES),
            "Tokens: HF_TOKEN="
                + DemoRepos.ALICE
                + " may read the gated and the private one too, "
                + DemoRepos.BOB
                + " may not.",
            "",
            "Each request is shown below, and indented what was asked of the made-up Hub for it.",
            "hit: it was here (a HEAD asks for size and digest only, which come with the listing);",
            "miss: it had to be fetched; bypass: it is not for everybody and not kept; -: neither.",
            "Ctrl-C ends it.",
            "");
    lines.forEach(out::println);
    out.flush();
  }

  private static void show(PrintWriter out, RequestListener.Request request) {
    String cache = "-";
    if (request.cacheStatus().contains("hit")) {
      cache = "hit";
    } else if (request.cacheStatus().contains("fwd=miss")) {
      cache = "miss";
    } else if (request.cacheStatus().contains("fwd=bypass")) {
      cache = "bypass";
    }
    out.printf(
        "%-4s %d %-6s %s  %,d bytes, %d ms%n",
        request.method(),
        request.status(),
        cache,
        request.path(),
        request.bytes(),
        request.took().toMillis());
    out.flush();
  }

  private static void show(PrintWriter out, Recorded request) {
    out.printf(
        "            asked the made-up Hub: %s %d %s%n",
        request.method(), request.status(), request.path());
    out.flush();
  }

  private static Path temporaryFolder() throws StartException {
    try {
      return Files.createTempDirectory("intrahub-demo-");
    } catch (IOException e) {
      throw new StartException("No temporary folder can be made: " + e.getMessage(), e);
    }
  }

  private void deleteTemporary(Path folder) {
    if (data != null) {
      return;
    }
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException | UncheckedIOException e) {
      log.warn("The temporary folder {} could not be deleted: {}", folder, e.toString());
    }
  }
}
