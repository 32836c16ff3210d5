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
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Reads a folder that a client downloaded to with {@code --local-dir}: plain files, and what the
 * client noted about each in {@code .cache/huggingface/download/{path}.metadata}. It does not say
 * of which repo they are, nor of which revision.
 */
public final class LocalFolderReader implements CachedFiles {
  private static final String METADATA = ".metadata";
  private static final int MAX_METADATA = 1024;

  private final Path root;
  private final RepoId repo;
  private final FolderFiles folder;

  /** What the client noted: the digests of the paths of each commit. */
  private final Map<String, Map<String, Digest>> noted = new TreeMap<>();

  /** What could not be read of the client's notes. */
  private final Map<Path, String> unreadable = new TreeMap<>();

  private final Optional<Revision> revision;
  private Instant notedAt = Instant.EPOCH;

  /**
   * Reads a folder.
   *
   * @param repo whose files they are
   * @param revision what the client asked for, if that is known
   * @throws IOException if it can't be read
   */
  public LocalFolderReader(Path root, RepoId repo, Optional<Revision> revision) throws IOException {
    this.root = root.toRealPath();
    this.repo = repo;
    this.revision = revision;
    this.folder = new FolderFiles(root);
    Path metadata = this.root.resolve(".cache").resolve("huggingface").resolve("download");
    FolderFiles.walk(
        metadata,
        unreadable::put,
        file -> {
          try {
            note(metadata, file);
          } catch (IOException e) {
            unreadable.put(file, "it can't be read (" + e + ")");
          }
        });
  }

  private void note(Path metadata, Path file) throws IOException {
    String name = file.getFileName().toString();
    if (!name.endsWith(METADATA)
        || !Files.isRegularFile(file, NOFOLLOW_LINKS)
        || Files.size(file) > MAX_METADATA) {
      return;
    }
    String plain = name.substring(0, name.length() - METADATA.length());
    Optional<FilePath> path =
        plain.isEmpty()
            ? Optional.empty()
            : FolderFiles.pathIn(metadata, file.resolveSibling(plain));
    List<String> lines = Files.readString(file, StandardCharsets.ISO_8859_1).lines().toList();
    if (path.isEmpty() || lines.size() < 2) {
      return;
    }
    Optional<CommitHash> commit = CommitHash.parse(lines.get(0).strip());
    Optional<Digest> digest = Digest.ofEtag(lines.get(1).strip());
    if (commit.isPresent() && digest.isPresent()) {
      noted
          .computeIfAbsent(commit.get().hex(), _ -> new TreeMap<>())
          .put(path.get().value(), digest.get());
      Instant written = Files.getLastModifiedTime(file).toInstant();
      notedAt = written.isAfter(notedAt) ? written : notedAt;
    }
  }

  @Override
  public List<RepoId> repos() {
    return noted.isEmpty() && unreadable.isEmpty() ? List.of() : List.of(repo);
  }

  @Override
  public List<CommitHash> commits(RepoId of, Skips skips) {
    unreadable.forEach(skips::skipped);
    return commits();
  }

  private List<CommitHash> commits() {
    return noted.keySet().stream().map(CommitHash::new).toList();
  }

  @Override
  public void files(RepoId of, CommitHash commit, Receiver to) throws IOException {
    for (Map.Entry<String, Digest> one : noted.getOrDefault(commit.hex(), Map.of()).entrySet()) {
      Path file = root.resolve(one.getKey());
      if (!Files.exists(file, NOFOLLOW_LINKS)) {
        // The user moved it away, which is no fault.
        continue;
      }
      try {
        Path content = folder.content(file);
        to.file(
            new CachedFile(
                new FilePath(one.getKey()),
                one.getValue(),
                content,
                FolderFiles.look(content, Files::size)));
      } catch (UnusableException e) {
        to.skipped(file, String.valueOf(e.getMessage()));
      }
    }
  }

  @Override
  public List<CachedRef> refs(RepoId of, Skips skips) {
    // Files of several commits are of no one revision.
    return revision.isPresent() && noted.size() == 1
        ? List.of(new CachedRef(revision.get(), commits().getFirst(), notedAt))
        : List.of();
  }
}
