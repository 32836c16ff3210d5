package io.intrahub.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The flags of {@code serve}. Options without a flag come from the environment or the file. */
final class ServeOptions {
  @Option(
      names = "--host",
      paramLabel = "ADDRESS",
      description = "Address to listen on for clients (default: 0.0.0.0, all addresses).")
  @Nullable String host;

  @Option(
      names = "--port",
      paramLabel = "PORT",
      description = "Port to listen on for clients (default: 8090; 0 selects a free port).")
  @Nullable String port;

  @Option(
      names = "--admin-host",
      paramLabel = "ADDRESS",
      description =
          "Address to listen on for the operator (default: 127.0.0.1, this machine only). Everybody"
              + " who can reach it can do what the operator can.")
  @Nullable String adminHost;

  @Option(
      names = "--admin-port",
      paramLabel = "PORT",
      description =
          "Port to listen on for the operator: /status, /health and /metrics (default: 8091).")
  @Nullable String adminPort;

  @Option(
      names = "--data",
      paramLabel = "FOLDER",
      description = "Folder of the store (default: data/ in the current folder).")
  @Nullable Path data;

  @Option(
      names = "--upstream",
      paramLabel = "URL",
      description = {
        "Endpoint to fetch from (default: https://huggingface.co). Repeat it, or separate several by"
            + " commas, in order of preference: a call goes to the next when one fails. Tokens are"
            + " sent to https://huggingface.co and to URL#send-tokens only; those endpoints decide"
            + " who may read what."
      })
  List<String> upstreams = new ArrayList<>();

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description =
          "YAML file with further options; see config/intrahub.yaml. Flags override environment"
              + " variables such as INTRAHUB_SERVER_PORT, and those override the file.")
  @Nullable Path config;

  @Option(
      names = "--revision-ttl",
      paramLabel = "TIME",
      description =
          "How long the commit of a branch or tag is considered current, such as 10s or 5m (default:"
              + " 60s). After that the mirror asks again in the background.")
  @Nullable String revisionTtl;

  @Option(
      names = "--offline",
      description = "Never ask upstream: serve what is stored, refuse the rest at once.")
  boolean offline;

  /** Returns the options that were given, by their names in the configuration. */
  Map<String, List<String>> given() {
    Map<String, List<String>> given = new TreeMap<>();
    put(given, "server.host", host);
    put(given, "server.port", port);
    put(given, "admin.host", adminHost);
    put(given, "admin.port", adminPort);
    put(given, "store.path", data);
    put(given, "freshness.revision-ttl", revisionTtl);
    if (!upstreams.isEmpty()) {
      given.put("upstream.endpoints", List.copyOf(upstreams));
    }
    if (offline) {
      given.put("mode", List.of("offline"));
    }
    return given;
  }

  private static void put(Map<String, List<String>> given, String key, @Nullable Object value) {
    if (value != null) {
      given.put(key, List.of(value.toString()));
    }
  }
}
