package io.intrahub.hub;

import io.intrahub.base.PercentCoding;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Parses the path of a raw request target. Every text yields a target or a refusal.
 *
 * <p>The order matters, because authorisation and storage both depend on this one parse: runs of
 * slashes are collapsed (hf-hub 0.x and huggingface.js send {@code //o/m/resolve/…}), the path is
 * split at its slashes, reserved words such as {@code resolve} are located, and only then is each
 * segment decoded, once. So {@code refs%2Fpr%2F1} stays one segment, and a branch called {@code
 * resolve} can be written {@code %72esolve}.
 *
 * <p>The number of segments of an id varies. The id ends before a reserved word: after two segments
 * if one follows there, otherwise after one (a repo may itself be called {@code acme/tree}).
 */
public final class HubTargetParser {
  /** Reserved words between the id of a repo and the rest of the address of a file. */
  private static final Set<String> FILE_VERBS = Set.of("resolve", "raw", "blob");

  /** Known resources of a repo under {@code /api}. */
  private static final Set<String> RESOURCES =
      Set.of(
          "auth-check",
          "commit",
          "commits",
          "compare",
          "croissant",
          "discussions",
          "leaderboard",
          "lfs-files",
          "likers",
          "parquet",
          "paths-info",
          "raw",
          "refs",
          "resolve",
          "revision",
          "safetensors-metadata",
          "scan",
          "tree",
          "treesize",
          "user-access-request",
          "xet-read-token",
          "xet-write-token");

  /** Those of them that are known only with a revision behind them. */
  private static final Set<String> FOLLOWED =
      Set.of("paths-info", "raw", "resolve", "revision", "tree");

  /** How the name of a paper's text ends. */
  private static final String PAPER_TEXT = ".md";

  private static final int MAX_LENGTH = 8192;

  private HubTargetParser() {}

  /** The result of parsing. */
  public sealed interface Parsed {}

  /** The request is valid. */
  public record Target(HubTarget target) implements Parsed {}

  /**
   * The request is refused.
   *
   * @param message for a person: what is wrong with the request
   */
  public record Refused(String message) implements Parsed {}

  /** Returns whether a segment with this text is a reserved word; see {@link HubTarget}. */
  static boolean isReservedWord(String segment) {
    return FILE_VERBS.contains(segment) || RESOURCES.contains(segment);
  }

  /**
   * Parses a raw path.
   *
   * @param rawPath as it came over the wire, still encoded, without the query
   */
  public static Parsed parse(String rawPath) {
    if (!rawPath.startsWith("/")) {
      return new Refused("The request target must begin with a slash.");
    }
    if (rawPath.indexOf('\\') >= 0) {
      return new Refused("The path contains a backslash. In a file name, write it as %5C.");
    }
    if (rawPath.length() > MAX_LENGTH) {
      return new Refused("The path is longer than " + MAX_LENGTH + " characters.");
    }
    List<Segment> segments = new ArrayList<>();
    for (String raw : rawPath.split("/", -1)) {
      if (raw.isEmpty()) {
        continue;
      }
      Optional<String> decoded = PercentCoding.decode(raw);
      if (decoded.isEmpty()) {
        return new Refused("The path contains a % that does not begin a valid escape of UTF-8.");
      }
      Optional<String> fault = fault(decoded.get());
      if (fault.isPresent()) {
        return new Refused(fault.get());
      }
      segments.add(new Segment(raw, decoded.get()));
    }
    boolean api = !segments.isEmpty() && segments.getFirst().raw().equals("api");
    Parsed parsed = api ? parseApi(segments) : parsePage(segments);
    boolean hasBackslash = segments.stream().anyMatch(s -> s.decoded().indexOf('\\') >= 0);
    return hasBackslash && parsed instanceof Target(var target) && !namesFile(target)
        ? new Refused("The path contains a backslash outside of a file name.")
        : parsed;
  }

  /** Git allows a backslash in the name of a file or folder, and the Hub in no other name. */
  private static boolean namesFile(HubTarget target) {
    return switch (target) {
      case HubTarget.ResolveFile _, HubTarget.RawFile _, HubTarget.BlobPage _ -> true;
      case HubTarget.ResolveCacheFile _, HubTarget.Tree _ -> true;
      default -> false;
    };
  }

  private static Optional<FilePath> filePath(List<Segment> segments) {
    return FilePath.parse(join(segments)).filter(FilePath::isServable);
  }

  /**
   * Refuses a name.
   *
   * @param what is named: a file or a folder
   */
  private static Refused refusedName(String what, List<Segment> segments) {
    return FilePath.parse(join(segments))
        .flatMap(FilePath::obstacle)
        .map(why -> new Refused("The name of the " + what + " can't be served: " + why + "."))
        .orElseGet(() -> new Refused("\"" + join(segments) + "\" is no name of a " + what + "."));
  }

  /** Checks every segment, whatever it names, for what no name of the Hub may contain. */
  private static Optional<String> fault(String decoded) {
    for (int i = 0; i < decoded.length(); i++) {
      char c = decoded.charAt(i);
      if (c < ' ' || c == 0x7f) {
        return Optional.of("The path contains a control character.");
      }
    }
    if (!FilePath.hasDotSegment(decoded)) {
      return Optional.empty();
    }
    return Optional.of(
        decoded.indexOf('\\') < 0
            ? "The path contains a dot segment."
            : "The path contains a dot segment beside a backslash. If it is the name of a file, that"
                + " can't be served: it leads out of its folder on Windows.");
  }

  private static Parsed parsePage(List<Segment> segments) {
    RepoType type = RepoType.MODEL;
    int start = 0;
    if (!segments.isEmpty()) {
      Optional<RepoType> prefix = RepoType.ofPlural(segments.getFirst().raw());
      if (prefix.isPresent() && prefix.get() != RepoType.MODEL) {
        type = prefix.get();
        start = 1;
      }
    }
    for (int width = 2; width >= 1; width--) {
      int verb = start + width;
      if (verb < segments.size() && FILE_VERBS.contains(segments.get(verb).raw())) {
        Optional<RepoId> repo = repoId(type, segments.subList(start, verb));
        if (repo.isPresent()) {
          Parsed file = parseFile(repo.get(), segments.get(verb).raw(), rest(segments, verb + 1));
          if (file instanceof Target || width == 1 || !fileVerbAt(segments, start + 1)) {
            return file;
          }
        }
      }
    }
    int verb = Math.min(start + 2, segments.size());
    if (fileVerbAt(segments, start + 2) || fileVerbAt(segments, start + 1)) {
      return new Refused("\"" + join(segments.subList(start, verb)) + "\" is not a repo id.");
    }
    return new Target(paperText(segments).orElseGet(() -> new HubTarget.Page(joinRaw(segments))));
  }

  private static Optional<HubTarget> paperText(List<Segment> segments) {
    if (segments.size() != 2 || !segments.getFirst().raw().equals("papers")) {
      return Optional.empty();
    }
    String name = segments.get(1).decoded();
    return name.endsWith(PAPER_TEXT) && name.length() > PAPER_TEXT.length()
        ? Optional.of(
            new HubTarget.PaperText(name.substring(0, name.length() - PAPER_TEXT.length())))
        : Optional.empty();
  }

  private static boolean fileVerbAt(List<Segment> segments, int index) {
    return index < segments.size() && FILE_VERBS.contains(segments.get(index).raw());
  }

  private static Parsed parseFile(RepoId repo, String verb, List<Segment> rest) {
    if (rest.isEmpty()) {
      return new Refused("A revision must follow \"" + verb + "\".");
    }
    int width = revisionWidth(rest);
    Optional<Revision> revision = Revision.parse(join(rest.subList(0, width)));
    if (revision.isEmpty()) {
      return new Refused("\"" + join(rest.subList(0, width)) + "\" is not a revision.");
    }
    if (rest.size() == width) {
      return new Refused("A file name must follow the revision.");
    }
    Optional<FilePath> path = filePath(rest.subList(width, rest.size()));
    if (path.isEmpty()) {
      return refusedName("file", rest.subList(width, rest.size()));
    }
    return new Target(
        switch (verb) {
          case "resolve" -> new HubTarget.ResolveFile(repo, revision.get(), path.get());
          case "raw" -> new HubTarget.RawFile(repo, revision.get(), path.get());
          default -> new HubTarget.BlobPage(repo, revision.get(), path.get());
        });
  }

  /** Browsers, curl users and HfFileSystem write {@code refs/pr/1} without escapes. */
  private static int revisionWidth(List<Segment> rest) {
    boolean plainRef =
        rest.size() >= 3
            && rest.get(0).raw().equals("refs")
            && (rest.get(1).raw().equals("pr") || rest.get(1).raw().equals("convert"));
    return plainRef ? 3 : 1;
  }

  private static Parsed parseApi(List<Segment> segments) {
    Target other = new Target(new HubTarget.OtherApi(joinRaw(segments)));
    if (segments.size() < 2) {
      return other;
    }
    String family = segments.get(1).raw();
    if (family.equals("agent-harnesses") && segments.size() == 2) {
      return new Target(new HubTarget.AgentHarnesses());
    }
    if (family.equals("telemetry")) {
      return new Target(new HubTarget.Telemetry());
    }
    if (family.equals("resolve-cache")) {
      return parseResolveCache(segments);
    }
    Optional<RepoType> type = RepoType.ofPlural(family);
    if (type.isEmpty() || segments.size() == 2) {
      return other;
    }
    List<Segment> tail = rest(segments, 2);
    if (RepoId.isOfApi(type.get(), join(tail))) {
      return other;
    }
    for (int width = 2; width >= 1; width--) {
      boolean reserved = width < tail.size() && RESOURCES.contains(tail.get(width).raw());
      if (reserved) {
        Optional<RepoId> repo = repoId(type.get(), tail.subList(0, width));
        if (repo.isPresent()) {
          String word = tail.get(width).raw();
          List<Segment> following = rest(tail, width + 1);
          Parsed resource = parseResource(repo.get(), word, following);
          boolean isKnown =
              resource instanceof Target && !(following.isEmpty() && FOLLOWED.contains(word));
          boolean oneSegmentMayFit = width == 2 && RESOURCES.contains(tail.get(1).raw());
          // "/api/models/acme/tree" lacks what follows a "tree", so it is a repo of that name.
          boolean twoSegmentsMayFit = tail.size() == 2;
          if (isKnown || !(oneSegmentMayFit || twoSegmentsMayFit)) {
            return resource;
          }
        }
      }
    }
    int width = Math.min(2, tail.size());
    Optional<RepoId> repo = repoId(type.get(), tail.subList(0, width));
    if (repo.isEmpty()) {
      return new Refused("\"" + join(tail.subList(0, width)) + "\" is not a repo id.");
    }
    return new Target(
        tail.size() <= 2
            ? new HubTarget.RepoInfo(repo.get(), Optional.empty())
            : new HubTarget.RepoResource(repo.get(), joinRaw(rest(tail, 2)).substring(1)));
  }

  private static Parsed parseResource(RepoId repo, String resource, List<Segment> rest) {
    if (rest.isEmpty() ? FOLLOWED.contains(resource) : resource.equals("refs")) {
      return other(repo, resource, rest);
    }
    return switch (resource) {
      case "resolve", "raw" -> parseFile(repo, resource, rest);
      case "refs" -> new Target(new HubTarget.Refs(repo));
      case "xet-read-token", "xet-write-token" -> new Target(new HubTarget.XetToken(repo));
      case "revision", "paths-info" ->
          Revision.parse(join(rest))
              .map(revision ->
                  (Parsed)
                      new Target(
                          resource.equals("revision")
                              ? new HubTarget.RepoInfo(repo, Optional.of(revision))
                              : new HubTarget.PathsInfo(repo, revision)))
              .orElseGet(() -> new Refused("\"" + join(rest) + "\" is not a revision."));
      case "tree" -> parseTree(repo, rest);
      default -> other(repo, resource, rest);
    };
  }

  private static Parsed other(RepoId repo, String resource, List<Segment> rest) {
    String path = rest.isEmpty() ? resource : resource + joinRaw(rest);
    return new Target(new HubTarget.RepoResource(repo, path));
  }

  private static Parsed parseTree(RepoId repo, List<Segment> rest) {
    int width = revisionWidth(rest);
    Optional<Revision> revision = Revision.parse(join(rest.subList(0, width)));
    if (revision.isEmpty()) {
      return new Refused("\"" + join(rest.subList(0, width)) + "\" is not a revision.");
    }
    if (rest.size() == width) {
      return new Target(new HubTarget.Tree(repo, revision.get(), Optional.empty()));
    }
    Optional<FilePath> path = filePath(rest.subList(width, rest.size()));
    return path.isEmpty()
        ? refusedName("folder", rest.subList(width, rest.size()))
        : new Target(new HubTarget.Tree(repo, revision.get(), path));
  }

  private static Parsed parseResolveCache(List<Segment> segments) {
    Optional<RepoType> type =
        segments.size() < 3 ? Optional.empty() : RepoType.ofPlural(segments.get(2).raw());
    if (type.isPresent()) {
      for (int width = 2; width >= 1; width--) {
        int commitAt = 3 + width;
        if (commitAt + 1 < segments.size()) {
          Optional<RepoId> repo = repoId(type.get(), segments.subList(3, commitAt));
          Optional<CommitHash> commit = CommitHash.parse(segments.get(commitAt).raw());
          Optional<FilePath> path = filePath(rest(segments, commitAt + 1));
          if (repo.isPresent() && commit.isPresent() && path.isPresent()) {
            return new Target(new HubTarget.ResolveCacheFile(repo.get(), commit.get(), path.get()));
          }
        }
      }
    }
    return new Refused("resolve-cache takes a repo type, a repo id, a whole commit and a path.");
  }

  private static Optional<RepoId> repoId(RepoType type, List<Segment> segments) {
    return RepoId.parse(type, join(segments));
  }

  private static List<Segment> rest(List<Segment> segments, int from) {
    return segments.subList(Math.min(from, segments.size()), segments.size());
  }

  private static String join(List<Segment> segments) {
    return String.join("/", segments.stream().map(Segment::decoded).toList());
  }

  private static String joinRaw(List<Segment> segments) {
    return "/" + String.join("/", segments.stream().map(Segment::raw).toList());
  }

  /** One segment of the path, before and after decoding. */
  private record Segment(String raw, String decoded) {}
}
