package io.intrahub.devhub;

import java.util.List;

/**
 * The dataset viewer ({@code datasets-server.huggingface.co}), which asks the Hub who may read a
 * dataset. Its answers name the commit that they are about and have links to the Hub; its errors
 * have codes of its own. It knows the CSV, JSON Lines and Parquet files of a dataset.
 */
final class ViewerRoutes {
  private static final List<String> DATA = List.of(".csv", ".jsonl", ".parquet");

  private final Gate gate;
  private final Settings settings;

  ViewerRoutes(Gate gate, Settings settings) {
    this.gate = gate;
    this.settings = settings;
  }

  Reply answer(Incoming in, Target target) {
    List<String> named = DevText.query(in.query()).getOrDefault("dataset", List.of());
    if (named.size() != 1) {
      return error(422, "MissingRequiredParameter", "Parameter 'dataset' is required");
    }
    Target dataset = target.ofDataset(named.getFirst());
    DevRepo repo;
    try {
      repo = gate.read(in, dataset);
    } catch (Refusal refusal) {
      return in.token().isEmpty()
          ? error(
              401,
              "ExternalUnauthenticatedError",
              "The dataset does not exist, or is not accessible without authentication.")
          : error(
              404,
              "ExternalAuthenticatedError",
              "The dataset does not exist, or is not accessible with the current credentials.");
    }
    Commit commit = Gate.commit(repo, dataset);
    List<String> files =
        commit.files().keySet().stream()
            .filter(path -> DATA.stream().anyMatch(path::endsWith))
            .toList();
    if (files.isEmpty()) {
      return error(500, "ResponseNotReady", "The server is busier than usual.");
    }
    return Reply.json(200, body(target.verb(), repo, files, in)).header("X-Revision", commit.sha());
  }

  private byte[] body(String question, DevRepo repo, List<String> files, Incoming in) {
    return Json.write(g -> {
      g.writeStartObject();
      g.writeStringProperty("question", question);
      g.writeStringProperty("for", in.token().map(Hashes::sha256).orElse("everybody"));
      g.writeArrayPropertyStart("parquet_files");
      for (String file : files) {
        g.writeStartObject();
        g.writeStringProperty("dataset", repo.id());
        g.writeStringProperty("config", "default");
        g.writeStringProperty("split", "train");
        g.writeStringProperty(
            "url", "%s/datasets/%s/resolve/main/%s".formatted(settings.hub, repo.id(), file));
        g.writeStringProperty("filename", DevText.lastSegment(file));
        g.writeEndObject();
      }
      g.writeEndArray();
      g.writeBooleanProperty("partial", false);
      g.writeName("pending");
      g.writeRawValue("[]");
      g.writeName("failed");
      g.writeRawValue("[]");
      g.writeEndObject();
    });
  }

  private static Reply error(int status, String code, String message) {
    return Reply.json(status, Json.error(message)).header("X-Error-Code", code);
  }
}
