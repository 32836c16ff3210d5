package io.intrahub.hub;

import io.intrahub.base.PercentCoding;
import java.util.Locale;
import java.util.Optional;

/**
 * The parsed target of a request to the Hub. {@link HubTargetParser} reads the many spellings that
 * clients send; {@link #format} writes the canonical one, so that {@code parse(format(x)) = x}.
 */
public sealed interface HubTarget {
  /** Returns the percent-encoded path, as sent over the wire. */
  String format();

  /** Returns the repo that it is about; empty if it is about none, or about several. */
  default Optional<RepoId> about() {
    return switch (this) {
      case ResolveFile t -> Optional.of(t.repo());
      case ResolveCacheFile t -> Optional.of(t.repo());
      case RawFile t -> Optional.of(t.repo());
      case BlobPage t -> Optional.of(t.repo());
      case RepoInfo t -> Optional.of(t.repo());
      case Tree t -> Optional.of(t.repo());
      case PathsInfo t -> Optional.of(t.repo());
      case Refs t -> Optional.of(t.repo());
      case RepoResource t -> Optional.of(t.repo());
      case XetToken t -> Optional.of(t.repo());
      case AgentHarnesses _, Telemetry _, OtherApi _, PaperText _, Page _ -> Optional.empty();
    };
  }

  /** {@code /{repo}/resolve/{revision}/{path}}: the content of a file. */
  record ResolveFile(RepoId repo, Revision revision, FilePath path) implements HubTarget {
    @Override
    public String format() {
      return Format.file(repo, "resolve", revision, path);
    }
  }

  /** {@code /api/resolve-cache/{type}s/{repo}/{commit}/{path}}: where the Hub redirects to. */
  record ResolveCacheFile(RepoId repo, CommitHash commit, FilePath path) implements HubTarget {
    @Override
    public String format() {
      return "/api/resolve-cache/"
          + repo.type().plural()
          + "/"
          + repo.id()
          + "/"
          + commit.hex()
          + "/"
          + encodedPath();
    }

    /**
     * A folder named like a commit is written with its first digit escaped, if the id has one
     * segment only: the parser would take the commit for the repo's name and the folder for the
     * commit.
     */
    private String encodedPath() {
      String encoded = path.encoded();
      String first = path.value().split("/", 2)[0];
      boolean misread = repo.id().indexOf('/') < 0 && CommitHash.parse(first).isPresent();
      return misread ? Format.escaped(encoded) : encoded;
    }
  }

  /** {@code /{repo}/raw/{revision}/{path}}: the file in git; for an LFS file, its pointer. */
  record RawFile(RepoId repo, Revision revision, FilePath path) implements HubTarget {
    @Override
    public String format() {
      return Format.file(repo, "raw", revision, path);
    }
  }

  /** {@code /{repo}/blob/{revision}/{path}}: the Hub's page about a file. */
  record BlobPage(RepoId repo, Revision revision, FilePath path) implements HubTarget {
    @Override
    public String format() {
      return Format.file(repo, "blob", revision, path);
    }
  }

  /**
   * {@code /api/{type}s/{repo}[/revision/{revision}]}.
   *
   * @param revision empty: the default branch
   */
  record RepoInfo(RepoId repo, Optional<Revision> revision) implements HubTarget {
    @Override
    public String format() {
      String api = Format.api(repo);
      return revision.map(r -> api + "/revision/" + Format.segment(r.value())).orElse(api);
    }
  }

  /**
   * {@code /api/{type}s/{repo}/tree/{revision}[/{path}]}.
   *
   * @param path empty: the root
   */
  record Tree(RepoId repo, Revision revision, Optional<FilePath> path) implements HubTarget {
    @Override
    public String format() {
      String tree = Format.api(repo) + "/tree/" + Format.segment(revision.value());
      return path.map(p -> tree + "/" + PercentCoding.encode(p.value())).orElse(tree);
    }
  }

