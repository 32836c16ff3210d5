package io.intrahub.http;

import io.intrahub.access.ReadScope;
import io.intrahub.base.PercentCoding;
import io.intrahub.hub.HubError;
import io.intrahub.hub.HubTarget;
import io.intrahub.hub.RepoId;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Says which requests may use the mirror's own token in the modes in which tokens of clients don't
 * count. Pure.
 *
 * <p>The token is used only for a list of routes that read one repo, and only for clients that the
 * rules admit to that repo. A search is asked without a token: with it, the answer would list the
 * private repos of the mirror's account. What concerns accounts and settings is never sent to the
 * Hub, because the mirror's account is not the client's.
 */
final class ServiceRoutes {
  /** Resources of a repo that are part of its content, with all below them. */
  private static final Set<String> CONTENT_READS =
      Set.of("commits", "croissant", "parquet", "safetensors-metadata", "treesize");

  /**
   * Resources that describe a repo. What else the Hub has below them may be for its owners only.
   */
  private static final Pattern DESCRIPTIONS =
      Pattern.compile("discussions(/\\d{1,9})?|compare/[^/]*[^/.][^/]*|leaderboard|likers|scan");

  /** Those of both that the Hub shows of a gated repo to everybody, as it does its tree. */
  private static final Set<String> METADATA =
      Set.of("commits", "discussions", "leaderboard", "likers", "treesize");

  /** Resources of a repo that belong to its owners. */
  private static final Set<String> REPO_SETTINGS =
      Set.of(
          "lfs-files",
          "resource-group",
          "secrets",
          "settings",
          "user-access-report",
          "user-access-request",
          "variables");

  /** First segments of the API that are about the holder of a token. */
  private static final Set<String> ACCOUNT =
      Set.of(
          "billing",
          "jobs",
          "login",
          "logout",
          "notifications",
          "oauth",
          "scheduled-jobs",
          "settings",
          "sso",
          "tokens",
          "whoami");

  /** Segments after which a path is about the holder of a token, wherever they are. */
  private static final Set<String> ACCOUNT_ANYWHERE = Set.of("settings", "zero-gpu");

  private ServiceRoutes() {}

  /** How a request is answered. */
  sealed interface Use {
    /**
     * From the store, or from the Hub with the mirror's own token, if the rules admit the client to
     * this repo; otherwise not at all.
     */
    record OfRepo(RepoId repo) implements Use {}

    /** By the Hub, without any token. */
    record WithoutToken() implements Use {}

    /** By the mirror: whether the rules admit the client to this repo. */
    record AuthCheck(RepoId repo) implements Use {}

    /** By the mirror: who the client is; see {@link LocalIdentity}. */
    record Identity() implements Use {}

    /** By the mirror, the same for everybody. */
    record ByMirror() implements Use {}

    /** Not at all. */
    record Refused(HubError error) implements Use {}
  }

  /**
   * Decides about a request.
   *
   * @param method other than OPTIONS
   */
  static Use of(String method, HubTarget target) {
    boolean isRead = method.equals("GET") || method.equals("HEAD");
    boolean isReadByPost =
        method.equals("POST")
            && (target instanceof HubTarget.PathsInfo || Buckets.isPathsInfo(target));
    if (target instanceof HubTarget.Telemetry) {
      return new Use.ByMirror();
    }
    if (!isRead && !isReadByPost) {
      return new Use.Refused(HubError.readOnly());
    }
    return switch (target) {
      case HubTarget.ResolveFile t -> new Use.OfRepo(t.repo());
      case HubTarget.ResolveCacheFile t -> new Use.OfRepo(t.repo());
      case HubTarget.RawFile t -> new Use.OfRepo(t.repo());
      case HubTarget.RepoInfo t -> new Use.OfRepo(t.repo());
      case HubTarget.Tree t -> new Use.OfRepo(t.repo());
      case HubTarget.Refs t -> new Use.OfRepo(t.repo());
      case HubTarget.PathsInfo t ->
          isReadByPost
              ? new Use.OfRepo(t.repo())
              : new Use.Refused(HubError.methodNotAllowed(method));
      case HubTarget.RepoResource t -> resource(t);
      case HubTarget.OtherApi t -> other(t);
      case HubTarget.PaperText _ -> new Use.WithoutToken();
      case HubTarget.BlobPage _,
          HubTarget.AgentHarnesses _,
          HubTarget.XetToken _,
          HubTarget.Telemetry _,
          HubTarget.Page _ ->
          new Use.ByMirror();
    };
  }

  private static Use resource(HubTarget.RepoResource target) {
    Optional<List<String>> decoded = segments(target.rest());
    if (decoded.isEmpty()) {
      return accountsAreElsewhere();
    }
    List<String> segments = decoded.get();
    if (target.rest().equals("auth-check")) {
      return new Use.AuthCheck(target.repo());
    }
    // The raw text, because only what is spelled as expected is known to be read as expected.
    if (CONTENT_READS.contains(target.rest().split("/", 2)[0])
        || DESCRIPTIONS.matcher(target.rest()).matches()) {
      return new Use.OfRepo(target.repo());
    }
    return segments.getFirst().equals("auth-check")
            || segments.stream().anyMatch(REPO_SETTINGS::contains)
        ? accountsAreElsewhere()
        : new Use.WithoutToken();
  }

  /** What a client must be allowed to read of the repo to be told about this resource. */
  static ReadScope scope(HubTarget.RepoResource target) {
    return METADATA.contains(target.rest().split("/", 2)[0])
        ? ReadScope.METADATA
        : ReadScope.CONTENT;
  }

  private static Use other(HubTarget.OtherApi target) {
    if (target.path().equals("/api/whoami-v2")) {
      return new Use.Identity();
    }
    Optional<List<String>> decoded = segments(target.path().substring(1));
    return decoded
            .filter(s -> s.stream().noneMatch(ACCOUNT_ANYWHERE::contains))
            .filter(s -> s.size() < 2 || !isAccount(s.get(1)))
            .isPresent()
        ? new Use.WithoutToken()
        : accountsAreElsewhere();
  }

  private static boolean isAccount(String word) {
    return ACCOUNT.contains(word) || word.startsWith("whoami");
  }

  /** The decoded segments in lower case; empty if one can't be decoded. */
  private static Optional<List<String>> segments(String path) {
    List<Optional<String>> decoded =
        Stream.of(path.split("/", -1)).map(PercentCoding::decode).toList();
    return decoded.stream().allMatch(Optional::isPresent)
        ? Optional.of(
            decoded.stream()
                .flatMap(Optional::stream)
                .map(word -> word.toLowerCase(Locale.ROOT))
                .toList())
        : Optional.empty();
  }

  private static Use accountsAreElsewhere() {
    return new Use.Refused(HubError.accountRoute());
  }
}
