package io.intrahub.devhub;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Lists and descriptions that clients only read: of repos and their folders, and of what is about
 * no repo. Each has the shape of the Hub's, few entries, and a link to the Hub.
 */
final class ListRoutes {
  private static final Pattern PARQUET_FILE = Pattern.compile("([^/]+/[^/]+)/(\\d{1,4})\\.parquet");
  private static final String OVERVIEW = "/overview";

  private final Gate gate;
  private final Settings settings;

  ListRoutes(Gate gate, Settings settings) {
    this.gate = gate;
    this.settings = settings;
  }

  Reply list(Incoming in, Target target) {
    return switch (target.verb()) {
      case "treesize" -> treeSize(in, target);
      case "scan" -> scan(in, target);
      case "parquet" -> parquet(in, target);
      case "compare" -> compare(in, target);
      case "organizations" ->
          target.path().endsWith(OVERVIEW) ? overview(target) : about(in, target);
      case "spaces" -> target.path().equals("templates") ? templates() : about(in, target);
      default -> about(in, target);
    };
  }

  private Reply treeSize(Incoming in, Target target) {
    DevRepo repo = gate.see(in, target);
    Commit commit = Gate.commit(repo, target);
    String prefix = target.path().isEmpty() ? "" : target.path() + "/";
    long size =
        commit.files().entrySet().stream()
            .filter(file -> file.getKey().startsWith(prefix))
            .mapToLong(file -> file.getValue().size())
            .sum();
    return Reply.json(
        200,
        Json.write(g -> {
          g.writeStartObject();
          g.writeStringProperty("path", "/" + target.path());
          g.writeNumberProperty("size", size);
          g.writeEndObject();
        }));
  }

  private Reply scan(Incoming in, Target target) {
    gate.see(in, target);
    return json("{\"scansDone\":true,\"filesWithIssues\":[]}");
  }

  /** The lists of all configurations, of one, and of a split; or the redirect to a file. */
  private Reply parquet(Incoming in, Target target) {
    DevRepo repo = gate.read(in, target);
    Matcher file = PARQUET_FILE.matcher(target.path());
    if (file.matches()) {
      return Reply.redirect(
          302,
          "%s/datasets/%s/resolve/refs%%2Fconvert%%2Fparquet/%s/%04d.parquet"
              .formatted(
                  settings.hub,
                  DevText.encodePath(repo.id()),
                  DevText.encodePath(file.group(1)),
                  Integer.parseInt(file.group(2))));
    }
    String files =
        "[\"%s/api/datasets/%s/parquet/default/train/0.parquet\"]"
            .formatted(settings.hub, repo.id());
    return json(
        switch (target.path()) {
          case "" -> "{\"default\":{\"train\":" + files + "}}";
          case "default" -> "{\"train\":" + files + "}";
          case "default/train" -> files;
          default -> throw Errors.noSuchPage();
        });
  }

  private Reply compare(Incoming in, Target target) {
    gate.read(in, target);
    return Reply.text(200, "diff --git a/a.txt b/a.txt\n");
  }

  /** An object that says where the Hub shows it; it differs for each token and each query. */
  private Reply about(Incoming in, Target target) {
    return Reply.json(
        200,
        Json.write(g -> {
          g.writeStartArray();
          g.writeStartObject();
          g.writeStringProperty("id", target.path());
          g.writeStringProperty("query", in.query());
          g.writeStringProperty("for", in.token().map(Hashes::sha256).orElse("everybody"));
          g.writeStringProperty("url", settings.hub + "/" + target.verb() + "/" + target.path());
          g.writeEndObject();
          g.writeEndArray();
        }));
  }

  /** What kernels 0.17.2 asks of the publisher before it loads a kernel. */
  private Reply overview(Target target) {
    String name = target.path().substring(0, target.path().length() - OVERVIEW.length());
    return Reply.json(
        200,
        Json.write(g -> {
          g.writeStartObject();
          g.writeStringProperty("name", name);
          g.writeStringProperty("fullname", name);
          g.writeStringProperty("avatarUrl", "https://example.com/" + name + ".svg");
          g.writeBooleanProperty(
              "trustedKernelPublisher", settings.trustedPublishers.contains(name));
          g.writeEndObject();
        }));
  }

  private static Reply templates() {
    return json(
        "{\"templates\":[{\"name\":\"Plain\",\"repoId\":\"acme/plain\",\"sdk\":\"static\","
            + "\"preferredPrivate\":false}]}");
  }

  Reply paperText(Target target) {
    String id = target.path().substring(0, target.path().length() - ".md".length());
    return Reply.of(
        200, "text/markdown; charset=utf-8", DevContent.of("# Paper %s\n".formatted(id)));
  }

  private static Reply json(String text) {
    return Reply.of(200, Reply.JSON, DevContent.of(text));
  }
}
