package io.intrahub.cachefolder;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.intrahub.cachefolder.CachedFiles.CachedFile;
import io.intrahub.cachefolder.CachedFiles.Receiver;
import io.intrahub.cachefolder.FolderFiles.UnusableException;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.json.MalformedJsonException;
import io.intrahub.hub.json.TreeCacheJson;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The plain files of a snapshot, which clients write on file systems without symbolic links. Their
 * digests are those that the list of the commit's files names. Without a list, they are computed,
 * but only if the snapshot has no links, and no blobs but those of its files: a plain file among
 * links, or beside a blob with other content, is one that somebody has put in the place of a
 * client's. A list that can't be read leaves the digests unknown. For one thread, and one call.
 */
final class PlainSnapshot {
  /** As many as any dataset has; each takes 24 bytes of memory while the snapshot is read. */
  private static final int MAX_LISTED = 1_000_000;

  private final CacheLayout layout;
  private final FolderFiles folder;
  private final RepoId repo;
  private final CommitHash commit;
  private final Path snapshot;
  private final boolean hasLinks;

  /**
   * Reads nothing yet.
   *
   * @param hasLinks whether the snapshot has links too
   */
  PlainSnapshot(
      CacheLayout layout, FolderFiles folder, RepoId repo, CommitHash commit, boolean hasLinks) {
    this.layout = layout;
    this.folder = folder;
    this.repo = repo;
    this.commit = commit;
    this.snapshot = layout.snapshot(repo, commit);
    this.hasLinks = hasLinks;
  }

  /**
   * Passes the files on.
   *
   * @throws IOException if the receiver fails
   */
  void pass(Receiver to) throws IOException {
    Path tree = layout.tree(repo, commit);
    ListState state = state(tree, to);
    if (state == ListState.USABLE) {
      walk(passListed(tree, to), to, unlisted("the client's list of the commit does not have it"));
      return;
    }
    Path known = layout.knownFiles(repo, commit);
    ListState knownState = state(known, to);
    PathHashes listed =
        knownState == ListState.USABLE ? passListed(known, to) : new PathHashes.Builder().build();
    if (state == ListState.UNUSABLE || knownState == ListState.UNUSABLE) {
      walk(
          listed, to, unlisted("the list of the commit's files, which is to name it, is unusable"));
    } else {
      // A client may have added files since an export wrote the list.
      passUnlisted(listed, to);
    }
  }

  private static Describer unlisted(String why) {
    return (_, _) -> {
      throw new UnusableException(why);
    };
  }

  private void passUnlisted(PathHashes listed, Receiver to) throws IOException {
    ComputedDigests digests;
    try {
      digests = new ComputedDigests(snapshot);
    } catch (IOException e) {
      to.skipped(snapshot, "its .gitattributes can't be read (" + e + ")");
      return;
    }
    Set<Digest> noted = blobs(to);
    walk(
        listed,
        to,
        (path, content) -> {
          if (hasLinks) {
            throw new UnusableException("it is not a link to a blob, so its digest is not known");
          }
          return digests.describe(path, content, noted, to::reading);
        });
  }

  /**
   * The names of the repo's blobs: somebody may have copied a folder with what its links led to.
   */
  private Set<Digest> blobs(Receiver to) {
    return FolderFiles.list(layout.blobs(repo), to).stream()
        .map(path -> Digest.ofEtag(path.getFileName().toString()))
        .flatMap(Optional::stream)
        .collect(Collectors.toSet());
  }

  /** What there is in the place of a list of the commit's files. */
  private enum ListState {
    MISSING,
    /** It says the digests, but can't be read to its end. */
    UNUSABLE,
    USABLE
  }

  private ListState state(Path list, Receiver to) {
    if (!Files.exists(list, NOFOLLOW_LINKS)) {
      return ListState.MISSING;
    }
    try {
      read(list, file -> to.reading());
      return ListState.USABLE;
    } catch (IOException | MalformedJsonException | UnusableException e) {
      to.skipped(list, "it is not a usable list of the commit's files (" + e.getMessage() + ")");
      return ListState.UNUSABLE;
    }
  }

  private void read(Path list, TreeCacheJson.Receiver to)
      throws IOException, MalformedJsonException, UnusableException {
    if (!folder.content(list).equals(list)) {
      throw new UnusableException("a link leads to it");
    }
    int[] files = new int[1];
    try (InputStream in = new BufferedInputStream(Files.newInputStream(list))) {
      TreeCacheJson.read(
          in,
          file -> {
            if (++files[0] > MAX_LISTED) {
              throw new IOException("it names more than " + MAX_LISTED + " files");
            }
            to.take(file);
          });
    }
  }

  /** Passes the files that a list names, and returns all paths of the list. */
  private PathHashes passListed(Path list, Receiver to) throws IOException {
    PathHashes.Builder listed = new PathHashes.Builder();
    try {
      read(
          list,
          file -> {
            listed.add(file.path());
            Optional<Path> plain = plain(file.path());
            if (plain.isPresent()) {
              pass(
                  plain.get(),
                  to,
                  (path, content) ->
                      new CachedFile(
                          path,
                          file.blob().orElseThrow().digest(),
                          content,
                          FolderFiles.look(content, Files::size)));
            }
          });
    } catch (MalformedJsonException | UnusableException e) {
      to.skipped(list, "it was changed meanwhile (" + e.getMessage() + ")");
    }
    return listed.build();
  }

  private Optional<Path> plain(FilePath path) {
    try {
      return Optional.of(snapshot.resolve(path.value()))
          .filter(file -> Files.isRegularFile(file, NOFOLLOW_LINKS));
    } catch (InvalidPathException e) {
      // The locale of this process does not have its letters; the walk names the file.
      return Optional.empty();
    }
  }

  /** Finds out what a file is. */
  private interface Describer {
    CachedFile describe(FilePath path, Path content) throws UnusableException;
  }

  /** Passes all plain files but some. */
  private void walk(PathHashes but, Receiver to, Describer describer) throws IOException {
    FolderFiles.walk(
        snapshot,
        // Named when the links were looked for.
        (_, _) -> {},
        file -> {
          boolean isPassed = FolderFiles.pathIn(snapshot, file).filter(but::contains).isPresent();
          if (!Files.isSymbolicLink(file) && !isPassed) {
            pass(file, to, describer);
          }
        });
  }

  private void pass(Path file, Receiver to, Describer describer) throws IOException {
    CachedFile described;
    try {
      FilePath path = FolderFiles.hubPath(snapshot, file);
      Path content = folder.content(file);
      if (!content.startsWith(snapshot)) {
        throw new UnusableException("a link leads to its folder");
      }
      described = describer.describe(path, content);
    } catch (UnusableException e) {
      to.skipped(file, String.valueOf(e.getMessage()));
      return;
    }
    to.file(described);
  }
}
