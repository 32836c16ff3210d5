package io.intrahub.cachefolder;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.intrahub.base.MemoryBudget;
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
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Reads a git clone of a repo of the Hub, with the LFS files that git-lfs has downloaded: the files
 * of the commit that is checked out. It runs no git.
 *
 * <p>Git's index names the files and the git blob ids, and their tree is compared with that of the
 * commit. The id of an LFS file is that of its pointer. All other files are taken from the work
 * tree.
 */
public final class GitCloneReader implements CachedFiles {
  private static final String OWNER = "import";
  private static final int MAX_POINTER = 1024;
  private static final byte[] POINTER =
      "version https://git-lfs".getBytes(StandardCharsets.US_ASCII);

  private final Path root;
  private final Path git;
  private final RepoId repo;
  private final Optional<Revision> revision;
  private final MemoryBudget memory;
  private final FolderFiles folder;
  private final CommitHash commit;
  private final GitIndex index;

  /**
   * Reads a clone.
   *
   * @param root the folder with the work tree
   * @param repo whose clone it is
   * @param revision what is checked out, if clients are to find it under a name
   * @param memory for what must be held of the clone
   * @throws IOException if it is no clone, or changes are staged in it
   */
  public GitCloneReader(Path root, RepoId repo, Optional<Revision> revision, MemoryBudget memory)
      throws IOException {
    this.folder = new FolderFiles(root);
    this.root = root.toRealPath();
    this.git = this.root.resolve(".git");
    this.repo = repo;
    this.revision = revision;
    this.memory = memory;
    if (!Files.isDirectory(git, NOFOLLOW_LINKS)) {
      throw new IOException(root + " has no folder .git, so it is not a git clone");
    }
    this.commit =
        GitHead.read(git)
            .orElseThrow(
                () -> new IOException("the commit that is checked out in " + root + " is unknown"));
    try (MemoryBudget.Reservation held = memory.reservation(OWNER)) {
      held.grow(GitObjects.MEMORY);
      String tree = new GitObjects(git.resolve("objects")).treeOf(commit);
      this.index = new GitIndex(git.resolve("index"), tree);
      index.read(held, (path, gitId) -> {});
    }
  }

  @Override
  public List<RepoId> repos() {
    return List.of(repo);
  }

  @Override
  public List<CommitHash> commits(RepoId of, Skips skips) {
    return List.of(commit);
  }

  @Override
  public void files(RepoId of, CommitHash at, Receiver to) throws IOException {
    try (MemoryBudget.Reservation held = memory.reservation(OWNER)) {
      LfsObjects objects = LfsObjects.list(git.resolve("lfs").resolve("objects"), held, to);
      index.read(held, (path, gitId) -> file(path, gitId, objects, to));
    }
  }

  private void file(String name, String gitId, LfsObjects objects, Receiver to) throws IOException {
    Path shown = root;
    try {
      shown = root.resolve(name);
      FilePath path =
          FilePath.parse(name)
              .orElseThrow(() -> new UnusableException("no file of the Hub has such a name"));
      Optional<LfsObjects.LfsObject> object = objects.ofPointer(gitId);
      to.file(
          object.isEmpty()
              ? plain(path, shown, gitId)
              : cached(path, object.get().sha256(), object.get().file()));
    } catch (InvalidPathException e) {
      to.skipped(shown, "it has a name that can't be read with this locale: set LC_ALL=C.UTF-8");
    } catch (UnusableException e) {
      to.skipped(shown, String.valueOf(e.getMessage()));
    }
  }

  private CachedFile cached(FilePath path, Digest digest, Path file) throws UnusableException {
    Path content = folder.content(file);
    return new CachedFile(path, digest, content, FolderFiles.look(content, Files::size));
  }

  private CachedFile plain(FilePath path, Path shown, String gitId) throws UnusableException {
    CachedFile file = cached(path, new Digest.GitSha1(gitId), shown);
    if (file.size() <= MAX_POINTER && FolderFiles.look(file.content(), GitCloneReader::isPointer)) {
      throw new UnusableException("its LFS content is not in the clone: run git lfs pull");
    }
    return file;
  }

  private static boolean isPointer(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    return bytes.length >= POINTER.length
        && Arrays.equals(bytes, 0, POINTER.length, POINTER, 0, POINTER.length);
  }

  @Override
  public List<CachedRef> refs(RepoId of, Skips skips) {
    try {
      return revision.isPresent()
          ? List.of(
              new CachedRef(
                  revision.get(),
                  commit,
                  Files.getLastModifiedTime(git.resolve("index")).toInstant()))
          : List.of();
    } catch (IOException e) {
      skips.skipped(git.resolve("index"), e.toString());
      return List.of();
    }
  }
}
