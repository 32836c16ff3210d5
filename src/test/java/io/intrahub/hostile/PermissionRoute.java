package io.intrahub.hostile;

import io.intrahub.hub.HubTarget;

/**
 * A row of the permission matrix for each way to ask each kind of target; {@code %s} is the repo,
 * which may be of another type than {@code models}.
 */
enum PermissionRoute {
  HEAD(HubTarget.ResolveFile.class, "HEAD", "/%s/resolve/main/config.json", Scope.CONTENT),
  GET(HubTarget.ResolveFile.class, "GET", "/%s/resolve/main/config.json", Scope.CONTENT),
  CARD(HubTarget.ResolveFile.class, "GET", "/%s/resolve/main/README.md", Scope.CONTENT),
  GET_LFS(HubTarget.ResolveFile.class, "GET", "/%s/resolve/main/model.bin", Scope.CONTENT),
  HEAD_LFS(HubTarget.ResolveFile.class, "HEAD", "/%s/resolve/main/model.bin", Scope.CONTENT),
  RANGE(HubTarget.ResolveFile.class, "GET", "/%s/resolve/main/model.bin#7-19", Scope.CONTENT),
  BY_COMMIT(HubTarget.ResolveFile.class, "GET", "/%s/resolve/@/model.bin", Scope.CONTENT),
  /** By the commit that the repo had before it was changed. */
  BY_OLD_COMMIT(HubTarget.ResolveFile.class, "GET", "/%s/resolve/~/model.bin", Scope.CONTENT),
  NO_FILE(HubTarget.ResolveFile.class, "GET", "/%s/resolve/main/none.txt", Scope.CONTENT, 404),
  NO_REVISION(
      HubTarget.ResolveFile.class, "GET", "/%s/resolve/none/config.json", Scope.CONTENT, 404),
  CACHE(
      HubTarget.ResolveCacheFile.class,
      "GET",
      "/api/resolve-cache/models/%s/@/config.json",
      Scope.CONTENT),
  INFO(HubTarget.RepoInfo.class, "GET", "/api/models/%s", Scope.METADATA),
  REVISION(HubTarget.RepoInfo.class, "GET", "/api/models/%s/revision/main", Scope.METADATA),
  INFO_OF_OLD(HubTarget.RepoInfo.class, "GET", "/api/models/%s/revision/~", Scope.METADATA),
  BLOBS(HubTarget.RepoInfo.class, "GET", "/api/models/%s?blobs=true", Scope.METADATA),
  EXPAND(HubTarget.RepoInfo.class, "GET", "/api/models/%s?expand=siblings", Scope.METADATA),
  TREE(HubTarget.Tree.class, "GET", "/api/models/%s/tree/main?recursive=true", Scope.METADATA),
  TREE_OF_OLD(HubTarget.Tree.class, "GET", "/api/models/%s/tree/~", Scope.METADATA),
  PATHS(HubTarget.PathsInfo.class, "POST", "/api/models/%s/paths-info/main", Scope.METADATA),
  EXPANDED_TREE(
      HubTarget.Tree.class,
      "GET",
      "/api/models/%s/tree/main?expand=true",
      Scope.METADATA,
      Source.PASSED,
      200),
  RAW(
      HubTarget.RawFile.class,
      "GET",
      "/%s/raw/main/config.json",
      Scope.CONTENT,
      Source.PASSED,
      200),
  REFS(HubTarget.Refs.class, "GET", "/api/models/%s/refs", Scope.METADATA),
  COMMITS(HubTarget.RepoResource.class, "GET", "/api/models/%s/commits/main", Scope.METADATA),
  AUTH_CHECK(
      HubTarget.RepoResource.class,
      "GET",
      "/api/models/%s/auth-check",
      Scope.CONTENT,
      Source.PASSED,
      200),
  DISCUSSIONS(
      HubTarget.RepoResource.class,
      "GET",
      "/api/models/%s/discussions",
      Scope.METADATA,
      Source.PASSED,
      200),
  SEARCH(HubTarget.OtherApi.class, "GET", "/api/models?search=%s", Scope.NONE, Source.PASSED, 200),
  PAPER(
      HubTarget.PaperText.class,
      "GET",
      "/papers/2401.00001.md?of=%s",
      Scope.NONE,
      Source.PASSED,
      200),
  XET(
      HubTarget.XetToken.class,
      "GET",
      "/api/models/%s/xet-read-token/main",
      Scope.NONE,
      Source.OWN,
      404),
  BLOB_PAGE(
      HubTarget.BlobPage.class, "GET", "/%s/blob/main/config.json", Scope.NONE, Source.OWN, 302),
  CHANGE(
      HubTarget.RepoResource.class,
      "DELETE",
      "/api/models/%s/discussions",
      Scope.NONE,
      Source.OWN,
      403),
  HARNESSES(
      HubTarget.AgentHarnesses.class, "GET", "/api/agent-harnesses", Scope.NONE, Source.OWN, 200),
  TELEMETRY(HubTarget.Telemetry.class, "HEAD", "/api/telemetry/%s", Scope.NONE, Source.OWN, 200),
  WELCOME(HubTarget.Page.class, "GET", "/", Scope.NONE, Source.OWN, 200),
  PAGE(HubTarget.Page.class, "GET", "/%s", Scope.NONE, Source.OWN, 404);

