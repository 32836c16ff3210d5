package io.intrahub.devhub;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The parsed path of a request. The path is split first and each segment decoded afterwards,
 * because a revision or a path may contain {@code %2F}.
 *
 * @param type of the repo; {@link DevRepoType#MODEL} where there is none
 * @param id of the repo as asked, or empty
 * @param verb the API's own name of what is asked, such as {@code tree} or {@code search}
 * @param revision as asked, decoded, or empty for the default branch
 * @param path decoded, or empty
 * @param before the raw path up to the id
 * @param after the raw path behind the id
 */
record Target(
    Route route,
    DevRepoType type,
    String id,
    String verb,
    String revision,
    String path,
    String before,
    String after) {
  private static final String GIT = ".git";
  private static final String LFS_BATCH = GIT + "/info/lfs/objects/batch";

  private static final Set<String> REPO_VERBS =
      Set.of(
          "revision",
          "tree",
          "paths-info",
          "refs",
          "commits",
          "auth-check",
          "xet-read-token",
          "discussions",
          "likers",
          "treesize",
          "scan",
          "parquet",
          "compare");

  /** Lists and descriptions that are about no repo. */
  private static final Set<String> LISTS =
      Set.of(
          "buckets",
          "collections",
          "daily_papers",
          "models-tags-by-type",
          "organizations",
          "papers",
          "users");

  /** What is about spaces and no repo. */
  private static final Set<String> OF_SPACES =
      Set.of("hardware", "semantic-search", "templates", "zero-gpu/quota");

  /** A decoded segment and where its raw text stands. */
  private record Segment(String text, int start, int end) {}

  /** The CDN looks at raw paths itself. */
  static Target cdn() {
    return other(Route.CDN, "");
  }

  static Target parse(String rawPath) {
    if (rawPath.equals("/")) {
      return other(Route.FRONT_PAGE, "");
    }
    List<Segment> s = segments(rawPath);
    if (s.size() >= 2 && s.getFirst().text.equals("api")) {
      return api(rawPath, s);
    }
    if (s.size() == 2 && s.getFirst().text.equals("papers") && rawPath.endsWith(".md")) {
      return new Target(
          Route.PAPER_TEXT, DevRepoType.MODEL, "", "papers", "", s.get(1).text, "", "");
    }
    if (s.size() == 2 && s.getFirst().text.equals("datasets-server")) {
      return other(Route.VIEWER, s.get(1).text);
    }
    int first =
        DevRepoType.ofPlural(s.getFirst().text).filter(t -> t != DevRepoType.MODEL).isPresent()
            ? 1
            : 0;
    DevRepoType type =
        first == 1 ? DevRepoType.ofPlural(s.getFirst().text).orElseThrow() : DevRepoType.MODEL;
    int words = s.size() - first - 4;
    if (rawPath.endsWith(LFS_BATCH) && (words == 1 || words == 2)) {
      return repo(Route.LFS_BATCH, type, rawPath, s, first, words).withoutGit();
    }
    // The longer id wins: a repo may be called "resolve".
    for (int length = 2; length >= 1; length--) {
      int at = first + length;
      if (s.size() > at + 2 && isFileVerb(s.get(at).text)) {
        Route route = s.get(at).text.equals("raw") ? Route.RAW : Route.RESOLVE;
        int afterRevision = endOfRevision(s, at + 1);
        String path = join(s, afterRevision, s.size());
        if (!path.isEmpty()) {
          return repo(route, type, rawPath, s, first, length)
              .with(s.get(at).text, join(s, at + 1, afterRevision), path);
        }
      }
    }
    return other(Route.UNKNOWN, "");
  }

  private static Target api(String rawPath, List<Segment> s) {
    String name = s.get(1).text;
    if (name.equals("resolve-cache")) {
      return resolveCache(rawPath, s);
    }
    Optional<DevRepoType> type = DevRepoType.ofPlural(name);
    if (type.isEmpty()) {
      return switch (name) {
        case "whoami-v2" -> other(Route.WHOAMI, name);
        case "agent-harnesses" -> other(Route.AGENT_HARNESSES, name);
        case "telemetry" -> other(Route.TELEMETRY, name);
        default ->
            LISTS.contains(name)
                ? new Target(
                    Route.OTHER_API, DevRepoType.MODEL, "", name, "", join(s, 2, s.size()), "", "")
                : other(Route.UNKNOWN, "");
      };
    }
    if (s.size() == 2) {
      return new Target(Route.OTHER_API, type.get(), "", "search", "", "", rawPath, "");
    }
    String words = join(s, 2, s.size());
    if (type.get() == DevRepoType.SPACE && OF_SPACES.contains(words)) {
      return new Target(Route.OTHER_API, DevRepoType.SPACE, "", "spaces", "", words, "", "");
    }
    boolean twoWords =
        s.size() > 3
            && (!REPO_VERBS.contains(s.get(3).text)
                || (s.size() > 4 && REPO_VERBS.contains(s.get(4).text)));
    int idWords = twoWords ? 2 : 1;
    int at = 2 + idWords;
    Target repo = repo(Route.REPO_INFO, type.get(), rawPath, s, 2, idWords);
    if (s.size() == at) {
      return repo.with("info", "", "");
    }
    return repoApi(repo, s, at);
  }

  private static Target repoApi(Target repo, List<Segment> s, int at) {
    String verb = s.get(at).text;
    if (!REPO_VERBS.contains(verb)) {
      return other(Route.UNKNOWN, "");
    }
    int afterRevision = s.size() > at + 1 ? endOfRevision(s, at + 1) : at + 1;
    String revision = join(s, at + 1, afterRevision);
    String path = join(s, afterRevision, s.size());
    return switch (verb) {
      case "revision" -> repo.with(verb, join(s, at + 1, s.size()), "");
      case "tree" -> repo.on(Route.TREE).with(verb, revision, path);
      case "paths-info" -> repo.on(Route.PATHS_INFO).with(verb, join(s, at + 1, s.size()), "");
      case "refs" -> repo.on(Route.REFS).with(verb, "", "");
      case "commits" -> repo.on(Route.COMMITS).with(verb, join(s, at + 1, s.size()), "");
      case "auth-check" -> repo.on(Route.AUTH_CHECK).with(verb, "", revision);
      case "xet-read-token" -> repo.on(Route.XET_TOKEN).with(verb, revision, "");
      case "treesize" -> repo.on(Route.OTHER_API).with(verb, revision, path);
      default -> repo.on(Route.OTHER_API).with(verb, "", join(s, at + 1, s.size()));
    };
  }

  private static Target resolveCache(String rawPath, List<Segment> s) {
    Optional<DevRepoType> type =
        s.size() > 5 ? DevRepoType.ofPlural(s.get(2).text) : Optional.<DevRepoType>empty();
    if (type.isPresent()) {
      for (int words = 1; words <= 2; words++) {
        int at = 3 + words;
        if (s.size() > at + 1 && isCommit(s.get(at).text)) {
          return repo(Route.RESOLVE_CACHE, type.get(), rawPath, s, 3, words)
              .with("resolve-cache", s.get(at).text, join(s, at + 1, s.size()));
        }
      }
    }
    return other(Route.UNKNOWN, "");
  }

  private static boolean isFileVerb(String segment) {
    return segment.equals("resolve") || segment.equals("raw");
  }

  private static boolean isCommit(String segment) {
    return segment.length() == 40
        && segment.chars().allMatch(c -> "0123456789abcdef".indexOf(c) >= 0);
  }

  /** A revision is one segment; only {@code refs/pr/N} and {@code refs/convert/X} may be three. */
  private static int endOfRevision(List<Segment> s, int at) {
    boolean three =
        s.size() > at + 2
            && s.get(at).text.equals("refs")
            && (s.get(at + 1).text.equals("pr") || s.get(at + 1).text.equals("convert"));
    return three ? at + 3 : at + 1;
  }

  private static Target other(Route route, String verb) {
    return new Target(route, DevRepoType.MODEL, "", verb, "", "", "", "");
  }

  private static Target repo(
      Route route, DevRepoType type, String raw, List<Segment> s, int first, int words) {
    return new Target(
        route,
        type,
        join(s, first, first + words),
        "",
        "",
        "",
        raw.substring(0, s.get(first).start),
        raw.substring(s.get(first + words - 1).end));
  }

  /** The same about a dataset that the query names. */
  Target ofDataset(String dataset) {
    return new Target(route, DevRepoType.DATASET, dataset, verb, revision, path, before, after);
  }

  private Target with(String newVerb, String newRevision, String newPath) {
    return new Target(route, type, id, newVerb, newRevision, newPath, before, after);
  }

  private Target withoutGit() {
    return new Target(
        route,
        type,
        id.substring(0, id.length() - GIT.length()),
        "batch",
        "",
        "",
        before,
        GIT + after);
  }

  private Target on(Route newRoute) {
    return new Target(newRoute, type, id, verb, revision, path, before, after);
  }

  private static String join(List<Segment> s, int from, int to) {
    StringBuilder out = new StringBuilder();
    for (int i = from; i < to; i++) {
      out.append(i == from ? "" : "/").append(s.get(i).text);
    }
    return out.toString();
  }

  private static List<Segment> segments(String raw) {
    List<Segment> segments = new ArrayList<>();
    int start = raw.startsWith("/") ? 1 : 0;
    for (String part : DevText.cut(raw.substring(start), '/')) {
      segments.add(new Segment(DevText.decode(part), start, start + part.length()));
      start += part.length() + 1;
    }
    return segments;
  }
}
