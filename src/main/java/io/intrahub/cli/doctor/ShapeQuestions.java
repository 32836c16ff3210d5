package io.intrahub.cli.doctor;

import java.util.List;
import java.util.Optional;

/** The fixed questions of {@code doctor --record}. All are asked without a token. */
final class ShapeQuestions {
  private static final String MISSING = "intrahub-doctor/no-such-repo";

  private ShapeQuestions() {}

  /**
   * A question.
   *
   * @param path with names in braces for what differs between Hubs; see {@link ShapeRecorder}
   * @param json the body; empty: none
   * @param part whether only the first byte is asked for
   * @param follow whether the target of a redirect is asked too
   */
  record Question(
      String name,
      String method,
      String path,
      Optional<String> json,
      boolean part,
      boolean follow) {}

  /** All of them, in the order of the file. */
  static List<Question> all() {
    return List.of(
        file("small file, head", "HEAD", "{small}"),
        file("small file", "GET", "{small}"),
        file("large file, head", "HEAD", "{large}"),
        file("large file", "GET", "{large}"),
        api("repo info", "/api/models/{model}"),
        api("repo info with sizes", "/api/models/{model}?blobs=true"),
        api("revision", "/api/models/{model}/revision/main"),
        api("commit as revision", "/api/models/{model}/revision/{commit}"),
        api("tree", "/api/models/{model}/tree/main"),
        api("tree, recursive", "/api/models/{model}/tree/main?recursive=true"),
        api("tree, expanded", "/api/models/{model}/tree/main?expand=true"),
        new Question(
            "paths-info",
            "POST",
            "/api/models/{model}/paths-info/main",
            Optional.of("{\"paths\":[\"{small}\",\"{large}\"],\"expand\":false}"),
            false,
            false),
        api("refs", "/api/models/{model}/refs"),
        api("refs with pull requests", "/api/models/{model}/refs?include_prs=1"),
        api("commits", "/api/models/{model}/commits/main"),
        api("discussions", "/api/models/{model}/discussions"),
        api("xet token", "/api/models/{model}/xet-read-token/main"),
        api("whoami without a token", "/api/whoami-v2"),
        api("missing repo", "/api/models/" + MISSING),
        head("file of a missing repo", "/" + MISSING + "/resolve/main/config.json"),
        head("missing file", "/{model}/resolve/main/no-such-file.json"),
        head("missing revision", "/{model}/resolve/no-such-revision/{small}"),
        api("tree of a missing revision", "/api/models/{model}/tree/no-such-revision"),
        api("gated repo info", "/api/models/{gated}"),
        head("gated file without a token", "/{gated}/resolve/main/config.json"),
        api("dataset info", "/api/datasets/{dataset}"),
        api("dataset tree", "/api/datasets/{dataset}/tree/main?recursive=true"),
        api("search, first page", "/api/models?search=bert&limit=2"));
  }

  private static Question file(String name, String method, String file) {
    return new Question(
        name,
        method,
        "/{model}/resolve/main/" + file,
        Optional.empty(),
        method.equals("GET"),
        true);
  }

  private static Question api(String name, String path) {
    return new Question(name, "GET", path, Optional.empty(), false, false);
  }

  private static Question head(String name, String path) {
    return new Question(name, "HEAD", path, Optional.empty(), false, false);
  }
}
