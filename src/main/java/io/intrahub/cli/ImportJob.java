package io.intrahub.cli;

import io.intrahub.base.MemoryBudget;
import io.intrahub.cachefolder.CacheFolderReader;
import io.intrahub.cachefolder.CacheImport;
import io.intrahub.cachefolder.CachedFiles;
import io.intrahub.cachefolder.GitCloneReader;
import io.intrahub.cachefolder.LocalFolderReader;
import io.intrahub.cachefolder.OlahStoreReader;
import io.intrahub.cachefolder.PlainFolderReader;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoPattern;
import io.intrahub.hub.Revision;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What is to be imported, on this machine or by a running mirror. Immutable.
 *
 * @param folder absolute
 * @param repos patterns of repos; if the folder has one repo, that, with or without a revision
 * @param commit of {@link Kind#FILES}; empty for all others
 * @param link whether the store gets hard links to the files
 */
record ImportJob(Kind kind, Path folder, List<String> repos, String commit, boolean link) {
  /** What kind of folder it is. */
  enum Kind {
    /** A cache folder of the Hub's Python clients. */
    HF_CACHE,
    /** The store of another mirror, Olah. */
    OLAH,
    /** What one repo was downloaded to. */
    LOCAL_DIR,
    /** A git clone of one repo. */
    GIT,
    /** Plain files of one repo. */
    FILES;

    /** Whether the folder has one repo, which the operator names. */
    boolean isOfOneRepo() {
      return this != HF_CACHE && this != OLAH;
    }

    /** As it is written on the command line. */
    String flag() {
      return "--" + name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  ImportJob {
    repos = List.copyOf(repos);
  }

  /** The job makes no sense. The message is for the operator. */
  static final class InvalidException extends Exception {
    private static final long serialVersionUID = 1L;

    InvalidException(String what) {
      super(what);
    }
  }

  /** Checks what can be checked without the folder. */
  ImportJob checked() throws InvalidException {
    if (kind.isOfOneRepo()) {
      var _ = target();
    } else {
      var _ = patterns();
    }
    if (kind == Kind.FILES) {
      var _ = namedCommit();
    } else if (!commit.isEmpty()) {
      throw new InvalidException("--commit is for --files only: other folders name their commit");
    }
    return this;
  }

  /** The share of the memory budget of what is held of a folder while it is imported. */
  static final String HOLDER = "folder of an import";

  /** The folder, with those of its repos that are wanted. */
  record Opened(CachedFiles folder, List<RepoId> repos) {}

  /**
   * Opens the folder.
   *
   * @param memory for what must be held of it for a while
   * @param held grown by what is held of it until the import has ended; closed by the caller
   * @throws IOException if it can't be read
   */
  Opened open(MemoryBudget memory, MemoryBudget.Reservation held)
      throws IOException, InvalidException {
    return switch (kind) {
      case HF_CACHE -> matching(new CacheFolderReader(folder));
      case OLAH -> matching(new OlahStoreReader(folder, wanted(), held));
      case LOCAL_DIR -> all(new LocalFolderReader(folder, target().repo(), target().revision()));
      case GIT -> all(new GitCloneReader(folder, target().repo(), target().revision(), memory));
      case FILES ->
          all(new PlainFolderReader(folder, target().repo(), target().revision(), namedCommit()));
    };
  }

  private static Opened all(CachedFiles folder) throws IOException {
    return new Opened(folder, folder.repos());
  }

  private CommitHash namedCommit() throws InvalidException {
    return CommitHash.parse(commit)
        .orElseThrow(() ->
            new InvalidException(
                "--files: name the commit of the files with --commit, 40 hexadecimal digits"));
  }

  private Opened matching(CachedFiles files) throws IOException, InvalidException {
    return new Opened(files, files.repos().stream().filter(wanted()).toList());
  }

  private Predicate<RepoId> wanted() throws InvalidException {
    List<RepoPattern> wanted = patterns();
    return repo -> wanted.isEmpty() || wanted.stream().anyMatch(one -> one.matches(repo));
  }

  /**
   * Imports.
   *
   * @param data the folder of the store
   * @throws IOException if the folder can't be read, or the store can't be written
   */
  void run(Opened opened, CacheImport run, Path data, ImportReport report) throws IOException {
    if (opened.repos().isEmpty()) {
      report.nothingFound(folder);
      return;
    }
    report.begin(folder, run.describe(folder, data));
    for (RepoId repo : opened.repos()) {
      report.done(run.run(opened.folder(), repo));
    }
  }

  /** What a plain folder holds. */
  private record Target(RepoId repo, Optional<Revision> revision) {}

  private Target target() throws InvalidException {
    if (repos.size() != 1) {
      throw new InvalidException(
          kind.flag() + ": name the repo of the folder with one --repo, such as acme/tiny@main");
    }
    String text = repos.getFirst();
    int at = text.indexOf('@');
    String name = at < 0 ? text : text.substring(0, at);
    Optional<RepoId> repo =
        RepoPattern.parse(name).flatMap(pattern -> RepoId.parse(pattern.type(), pattern.glob()));
    if (repo.isEmpty()) {
      throw new InvalidException(
          "--repo: '" + name + "' is not a repo such as gpt2, acme/tiny or datasets/acme/data");
    }
    Optional<Revision> revision =
        at < 0 ? Optional.empty() : Revision.parse(text.substring(at + 1));
    if (at >= 0 && revision.isEmpty()) {
      throw new InvalidException("--repo: '" + text.substring(at + 1) + "' is not a branch or tag");
    }
    return new Target(repo.get(), revision);
  }

  private List<RepoPattern> patterns() throws InvalidException {
    List<RepoPattern> patterns = new ArrayList<>();
    for (String text : repos) {
      patterns.add(
          RepoPattern.parse(text)
              .orElseThrow(() ->
                  new InvalidException(
                      "--repo: '"
                          + text
                          + "' is not a pattern of repos such as acme/*, datasets/acme/* or"
                          + " gpt2")));
    }
    return patterns;
  }

  /** As a command sends it to the mirror. */
  byte[] toJson() {
    ObjectNode json = JsonMapper.shared().createObjectNode();
    json.put("kind", kind.name().toLowerCase(Locale.ROOT))
        .put("folder", folder.toString())
        .put("commit", commit)
        .put("link", link);
    ArrayNode names = json.putArray("repos");
    repos.forEach(names::add);
    return JsonMapper.shared().writeValueAsBytes(json);
  }

  static ImportJob ofJson(byte[] text) throws InvalidException {
    try {
      JsonNode json = JsonMapper.shared().readTree(text);
      List<String> repos = new ArrayList<>();
      json.path("repos").forEach(name -> repos.add(name.asString()));
      Path folder = Path.of(json.path("folder").asString());
      Kind kind = Kind.valueOf(json.path("kind").asString().toUpperCase(Locale.ROOT));
      if (folder.isAbsolute()) {
        String commit = json.path("commit").asString("");
        boolean link = json.path("link").asBoolean(false);
        return new ImportJob(kind, folder, repos, commit, link).checked();
      }
    } catch (JacksonException | IllegalArgumentException e) {
      // Another version's command; said below. InvalidPathException is one of them.
    }
    throw new InvalidException(
        "The running mirror does not understand this import: it may be of another version");
  }
}