  /** How much of a repo an answer shows. */
  enum Scope {
    NONE,
    METADATA,
    CONTENT
  }

  /** Where an answer comes from. */
  enum Source {
    /** The store, once it was asked for. */
    KEPT,
    /** As above, but the Hub is asked each time, because there is nothing to keep. */
    ASKED,
    /** The Hub, with the client's own token; without any in the modes with rules. */
    PASSED,
    /** The mirror itself, whoever asks. */
    OWN
  }

  private final Class<? extends HubTarget> target;
  private final String method;
  private final String pattern;
  private final Scope scope;
  private final Source source;
  private final int success;

  PermissionRoute(Class<? extends HubTarget> target, String method, String pattern, Scope scope) {
    this(target, method, pattern, scope, Source.KEPT, pattern.contains("#") ? 206 : 200);
  }

  PermissionRoute(
      Class<? extends HubTarget> target, String method, String pattern, Scope scope, int success) {
    this(
        target,
        method,
        pattern,
        scope,
        pattern.contains("/none/") ? Source.ASKED : Source.KEPT,
        success);
  }

  PermissionRoute(
      Class<? extends HubTarget> target,
      String method,
      String pattern,
      Scope scope,
      Source source,
      int success) {
    this.target = target;
    this.method = method;
    this.pattern = pattern;
    this.scope = scope;
    this.source = source;
    this.success = success;
  }

  /** What the mirror's parser makes of this route's path. */
  Class<? extends HubTarget> target() {
    return target;
  }

  Scope scope() {
    return scope;
  }

  Source source() {
    return source;
  }

  /** The same in the modes with rules. */
  Source sourceByRules() {
    if (source != Source.PASSED) {
      return source;
    }
    return switch (this) {
      case AUTH_CHECK -> Source.KEPT;
      case EXPANDED_TREE, RAW, REFS, COMMITS, DISCUSSIONS -> Source.ASKED;
      case SEARCH, PAPER -> Source.PASSED;
      default -> throw new IllegalStateException("say with which token " + this + " is asked");
    };
  }

  /** Whether the Hub's answer is kept for a minute for those who asked, and longer in an outage. */
  boolean isRecent() {
    return this == EXPANDED_TREE || this == DISCUSSIONS || this == SEARCH || this == PAPER;
  }

  /** The status of an answer to a client that may have it. */
  int success() {
    return success;
  }

  /** Whether an answer has the bytes of a file. */
  boolean isContent() {
    return scope == Scope.CONTENT
        && success / 100 == 2
        && method.equals("GET")
        && this != AUTH_CHECK;
  }

  boolean isOfOldCommit() {
    return pattern.contains("~");
  }

  /** The file that is asked for. */
  String file() {
    String path = pattern.replaceAll("#.*", "");
    return path.substring(path.lastIndexOf('/') + 1);
  }

  /** The call about a model. */
  Rig.Call of(String repo, String commit, String oldCommit) {
    return of("model", repo, commit, oldCommit);
  }

  /**
   * The call about one repo.
   *
   * @param type {@code model}, {@code dataset}, ...
   */
  Rig.Call of(String type, String repo, String commit, String oldCommit) {
    String body = method.equals("POST") ? "{\"paths\":[\"config.json\",\"model.bin\"]}" : "";
    String[] parts = pattern.split("#");
    String range = parts.length > 1 ? "bytes=" + parts[1] : "";
    String prefix = parts[0].startsWith("/%s") && !type.equals("model") ? "/" + type + "s" : "";
    String path =
        (prefix + parts[0].replace("/models", "/" + type + "s"))
            .replace("%s", repo)
            .replace("@", commit)
            .replace("~", oldCommit);
    return new Rig.Call(method, path, range, body);
  }
}
