package io.intrahub.mirror;

import io.intrahub.access.ReadScope;
import io.intrahub.base.PercentCoding;
import io.intrahub.hub.HubTarget;
import io.intrahub.hub.HubTargetParser;
import io.intrahub.upstream.hub.ApiRequest;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Says which reads of the API are kept for a short time by {@link RecentAnswers}, and which of them
 * are the same question. Pure.
 *
 * <p>It is a list of what the Hub's clients read often. What it doesn't name is passed on each
 * time, because an unknown route may say something else to each request.
 */
final class RecentReads {
  /** First segments of lists and of descriptions that are about no single repo. */
  private static final Set<String> LISTS =
      Set.of(
          "collections",
          "daily_papers",
          "datasets",
          "datasets-tags-by-type",
          "kernels",
          "models",
          "models-tags-by-type",
          "organizations",
          "papers",
          "posts",
          "quicksearch",
          "spaces",
          "tasks",
          "trending",
          "users");

  /** Resources of a repo, by their first segment. */
  private static final Set<String> OF_REPO =
      Set.of(
          "commits",
          "compare",
          "croissant",
          "discussions",
          "leaderboard",
          "likers",
          "parquet",
          "safetensors-metadata",
          "scan",
          "treesize");

  /** Those of them that the Hub shows of a gated repo to everybody, as it does its tree. */
  private static final Set<String> METADATA =
      Set.of("commits", "discussions", "leaderboard", "likers", "treesize");

  /** Segments of paths that are about an account, which only its holder reads. */
  private static final Set<String> ACCOUNT =
      Set.of(
          "audit-log",
          "billing",
          "notifications",
          "resource-groups",
          "settings",
          "sso",
          "tokens",
          "webhooks",
          "zero-gpu");

  private RecentReads() {}

  /**
   * A read that is kept.
   *
   * @param question its canonical path and query, equal for equal questions
   * @param scope what a client must be allowed to read of the repo that it is about
   */
  record Read(String question, ReadScope scope) {}

  /** Returns how a request is kept; empty if it is passed on each time. */
  static Optional<Read> of(ApiRequest request) {
    if (!request.method().equals("GET") || request.isFile()) {
      return Optional.empty();
    }
    String[] parts = request.target().split("\\?", 2);
    String query = parts.length > 1 ? canonical(parts[1]) : "";
    return HubTargetParser.parse(parts[0]) instanceof HubTargetParser.Target(var target)
        ? scope(target).map(scope -> new Read(target.format() + "?" + query, scope))
        : Optional.empty();
  }

  /** Returns how a read of a dataset's viewer is kept: its answers show rows of the dataset. */
  static Optional<Read> ofViewer(ApiRequest request) {
    String[] parts = request.target().split("\\?", 2);
    String query = parts.length > 1 ? canonical(parts[1]) : "";
    return Optional.of(new Read("viewer of " + parts[0] + "?" + query, ReadScope.CONTENT));
  }

  private static Optional<ReadScope> scope(HubTarget target) {
    return switch (target) {
      case HubTarget.Tree _ -> Optional.of(ReadScope.METADATA);
      case HubTarget.RepoResource t -> ofRepo(t.rest());
      case HubTarget.OtherApi t when isList(t.path()) -> Optional.of(ReadScope.METADATA);
      case HubTarget.PaperText _ -> Optional.of(ReadScope.METADATA);
      default -> Optional.empty();
    };
  }

  private static Optional<ReadScope> ofRepo(String rest) {
    String word = rest.split("/", 2)[0];
    return OF_REPO.contains(word)
        ? Optional.of(METADATA.contains(word) ? ReadScope.METADATA : ReadScope.CONTENT)
        : Optional.empty();
  }

  private static boolean isList(String path) {
    List<String> segments = Arrays.asList(path.split("/"));
    // Only what is spelled as expected is known to be read as expected.
    return segments.size() > 2
        && path.indexOf('%') < 0
        && LISTS.contains(segments.get(2))
        && segments.stream().noneMatch(ACCOUNT::contains);
  }

  /**
   * The same query with its parameters in a fixed order and spelling. Parameters of one name keep
   * their order, which may have a meaning.
   */
  private static String canonical(String query) {
    return Arrays.stream(query.split("&"))
        .filter(parameter -> !parameter.isEmpty())
        .map(parameter -> parameter.split("=", 2))
        .sorted(Comparator.comparing((String[] pair) -> respelled(pair[0])))
        .map(pair -> Arrays.stream(pair).map(RecentReads::respelled))
        .map(pair -> pair.collect(Collectors.joining("=")))
        .collect(Collectors.joining("&"));
  }

  private static String respelled(String text) {
    return PercentCoding.decode(text.replace('+', ' ')).map(PercentCoding::encode).orElse(text);
  }
}
