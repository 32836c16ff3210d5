package io.intrahub.cachefolder;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.intrahub.cachefolder.FolderFiles.UnusableException;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Reads a cache folder: the layout of all versions of huggingface_hub, with or without the blobs
 * that 2.x shares between repos, and with plain files where the file system has no links. It looks
 * at snapshots, what they lead to, lists of their files, and refs only, so unfinished downloads and
 * locks are never seen.
 */
public final class CacheFolderReader implements CachedFiles {
  private static final int MAX_REF = 64;

  private final CacheLayout layout;
  private final FolderFiles folder;

  /**
   * Reads a cache folder.
   *
   * @throws IOException if it is not there
   */
  public CacheFolderReader(Path root) throws IOException {
    this.folder = new FolderFiles(root);
    this.layout = new CacheLayout(root.toRealPath());
  }

  @Override
  public List<RepoId> repos() throws IOException {
    return FolderFiles.list(layout.root()).stream()
        .map(path -> RepoId.ofFolderName(path.getFileName().toString()))
        .flatMap(Optional::stream)
        .sorted(Comparator.comparing(RepoId::type).thenComparing(RepoId::id))
        .toList();
  }

  @Override
  public List<CommitHash> commits(RepoId repo, Skips skips) {
    return FolderFiles.list(layout.snapshots(repo), skips).stream()
        .map(path -> CommitHash.parse(path.getFileName().toString()))
        .flatMap(Optional::stream)
        .toList();
  }

  @Override
  public void files(RepoId repo, CommitHash commit, Receiver to) throws IOException {
    Path snapshot = layout.snapshot(repo, commit);
    Set<Kind> found = EnumSet.noneOf(Kind.class);
    FolderFiles.walk(
        snapshot,
        to,
        file -> {
          if (!Files.isSymbolicLink(file)) {
            found.add(Kind.PLAIN);
            return;
          }
          found.add(Kind.LINK);
          try {
            to.file(cached(repo, snapshot, file));
          } catch (UnusableException e) {
            to.skipped(file, String.valueOf(e.getMessage()));
          }
        });
    if (found.contains(Kind.PLAIN)) {
      new PlainSnapshot(layout, folder, repo, commit, found.contains(Kind.LINK)).pass(to);
    }
  }

  /** What a client has put into a snapshot. */
  private enum Kind {
    LINK,
    PLAIN
  }

  /** Whether there is something of this repo. */
  boolean has(RepoId repo) {
    return Files.isDirectory(layout.repo(repo), NOFOLLOW_LINKS);
  }

  /** Whether there are files of this commit. */
  boolean has(RepoId repo, CommitHash commit) {
    return has(repo)
        && Files.isDirectory(layout.snapshots(repo), NOFOLLOW_LINKS)
        && Files.isDirectory(layout.snapshot(repo, commit), NOFOLLOW_LINKS);
  }

  /** The real path of the cache folder. */
  Path root() {
    return layout.root();
  }

  /** The folder with the files of a commit. */
  Path snapshot(RepoId repo, CommitHash commit) {
    return layout.snapshot(repo, commit);
  }

  /** What a revision was; empty also if that can't be read. */
  Optional<CachedRef> ref(RepoId repo, Revision revision) {
    try {
      Path noted = layout.ref(repo, revision);
      // A link may lead to what is noted of another repo.
      return folder.content(noted).equals(noted)
          ? refIn(layout.refs(repo), noted)
          : Optional.empty();
    } catch (UnusableException | IOException | InvalidPathException e) {
      return Optional.empty();
    }
  }

  /** The file to which a link in a snapshot leads. */
  CachedFile cached(RepoId repo, Path snapshot, Path file) throws UnusableException {
    FilePath path = FolderFiles.hubPath(snapshot, file);
    Path content = folder.content(file);
    Path target =
        CacheExport.parentOf(file)
            .resolve(FolderFiles.look(file, Files::readSymbolicLink))
            .normalize();
    Digest digest =
        Digest.ofEtag(target.getFileName().toString())
            .filter(d -> layout.blob(repo, d).equals(target))
            .orElseThrow(() -> new UnusableException("it does not lead to a blob of its repo"));
    // Its place may be a link: to the blobs that all repos share, but not to those of another one.
    if (!content.startsWith(layout.blobs(repo)) && !content.startsWith(layout.sharedBlobs())) {
      throw new UnusableException("it leads to a blob of another repo");
    }
    return new CachedFile(path, digest, content, FolderFiles.look(content, Files::size));
  }

  @Override
  public List<CachedRef> refs(RepoId repo, Skips skips) {
    List<CachedRef> refs = new ArrayList<>();
    Path all = layout.refs(repo);
    try {
      FolderFiles.walk(
          all,
          skips,
          file -> {
            try {
              FolderFiles.look(file, noted -> refIn(all, noted)).ifPresent(refs::add);
            } catch (UnusableException e) {
              skips.skipped(file, String.valueOf(e.getMessage()));
            }
          });
    } catch (IOException e) {
      skips.skipped(all, e.toString());
    }
    return refs;
  }

  private static Optional<CachedRef> refIn(Path all, Path file) throws IOException {
    Optional<Revision> revision =
        FolderFiles.pathIn(all, file).flatMap(path -> Revision.parse(path.value()));
    Optional<CommitHash> commit = commitIn(file);
    return revision.isPresent() && commit.isPresent()
        ? Optional.of(
            new CachedRef(
                revision.get(), commit.get(), Files.getLastModifiedTime(file).toInstant()))
        : Optional.empty();
  }

  private static Optional<CommitHash> commitIn(Path file) throws IOException {
    if (!Files.isRegularFile(file, NOFOLLOW_LINKS) || Files.size(file) > MAX_REF) {
      return Optional.empty();
    }
    return CommitHash.parse(Files.readString(file, StandardCharsets.ISO_8859_1).strip());
  }
}
