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

/** Starts a mirror in front of the simulated Hub and shows each request. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    description = {
      "Shows a mirror at work, without internet access.",
      "",
      "It starts a simulated Hub and a mirror in front of it, prints commands for another terminal,"
          + " and shows each request."
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
      description = "Port of the mirror (default: ${DEFAULT-VALUE}; 0 selects a free port).")
  private int port;

  @Option(
      names = "--data",
      paramLabel = "FOLDER",
      description =
          "Folder of the mirror's store (default: a temporary folder, deleted at the end).")
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
    introduction(
            // Set by ./intrahub, which need not be on the path.
            System.getProperty("intrahub.command", "intrahub"),
            app.uri(),
            "--data " + folder.toAbsolutePath(),
            "--admin-port " + app.adminUri().getPort())
        .forEach(out::println);
    out.flush();
    hub.onRequest(r -> show(out, r));
    MirrorLifecycle.untilStopped(app, hub, () -> deleteTemporary(folder));
    return 0;
  }

  /**
   * Says what to try.
   *
   * @param command as which this program was started
   * @param data the option by which other commands find the store
   * @param operator the option by which they find its mirror
   */
  static List<String> introduction(String command, URI mirror, String data, String operator) {
    String intrahub = "    " + command + " ";
    String store = data + " " + operator;
    return List.of(
        "A mirror listens on "
            + mirror
            + ", in front of a simulated Hub. Nothing leaves this"
            + " machine.",
        "",
        "Run this in another terminal (after pip install huggingface_hub):",
        "",
        "    export HF_ENDPOINT=" + mirror,
        "    hf download demo/tiny-bert --local-dir /tmp/tiny-bert",
        "    hf download demo/tiny-bert --local-dir /tmp/tiny-bert-2    # the same again: all"
            + " hits",
        "    HF_TOKEN="
            + DemoRepos.ALICE
            + " hf download demo/private-model --local-dir /tmp/private",
        "",
        "or, with curl only:",
        "",
        "    curl -i " + mirror + "/demo/tiny-bert/resolve/main/config.json",
        "    curl -o /tmp/weights.bin " + mirror + "/demo/big-model/resolve/main/weights.bin",
        "",
        "What the mirror does, and what it has stored:",
        "",
        intrahub + "status " + operator,
        intrahub + "ls " + store,
        "",
        "To carry models to a machine without a network, one of them from a client's cache:",
        "",
        "    HF_HUB_CACHE=/tmp/laptop hf download demo/tiny-bert",
        intrahub + "import " + store + " --hf-cache /tmp/laptop",
        intrahub + "pull " + store + " demo/tiny-bert demo/big-model",
        intrahub + "export " + store + " --hf-cache /tmp/stick demo/tiny-bert demo/big-model",
        "    HF_HUB_CACHE=/tmp/stick HF_HUB_OFFLINE=1 hf download demo/big-model",
        "",
        "Repos: " + String.join(", ", DemoRepoList.NAMES),
        "Tokens: HF_TOKEN="
            + DemoRepos.ALICE
            + " may also read the gated and the private repo, "
            + DemoRepos.BOB
            + " may not.",
        "",
        "Each request is shown below; indented lines are requests to the simulated Hub for it.",
        "hit: no byte of the file came from the Hub, which may have been asked for commit and list",
        "     (a HEAD needs only size and digest, known from the list)",
        "miss: fetched from the Hub; bypass: passed on and not stored; -: none of these",
        "Press Ctrl-C to stop.",
        "");
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
    out.println(
        "%-4s %d %-6s %s  %,d bytes, %d ms"
            .formatted(
                request.method(),
                request.status(),
                cache,
                request.path(),
                request.bytes(),
                request.took().toMillis()));
    out.flush();
  }

  private static void show(PrintWriter out, Recorded request) {
    out.println(
        "            asked the simulated Hub: %s %d %s"
            .formatted(request.method(), request.status(), request.path()));
    out.flush();
  }

  private static Path temporaryFolder() throws StartException {
    try {
      return Files.createTempDirectory("intrahub-demo-");
    } catch (IOException e) {
      throw new StartException("No temporary folder can be created: " + e.getMessage(), e);
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
