package io.intrahub.cachefolder;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.intrahub.base.BudgetExhaustedException;
import io.intrahub.base.MemoryBudget;
import io.intrahub.cachefolder.FolderFiles.UnusableException;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * Reads the store of Olah 0.5, another mirror of the Hub: the folder that its option {@code
 * --repos-path} names. Only whole files of a known commit, path and digest are used. For one
 * thread.
 *
 * <pre>
 * files/models/acme/tiny/resolve/{commit}/a/b.json/   an {@linkplain OlahEntry entry}
 * api/models/acme/tiny/revision/main/                 {@linkplain OlahRefs which commit it was}
 * lfs/                                                {@linkplain OlahXetFiles files by their hash}
 * </pre>
 */
public final class OlahStoreReader implements CachedFiles {
  /** Why content without a name is skipped. */
  static final String UNKNOWN = "Olah did not note of which commit and path it is";

  private static final String FILES = "files";
  private static final String RESOLVE = "resolve";

  private final Path root;
  private final OlahXetFiles xetFiles;

  /** Whether what belongs to no repo was named. */
  private boolean namelessSkipped;

  /**
   * Reads a store.
   *
   * @param wanted the repos of which something is to be imported
   * @param memory grown by what is held of the store until the import has ended; closed by the
   *     caller
   * @throws IOException if it is not there, or has more files than the memory has space for
   */
  public OlahStoreReader(Path root, Predicate<RepoId> wanted, MemoryBudget.Reservation memory)
      throws IOException {
    if (!Files.isDirectory(root)) {
      throw new NotDirectoryException(root + " is not a folder");
    }
    this.root = root.toRealPath();
    this.xetFiles = new OlahXetFiles(this.root, memory);
    try {
      xetFiles.read(wanted);
    } catch (BudgetExhaustedException e) {
      throw new IOException(
          "%s has more files than there is memory for in one import: import it in parts with --repo"
              .formatted(root),
          e);
    }
  }

  private void skipNameless(Skips skips) throws IOException {
    xetFiles.skip(skips);
    for (Path folder : FolderFiles.list(root.resolve("lfs").resolve(FILES), skips)) {
      if (!folder.endsWith("xet")) {
        walk(folder, skips, entry -> skips.skipped(entry, UNKNOWN));
      }
    }
  }

  @Override
  public List<RepoId> repos() throws IOException {
    TreeSet<RepoId> repos =
        new TreeSet<>(Comparator.comparing(RepoId::type).thenComparing(RepoId::id));
    for (RepoType type : RepoType.values()) {
      for (Path first : FolderFiles.list(root.resolve(FILES).resolve(type.plural()))) {
        String name = first.getFileName().toString();
        for (Path second : FolderFiles.list(first)) {
          if (second.endsWith(RESOLVE) && hasCommit(second)) {
            RepoId.parse(type, name).ifPresent(repos::add);
          }
          if (Files.isDirectory(second.resolve(RESOLVE), NOFOLLOW_LINKS)) {
            RepoId.parse(type, name + "/" + second.getFileName()).ifPresent(repos::add);
          }
        }
      }
    }
    repos.addAll(xetFiles.repos());
    return List.copyOf(repos);
  }

  private static boolean hasCommit(Path folder) throws IOException {
    return FolderFiles.list(folder).stream().anyMatch(path -> commitAt(path).isPresent());
  }

  private static Optional<CommitHash> commitAt(Path folder) {
    return CommitHash.parse(folder.getFileName().toString());
  }

  private Path folder(String part, RepoId repo) {
    return root.resolve(part).resolve(repo.type().plural()).resolve(repo.id());
  }

  @Override
  public List<CommitHash> commits(RepoId repo, Skips skips) throws IOException {
    if (!namelessSkipped) {
      namelessSkipped = true;
      skipNameless(skips);
    }
    skipCdn(repo, skips);
    TreeSet<CommitHash> commits = new TreeSet<>(Comparator.comparing(CommitHash::hex));
    for (Path path : FolderFiles.list(folder(FILES, repo).resolve(RESOLVE), skips)) {
      Optional<CommitHash> commit = commitAt(path);
      commit.ifPresent(commits::add);
      if (commit.isEmpty()) {
        skips.skipped(path, "it is not named after a commit");
      }
    }
    commits.addAll(xetFiles.commits(repo));
    return List.copyOf(commits);
  }

  /** Olah keeps what was requested from the CDN's addresses by a hash of that address. */
  private void skipCdn(RepoId repo, Skips skips) {
    for (Path entry : FolderFiles.list(folder(FILES, repo).resolve("cdn"), skips)) {
      skips.skipped(entry, UNKNOWN);
    }
  }

  @Override
  public void files(RepoId repo, CommitHash commit, Receiver to) throws IOException {
    Path snapshot = folder(FILES, repo).resolve(RESOLVE).resolve(commit.hex());
    walk(snapshot, to, folder -> pass(folder, to, () -> cached(snapshot, folder)));
    xetFiles.files(
        repo,
        commit,
        to,
        file ->
            pass(
                file.entry(),
                to,
                () -> OlahEntry.read(file.entry()).asFile(file.path(), file.sha256())));
  }

  /** Makes a file of an entry. */
  private interface Maker {
    CachedFile make() throws UnusableException;
  }

  private static void pass(Path entry, Receiver to, Maker maker) throws IOException {
    CachedFile file;
    try {
      file = maker.make();
    } catch (UnusableException e) {
      to.skipped(entry, String.valueOf(e.getMessage()));
      return;
    }
    to.file(file);
  }

  private static CachedFile cached(Path snapshot, Path folder) throws UnusableException {
    FilePath path =
        FolderFiles.pathIn(snapshot, folder)
            .orElseThrow(() -> new UnusableException("no file of the Hub has such a name"));
    OlahEntry entry = OlahEntry.read(folder);
    Digest digest =
        Digest.ofEtag(entry.header().etag())
            .orElseThrow(() -> new UnusableException("Olah did not note its digest"));
    return entry.asFile(path, digest);
  }

  /** Takes the folder of each entry. */
  private interface Visitor<E extends Exception> {
    void entry(Path folder) throws E;
  }

  /** Visits the entries in a folder and below it, without following links. */
  private static <E extends Exception> void walk(Path folder, Skips skips, Visitor<E> visitor)
      throws E {
    if (OlahEntry.isAt(folder)) {
      visitor.entry(folder);
      return;
    }
    for (Path path : FolderFiles.list(folder, skips)) {
      if (Files.isDirectory(path, NOFOLLOW_LINKS)) {
        walk(path, skips, visitor);
      } else if (!path.getFileName().toString().endsWith(".lock")) {
        skips.skipped(path, "it is not in the format of Olah 0.5");
      }
    }
  }

  @Override
  public List<CachedRef> refs(RepoId repo, Skips skips) {
    return new ArrayList<>(new OlahRefs(folder("api", repo)).read(skips));
  }
}