  /** {@code POST /api/{type}s/{repo}/paths-info/{revision}}. */
  record PathsInfo(RepoId repo, Revision revision) implements HubTarget {
    @Override
    public String format() {
      return Format.api(repo) + "/paths-info/" + Format.segment(revision.value());
    }
  }

  /** {@code /api/{type}s/{repo}/refs}. */
  record Refs(RepoId repo) implements HubTarget {
    @Override
    public String format() {
      return Format.api(repo) + "/refs";
    }
  }

  /** {@code /api/{type}s/{repo}/xet-read-token/{revision}} and its write twin. */
  record XetToken(RepoId repo) implements HubTarget {
    @Override
    public String format() {
      return Format.api(repo) + "/xet-read-token/main";
    }
  }

  /**
   * Any other resource of a repo: commits, auth-check, discussions, …
   *
   * @param rest the raw, still encoded segments behind the id, without a leading slash
   */
  record RepoResource(RepoId repo, String rest) implements HubTarget {
    private static final String COMMITS = "commits/";

    @Override
    public String format() {
      return Format.api(repo) + "/" + rest;
    }

    /** The revision whose history is asked for; empty if it is another resource. */
    public Optional<Revision> commitsOf() {
      return rest.startsWith(COMMITS)
          ? PercentCoding.decode(rest.substring(COMMITS.length())).flatMap(Revision::parse)
          : Optional.empty();
    }
  }

  /** {@code /api/agent-harnesses}. */
  record AgentHarnesses() implements HubTarget {
    @Override
    public String format() {
      return "/api/agent-harnesses";
    }
  }

  /** {@code /api/telemetry/{topic}}. */
  record Telemetry() implements HubTarget {
    @Override
    public String format() {
      return "/api/telemetry/hf_hub";
    }
  }

  /**
   * Anything else under {@code /api}.
   *
   * @param path the raw path, collapsed and without dot segments
   */
  record OtherApi(String path) implements HubTarget {
    @Override
    public String format() {
      return path;
    }
  }

  /**
   * {@code /papers/{id}.md}: the text of a paper (huggingface_hub 2.4.0, {@code HfApi.read_paper}).
   *
   * @param id decoded, not empty
   */
  record PaperText(String id) implements HubTarget {
    @Override
    public String format() {
      return "/papers/" + PercentCoding.encode(id) + ".md";
    }
  }

  /**
   * A path outside the Hub's API.
   *
   * @param path the raw path
   */
  record Page(String path) implements HubTarget {
    @Override
    public String format() {
      return path;
    }
  }

  /** Writing of the parts; see {@link HubTargetParser} for why some words are escaped. */
  final class Format {
    private Format() {}

    private static String file(RepoId repo, String verb, Revision revision, FilePath path) {
      return "/"
          + repo.type().pathPrefix()
          + Format.id(repo)
          + "/"
          + verb
          + "/"
          + segment(revision.value())
          + "/"
          + path.encoded();
    }

    private static String api(RepoId repo) {
      return "/api/" + repo.type().plural() + "/" + id(repo);
    }

    private static String id(RepoId repo) {
      int slash = repo.id().indexOf('/');
      return slash < 0
          ? segment(repo.id())
          : segment(repo.id().substring(0, slash)) + "/" + segment(repo.id().substring(slash + 1));
    }

    /**
     * Writes one segment. A reserved word of the parser is written with its first letter escaped,
     * because the parser looks for reserved words before it decodes.
     */
    private static String segment(String plain) {
      String encoded = PercentCoding.encode(plain);
      return HubTargetParser.isReservedWord(plain) ? escaped(encoded) : encoded;
    }

    /** The same text, its first character escaped. */
    private static String escaped(String encoded) {
      return "%"
          + Integer.toHexString(encoded.charAt(0)).toUpperCase(Locale.ROOT)
          + encoded.substring(1);
    }
  }
}
