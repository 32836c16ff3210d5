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
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads a git clone of a repo of the Hub, with the LFS files that git-lfs has downloaded: the files
 * of the commit that is checked out. It runs no git.
 *
 * <p>Git's index names the files and the git blob ids of the commit. The id of an LFS file is that
 * of its pointer, whose text follows from the sha256 and the size of an LFS object. So the objects
 * that are there say which files are theirs. All other files are taken from the work tree.
 */
public final class GitCloneReader implements CachedFiles {
  private static final int MAX_REF = 1024;
  private static final int MAX_PACKED_REFS = 64 << 20;
  private static final int MAX_POINTER = 1024;
  private static final byte[] POINTER =
      "version https://git-lfs".getBytes(StandardCharsets.US_ASCII);

  private final Path root;
  private final Path git;
  private final RepoId repo;
  private final Optional<Revision> revision;
  private final FolderFiles folder;
  private final CommitHash commit;
  private final GitIndex index;

  /**
   * Reads a clone.
   *
   * @param root the folder with the work tree
   * @param repo whose clone it is
   * @param revision what is checked out, if clients are to find it under a name
   * @throws IOException if it is no clone, or changes are staged in it
   */
  public GitCloneReader(Path root, RepoId repo, Optional<Revision> revision) throws IOException {
    this.folder = new FolderFiles(root);
    this.root = root.toRealPath();
    this.git = this.root.resolve(".git");
    this.repo = repo;
    this.revision = revision;
    if (!Files.isDirectory(git, NOFOLLOW_LINKS)) {
      throw new IOException(root + " has no folder .git, so it is not a git clone");
    }
    this.commit =
        head()
            .orElseThrow(
                () -> new IOException("the commit that is checked out in " + root + " is unknown"));
    this.index = GitIndex.read(git.resolve("index"));
  }

  private Optional<CommitHash> head() throws IOException {
    String text = small(git.resolve("HEAD"), MAX_REF);
    if (!text.startsWith("ref: ")) {
      return CommitHash.parse(text);
    }
    String name = text.substring("ref: ".length()).strip();
    Path ref = git.resolve(name).normalize();
    if (!ref.startsWith(git.resolve("refs"))) {
      return Optional.empty();
    }
    if (Files.isRegularFile(ref, NOFOLLOW_LINKS)) {
      return CommitHash.parse(small(ref, MAX_REF));
    }
    Path packed = git.resolve("packed-refs");
    return Files.isRegularFile(packed, NOFOLLOW_LINKS)
        ? small(packed, MAX_PACKED_REFS)
            .lines()
            .filter(line -> line.endsWith(" " + name))
            .findFirst()
            .flatMap(line -> CommitHash.parse(line.substring(0, line.indexOf(' '))))
        : Optional.empty();
  }

  private static String small(Path file, int limit) throws IOException {
    if (!Files.isRegularFile(file, NOFOLLOW_LINKS) || Files.size(file) > limit) {
      throw new IOException(file + " is missing, or not what git writes");
    }
    return Files.readString(file, StandardCharsets.ISO_8859_1).strip();
  }

  @Override
  public List<RepoId> repos() {
    return List.of(repo);
  }

  @Override
  public List<CommitHash> commits(RepoId of, Skips skips) {
    return List.of(commit);
  }

  /** An LFS object that git-lfs has downloaded. */
  private record LfsObject(Digest.Sha256 sha256, Path file) {}

  /** The LFS objects by the git blob ids of their pointers. */
  private Map<String, LfsObject> lfsObjects(Skips skips) throws IOException {
    Map<String, LfsObject> objects = new HashMap<>();
    FolderFiles.walk(
        git.resolve("lfs").resolve("objects"),
        skips,
        file -> {
          Optional<Digest> digest = Digest.ofEtag(file.getFileName().toString());
          if (digest.isPresent()
              && digest.get() instanceof Digest.Sha256 sha256
              && Files.isRegularFile(file, NOFOLLOW_LINKS)) {
            byte[] pointer = LfsPointers.text(sha256, Files.size(file));
            objects.put(LfsPointers.gitId(pointer), new LfsObject(sha256, file));
          }
        });
    return objects;
  }

  @Override
  public void files(RepoId of, CommitHash at, Receiver to) throws IOException {
    Map<String, LfsObject> objects = lfsObjects(to);
    for (GitIndex.Item item : index.items()) {
      Path shown = root;
      try {
        shown = root.resolve(item.path());
        FilePath path =
            FilePath.parse(item.path())
                .orElseThrow(() -> new UnusableException("no file of the Hub has such a name"));
        LfsObject object = objects.get(item.gitId());
        if (object == null) {
          to.file(plain(path, shown, item.gitId()));
        } else {
          to.file(cached(path, object.sha256(), object.file()));
        }
      } catch (InvalidPathException e) {
        to.skipped(shown, "it has a name that can't be read with this locale: set LC_ALL=C.UTF-8");
      } catch (UnusableException e) {
        to.skipped(shown, String.valueOf(e.getMessage()));
      }
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
