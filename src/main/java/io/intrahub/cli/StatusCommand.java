package io.intrahub.cli;

import io.intrahub.config.Config;
import io.intrahub.config.ConfigException;
import io.intrahub.config.ConfigLoader;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Shows the state of a running mirror. */
@Command(
    name = "status",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    description = {
      "Shows the state of a running mirror: whether the Hub answers, how full the store is, and"
          + " what is being fetched. It asks the operator's listener, whose address it takes from"
          + " the same options, file and environment as serve."
    })
final class StatusCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--admin-host",
      paramLabel = "ADDRESS",
      description = "Address of the operator's listener (default: 127.0.0.1).")
  private @Nullable String host;

  @Option(names = "--admin-port", paramLabel = "PORT", description = "Its port (default: 8091).")
  private @Nullable String port;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "The YAML file that the mirror was started with, if any.")
  private @Nullable Path config;

  @Option(names = "--json", description = "Prints the mirror's answer, as JSON.")
  private boolean json;

  @Override
  public Integer call() throws StartException, InterruptedException {
    URI address = address();
    try {
      byte[] answer = ask(address.resolve("/status"));
      JsonNode status = JsonMapper.shared().readTree(answer);
      if (!status.hasNonNull("uptimeSeconds")) {
        return strange(address);
      }
      PrintWriter out = spec.commandLine().getOut();
      if (json) {
        out.println(new String(answer, StandardCharsets.UTF_8));
      } else {
        StatusTable.lines(status).forEach(out::println);
      }
      out.flush();
      return 0;
    } catch (JacksonException e) {
      return strange(address);
    } catch (IOException e) {
      return unavailable(
          "No mirror answers at "
              + address
              + ". Start one with serve, or name its address with --admin-host and --admin-port.");
    }
  }

  private int strange(URI address) {
    return unavailable("The server at " + address + " is not the operator's listener of a mirror.");
  }

  private int unavailable(String why) {
    spec.commandLine().getErr().println("intrahub: " + why);
    return Main.EX_UNAVAILABLE;
  }

  private URI address() throws StartException {
    Map<String, List<String>> given = new TreeMap<>();
    if (host != null) {
      given.put("admin.host", List.of(host));
    }
    if (port != null) {
      given.put("admin.port", List.of(port));
    }
    Config.Admin admin;
    try {
      admin = ConfigLoader.load(Optional.ofNullable(config), System.getenv(), given).admin();
    } catch (ConfigException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    }
    return OperatorListener.address(admin);
  }

  private static byte[] ask(URI address) throws IOException, InterruptedException {
    try (HttpClient client = OperatorListener.client()) {
      return client
          .send(
              HttpRequest.newBuilder(address).timeout(OperatorListener.PATIENCE).build(),
              HttpResponse.BodyHandlers.ofByteArray())
          .body();
    }
  }
}
