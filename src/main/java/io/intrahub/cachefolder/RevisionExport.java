package io.intrahub.cachefolder;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.store.FileDigest;
import io.intrahub.store.Manifest;
import io.intrahub.store.ManifestEntry;
import io.intrahub.store.fs.ReadOnlyStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The export of one revision: blobs first, each under its name once it is whole and durable; then
 * the snapshot, prepared aside; then the ref. For one thread, and one call.
 */
final class RevisionExport {
  private static final int MAX_REF = 64;

  private final StoredContent stored;
  private final CacheLayout layout;
  private final FolderWriter writer;
  private final CacheExport.Options options;
  private final RepoId repo;
  private final Revision revision;
  private final CommitHash commit;
  private final Path snapshot;
  private final Path staged;

  /** The snapshot that the folder shows under the revision, if it is of another commit. */
  private final Optional<Path> before;

  private final List<ExportResult.MissingFile> missing = new ArrayList<>();
  private long missingCount;

  /** Files of the commit that are known. */
  private long listed;

  /** Whether the folder lacks a file that was not asked for. */
  private boolean lacksUnwanted;

  private long present;
  private long bytes;
  private long added;
  private long addedBytes;

  RevisionExport(
      ReadOnlyStore store,
      CacheLayout layout,
      FolderWriter writer,
      CacheExport.Options options,
      RepoId repo,
      Revision revision,
      CommitHash commit)
      throws IOException {
    this.stored = new StoredContent(store, layout, writer, options.method());
    this.layout = layout;
    this.writer = writer;
    this.options = options;
    this.repo = repo;
    this.revision = revision;
    this.commit = commit;
    this.snapshot = layout.snapshot(repo, commit);
    this.staged = layout.stagedSnapshot(repo, commit);
    this.before = shown().filter(old -> !old.equals(commit)).map(old -> layout.snapshot(repo, old));
  }

  /** The commit that the folder shows under the revision. */
  private Optional<CommitHash> shown() throws IOException {
    Path ref = layout.ref(repo, revision);
    if (!Files.isRegularFile(ref, NOFOLLOW_LINKS) || Files.size(ref) > MAX_REF) {
      return Optional.empty();
    }
    return CommitHash.parse(Files.readString(ref, StandardCharsets.ISO_8859_1).strip());
  }

  /**
   * Exports what the store has.
   *
   * @throws UnlistedException if the store's list of the files can't be read
   */
  ExportResult.Exported run(Manifest manifest, PathPatterns wanted)
      throws IOException, UnlistedException {
    try {
      manifest.list(Optional.empty(), true, entry -> placeUnchecked(entry, wanted));
    } catch (UncheckedIOException e) {
      throw e.getCause();
    } catch (IOException e) {
      throw new UnlistedException(e);
    }
    publishSnapshot();
    if (Files.isDirectory(snapshot, NOFOLLOW_LINKS)) {
      boolean isWhole = manifest.complete() && missingCount == 0 && !lacksUnwanted;
      new CommitListExport(layout, writer, repo, commit)
          .publish(manifest, listed, isWhole, options.symbolicLinks());
    }
    boolean refKept = lacksEarlierFile(manifest);
    if (!refKept && revision.asCommit().isEmpty() && Files.isDirectory(snapshot, NOFOLLOW_LINKS)) {
      publishRef();
    }
    deleteIfEmpty(layout.staging(repo));
    return new ExportResult.Exported(
        repo,
        revision,
        commit,
        present,
        bytes,
        added,
        addedBytes,
        missing,
        missingCount,
        manifest.complete(),
        refKept);
  }

  /** Whether a client that loads a file of the earlier snapshot would not find it in this one. */
  private boolean lacksEarlierFile(Manifest manifest) throws IOException {
    if (before.isEmpty()) {
      return false;
    }
    boolean[] lacks = new boolean[1];
    FolderFiles.walk(
        before.get(),
        (_, _) -> lacks[0] = true,
        file -> lacks[0] |= Files.exists(file) && !isInSnapshot(file) && !isGone(file, manifest));
    return lacks[0];
  }

  private boolean isInSnapshot(Path earlier) {
    return Files.exists(snapshot.resolve(before.orElseThrow().relativize(earlier)));
  }

  /** Whether the commit is known to have no such file. A partial manifest does not know that. */
  private boolean isGone(Path earlier, Manifest manifest) throws IOException {
    Optional<FilePath> path = FolderFiles.pathIn(before.orElseThrow(), earlier);
    return manifest.complete()
        && path.isPresent()
        && manifest.find(path.get()).flatMap(e -> e.entry().blob()).isEmpty();
  }

