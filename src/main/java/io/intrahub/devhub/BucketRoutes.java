package io.intrahub.devhub;

/**
 * The metadata of buckets: each namespace has one called {@code bucket}, with a file and one in a
 * folder, on two pages. Whose token it is shows in the number of the files' owners. Their bytes
 * would come over Xet only.
 */
final class BucketRoutes {
  private static final String FILE =
      "{\"type\":\"file\",\"path\":\"a.bin\",\"size\":3,\"xetHash\":\"" + "a1".repeat(32) + "\"}";
  private static final String FOLDER =
      "{\"type\":\"directory\",\"path\":\"data\",\"uploadedAt\":\"2026-01-01T00:00:00.000Z\"}";

  private final Settings settings;

  BucketRoutes(Settings settings) {
    this.settings = settings;
  }

  static boolean isPathsInfo(Target target) {
    return target.verb().equals("buckets") && target.path().endsWith("/paths-info");
  }

  Reply answer(Incoming in, Target target) {
    String[] parts = target.path().split("/", -1);
    if (parts.length < 2 || !parts[1].equals("bucket")) {
      return parts.length < 2
          ? json("[" + info(parts[0]) + "]")
          : Reply.json(404, Json.error("Repository not found"))
              .header("X-Error-Code", "RepoNotFound")
              .header("X-Error-Message", "Repository not found");
    }
    return switch (parts.length > 2 ? parts[2] : "") {
      case "" -> json(info(parts[0]));
      case "paths-info" -> json("[" + FILE + "]");
      case "tree" ->
          in.query().contains("cursor")
              ? json("[" + FOLDER + "]")
              : json("[" + FILE + "]")
                  .header(
                      "Link",
                      "<%s/api/buckets/%s?cursor=2>; rel=\"next\""
                          .formatted(settings.hub, target.path()));
      default -> throw Errors.noSuchPage();
    };
  }

  private static String info(String namespace) {
    return ("{\"id\":\"%s/bucket\",\"private\":false,\"createdAt\":\"2026-01-01T00:00:00.000Z\","
            + "\"size\":3,\"totalFiles\":1}")
        .formatted(namespace);
  }

  private static Reply json(String text) {
    return Reply.of(200, Reply.JSON, DevContent.of(text));
  }
}