  private void placeUnchecked(ManifestEntry entry, PathPatterns wanted) {
    Optional<BlobId> blob = entry.entry().blob();
    FilePath path = entry.entry().path();
    if (blob.isEmpty()) {
      return;
    }
    listed++;
    if (!wanted.matches(path)) {
      lacksUnwanted |= !isShown(path);
      return;
    }
    try {
      place(path, blob.get());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private boolean isShown(FilePath path) {
    try {
      return Files.exists(snapshot.resolve(path.value()));
    } catch (InvalidPathException e) {
      return false;
    }
  }

  private void place(FilePath path, BlobId blob) throws IOException {
    if (!path.isContained()) {
      miss(path, "its name leads out of its folder on Windows");
      return;
    }
    boolean isNew;
    try {
      isNew = options.symbolicLinks() ? placeLink(path, blob) : placeFile(path, blob);
    } catch (StoredContent.AbsentException e) {
      miss(path, String.valueOf(e.getMessage()));
      return;
    } catch (InvalidPathException e) {
      miss(path, "its name can't be written with this locale: set LC_ALL=C.UTF-8");
      return;
    } catch (FileSystemException e) {
      if (!CacheExport.takesFiles(layout, writer)) {
        throw e;
      }
      miss(path, "it can't be written (" + e.getMessage() + ")");
      return;
    }
    present++;
    bytes += blob.size();
    if (isNew) {
      added++;
      addedBytes += blob.size();
      options.progress().added(repo, path, blob.size());
    }
  }

  private void miss(FilePath path, String why) {
    missingCount++;
    if (missing.size() < ExportResult.MAX_NAMED) {
      missing.add(new ExportResult.MissingFile(path, why));
    }
  }

  /** Returns whether something was added for the file. */
  private boolean placeLink(FilePath path, BlobId blob)
      throws IOException, StoredContent.AbsentException {
    Path shown = snapshot.resolve(path.value());
    Path stagedLink = staged.resolve(path.value());
    Path target = layout.blob(repo, blob.digest());
    boolean isNew = !has(target, blob);
    if (isNew) {
      writer.createFolder(layout.blobs(repo));
      Path incomplete = layout.incompleteBlob(repo, blob.digest());
      stored.bring(repo, blob, incomplete);
      writer.rename(incomplete, target);
    }
    Path link = CacheLayout.link(path, blob.digest());
    if (isLink(shown, link) || isLink(stagedLink, link)) {
      return isNew;
    }
    writer.createFolder(CacheExport.parentOf(stagedLink));
    writer.delete(stagedLink);
    writer.symbolicLink(stagedLink, link);
    return true;
  }

  private boolean placeFile(FilePath path, BlobId blob)
      throws IOException, StoredContent.AbsentException {
    Path shown = snapshot.resolve(path.value());
    Path stagedFile = staged.resolve(path.value());
    if (has(shown, blob) || has(stagedFile, blob)) {
      return false;
    }
    writer.createFolder(layout.staging(repo));
    stored.bring(repo, blob, layout.stagedFile(repo));
    writer.createFolder(CacheExport.parentOf(stagedFile));
    writer.rename(layout.stagedFile(repo), stagedFile);
    return true;
  }

  /**
   * Whether the folder has this content already. All of it is read, because a size proves nothing.
   * A link of a client that shares blobs between repos is followed, but not out of the folder.
   */
  private boolean has(Path path, BlobId blob) {
    try {
      Path real = path.toRealPath();
      return real.startsWith(layout.root().toRealPath())
          && Files.isRegularFile(real, NOFOLLOW_LINKS)
          && FileDigest.matches(real, blob);
    } catch (IOException e) {
      // It is missing or can't be read, and is replaced.
      return false;
    }
  }

  private static boolean isLink(Path path, Path target) throws IOException {
    return Files.isSymbolicLink(path) && Files.readSymbolicLink(path).equals(target);
  }

  private void publishSnapshot() throws IOException {
    if (Files.isDirectory(layout.blobs(repo), NOFOLLOW_LINKS)) {
      writer.force(layout.blobs(repo));
    }
    if (!Files.isDirectory(staged, NOFOLLOW_LINKS)) {
      return;
    }
    for (Path folder : FolderFiles.foldersBelow(staged)) {
      writer.force(folder);
    }
    if (Files.isDirectory(snapshot)) {
      merge();
    } else {
      writer.createFolder(layout.snapshots(repo));
      writer.rename(staged, snapshot);
    }
    writer.force(layout.snapshots(repo));
  }

  /** Adds what is prepared to the files that are shown already. */
  private void merge() throws IOException {
    List<Path> folders = FolderFiles.foldersBelow(staged);
    for (Path file : FolderFiles.filesBelow(staged)) {
      Path to = snapshot.resolve(staged.relativize(file));
      writer.createFolder(CacheExport.parentOf(to));
      writer.rename(file, to);
    }
    for (Path folder : folders) {
      Path merged = snapshot.resolve(staged.relativize(folder));
      if (Files.isDirectory(merged)) {
        writer.force(merged);
      }
    }
    for (Path folder : folders.reversed()) {
      writer.delete(folder);
    }
  }

  private void publishRef() throws IOException {
    Path ref = layout.ref(repo, revision);
    if (shown().filter(commit::equals).isPresent()) {
      return;
    }
    writer.createFolder(layout.staging(repo));
    Path next = layout.stagedRef(repo);
    writer.write(next, commit.hex().getBytes(StandardCharsets.US_ASCII));
    writer.force(next);
    writer.createFolder(CacheExport.parentOf(ref));
    writer.rename(next, ref);
    writer.force(CacheExport.parentOf(ref));
  }

  private void deleteIfEmpty(Path folder) throws IOException {
    try {
      writer.delete(folder);
    } catch (DirectoryNotEmptyException e) {
      // Another revision is prepared in it, or a file of it could not be brought.
    }
  }
}
