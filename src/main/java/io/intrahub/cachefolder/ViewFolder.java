package io.intrahub.cachefolder;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.store.fs.disk.StripedLocks;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of a {@link CacheView}: {@code view/hub} is the cache folder, and what leaves it is
 * moved to {@code view/hidden} in one step. Safe for use by many threads.
 */
final class ViewFolder {
  private static final Logger log = LoggerFactory.getLogger(ViewFolder.class);

  private final CacheLayout layout;
  private final Path hidden;
  private final FolderWriter writer;

  /** The repos whose leftovers were removed since the start, or since they last changed. */
  private final Set<RepoId> swept = ConcurrentHashMap.newKeySet();

  /**
   * The lock of a repo is held while a snapshot of it appears, and while a blob and the snapshots
   * that name it leave, so that no snapshot appears whose blob has left. Acquired under the stripe
   * locks of the store's blobs: no lock of the store may be acquired while one is held, and none is
   * held for longer than one of these steps.
   */
  private final StripedLocks locks = new StripedLocks();

  private ViewFolder(CacheLayout layout, Path hidden, FolderWriter writer) {
    this.layout = layout;
    this.hidden = hidden;
    this.writer = writer;
  }

  private static Path root(Path data) {
    return data.toAbsolutePath().normalize().resolve("view");
  }

  static Path shown(Path data) {
    return root(data).resolve("hub");
  }

  static ViewFolder open(Path data, FolderWriter writer) throws IOException {
    CacheLayout layout = new CacheLayout(shown(data));
    Path hidden = root(data).resolve("hidden");
    FolderWriter contained = new ContainedWriter(root(data), writer);
    contained.createFolder(layout.root());
    contained.createFolder(hidden);
    ViewFolder folder = new ViewFolder(layout, hidden, contained);
    folder.deleteHidden();
    folder.requireLinks();
    return folder;
  }

  static void remove(Path data, FolderWriter writer) throws IOException {
    if (Files.isDirectory(root(data), NOFOLLOW_LINKS)) {
      deleteAll(root(data), writer);
    }
  }

  private void requireLinks() throws IOException {
    Path file = hidden.resolve("probe");
    Path name = hidden.resolve("probe-link");
    try {
      writer.write(file, new byte[1]);
      writer.hardLink(file, name);
      writer.delete(name);
      writer.symbolicLink(name, Path.of("probe"));
    } catch (UnsupportedOperationException e) {
      throw new IOException("the file system has no symbolic links", e);
    } finally {
      writer.delete(name);
      writer.delete(file);
    }
  }

  CacheLayout layout() {
    return layout;
  }

  List<RepoId> repos() throws IOException {
    return FolderFiles.list(layout.root()).stream()
        .map(path -> RepoId.ofFolderName(path.getFileName().toString()))
        .flatMap(Optional::stream)
        .toList();
  }

  /** Begins to prepare a snapshot, in place of one that was not finished. */
  void begin(RepoId repo, CommitHash commit) throws IOException {
    abandon(repo, commit);
    swept.remove(repo);
    writer.createFolder(layout.blobs(repo));
    writer.createFolder(layout.stagedSnapshot(repo, commit));
  }

  /** Gives up a snapshot that was being prepared. */
  void abandon(RepoId repo, CommitHash commit) throws IOException {
    Path staged = layout.stagedSnapshot(repo, commit);
    if (Files.isDirectory(staged, NOFOLLOW_LINKS)) {
      hide(staged);
    }
  }

  void putEmpty(RepoId repo, Digest digest) throws IOException {
    if (!Files.exists(layout.blob(repo, digest), NOFOLLOW_LINKS)) {
      writer.write(layout.blob(repo, digest), new byte[0]);
    }
  }

  /**
   * Links a file of the store, unless that is done.
   *
   * @throws java.nio.file.NoSuchFileException if it has been evicted
   */
  void putLink(RepoId repo, Digest digest, Path source) throws IOException {
    Path blob = layout.blob(repo, digest);
    // Else a blob that the store removes in the middle of this would not be found yet by withdraw.
    ReentrantLock lock = locks.of(repo);
    lock.lock();
    try {
      if (Files.exists(blob, NOFOLLOW_LINKS) && Files.isSameFile(blob, source)) {
        return;
      }
      Path incomplete = layout.incompleteBlob(repo, digest);
      writer.hardLink(source, incomplete);
      writer.rename(incomplete, blob);
    } finally {
      lock.unlock();
    }
  }

  void stage(Path at, FilePath path, BlobId blob) throws IOException {
    writer.createFolder(CacheExport.parentOf(at));
    writer.symbolicLink(at, CacheLayout.link(path, blob.digest()));
  }

  /** Shows a snapshot that is prepared, unless a blob of it has left meanwhile. */
  boolean publish(RepoId repo, CommitHash commit) throws IOException {
    Path staged = layout.stagedSnapshot(repo, commit);
    writer.force(layout.blobs(repo));
    for (Path folder : FolderFiles.foldersBelow(staged)) {
      writer.force(folder);
    }
    writer.createFolder(layout.snapshots(repo));
    ReentrantLock lock = locks.of(repo);
    lock.lock();
    try {
      if (!isWhole(repo, staged)) {
        abandon(repo, commit);
        return false;
      }
      writer.rename(staged, layout.snapshot(repo, commit));
    } finally {
      lock.unlock();
    }
    writer.force(layout.snapshots(repo));
    return true;
  }

  private boolean isWhole(RepoId repo, Path snapshot) throws IOException {
    for (String hex : namedBlobs(snapshot)) {
      if (!Files.exists(layout.blobs(repo).resolve(hex), NOFOLLOW_LINKS)) {
        return false;
      }
    }
    return true;
  }

  /** The file names of the blobs to which a snapshot leads. */
  private static Set<String> namedBlobs(Path snapshot) throws IOException {
    Set<String> names = new HashSet<>();
    for (Path path : FolderFiles.below(snapshot)) {
      if (Files.isSymbolicLink(path)) {
        names.add(Files.readSymbolicLink(path).getFileName().toString());
      }
    }
    return names;
  }

  /**
   * Lets a revision show a commit.
   *
   * @return whether its snapshot is still there
   */
  boolean putRef(RepoId repo, Revision revision, CommitHash commit) throws IOException {
    Path ref = layout.ref(repo, revision);
    Path next = layout.stagedRef(repo);
    writer.createFolder(layout.staging(repo));
    writer.write(next, commit.hex().getBytes(StandardCharsets.US_ASCII));
    writer.force(next);
    writer.createFolder(CacheExport.parentOf(ref));
    ReentrantLock lock = locks.of(repo);
    lock.lock();
    try {
      if (!Files.isDirectory(layout.snapshot(repo, commit), NOFOLLOW_LINKS)) {
        return false;
      }
      writer.rename(next, ref);
    } finally {
      lock.unlock();
    }
    writer.force(CacheExport.parentOf(ref));
    return true;
  }

  void deleteRef(RepoId repo, Revision revision) throws IOException {
    swept.remove(repo);
    writer.delete(layout.ref(repo, revision));
  }

  /** Whether nothing is left of a repo that is not shown. */
  boolean isSwept(RepoId repo) {
    return swept.contains(repo) || !Files.isDirectory(layout.repo(repo), NOFOLLOW_LINKS);
  }

  /** What the store has. */
  interface StoreFiles {
    /** Whether the store has this content, and in this file. */
    boolean has(Digest digest, Path file) throws IOException;
  }

  /**
   * Removes all that no shown commit needs, and what the store removed without a word, for example
   * just before its process was killed. For the thread that shows repos: blobs may leave meanwhile,
   * and nothing else changes.
   */
  void sweep(RepoId repo, Set<CommitHash> shown, StoreFiles ofStore) throws IOException {
    withdrawRemoved(repo, ofStore);
    // Not at the end: if a blob leaves meanwhile, what it leaves behind is swept the next time.
    swept.add(repo);
    boolean complete = false;
    try {
      Set<String> needed = new HashSet<>();
      for (Path snapshot : FolderFiles.list(layout.snapshots(repo))) {
        needed.addAll(sweepSnapshot(repo, snapshot, shown));
      }
      for (Path blob : FolderFiles.list(layout.blobs(repo))) {
        if (!needed.contains(blob.getFileName().toString())) {
          writer.delete(blob);
        }
      }
      if (Files.isDirectory(layout.staging(repo), NOFOLLOW_LINKS)) {
        hide(layout.staging(repo));
      }
      if (needed.isEmpty()) {
        hide(repo);
      }
      complete = true;
    } finally {
      if (!complete) {
        swept.remove(repo);
      }
    }
  }

  private void withdrawRemoved(RepoId repo, StoreFiles ofStore) throws IOException {
    for (Path blob : FolderFiles.list(layout.blobs(repo))) {
      Optional<Digest> digest = Digest.ofEtag(blob.getFileName().toString());
      if (digest.isPresent() && !ofStore.has(digest.get(), blob)) {
        withdraw(repo, digest.get());
      }
    }
  }

  /** Returns the names of the blobs that a shown snapshot needs, and hides any other snapshot. */
  private Set<String> sweepSnapshot(RepoId repo, Path snapshot, Set<CommitHash> shown)
      throws IOException {
    ReentrantLock lock = locks.of(repo);
    lock.lock();
    try {
      if (!Files.exists(snapshot, NOFOLLOW_LINKS)) {
        // It has just left, with a blob.
        return Set.of();
      }
      Optional<CommitHash> commit = CommitHash.parse(snapshot.getFileName().toString());
      if (commit.isPresent() && shown.contains(commit.get())) {
        return namedBlobs(snapshot);
      }
      hide(snapshot);
      return Set.of();
    } finally {
      lock.unlock();
    }
  }

  /** Takes a blob out, and before it every snapshot that names it with its refs. */
  void withdraw(RepoId repo, Digest digest) throws IOException {
    Path blob = layout.blob(repo, digest);
    ReentrantLock lock = locks.of(repo);
    lock.lock();
    try {
      if (!Files.exists(blob, NOFOLLOW_LINKS)) {
        return;
      }
      for (Path snapshot : FolderFiles.list(layout.snapshots(repo))) {
        if (namedBlobs(snapshot).contains(digest.hex())) {
          deleteRefsTo(repo, snapshot.getFileName().toString());
          hide(snapshot);
        }
      }
      writer.delete(blob);
      swept.remove(repo);
    } finally {
      lock.unlock();
    }
  }

  private void deleteRefsTo(RepoId repo, String commit) throws IOException {
    List<Path> refs = new ArrayList<>();
    FolderFiles.walk(layout.refs(repo), (_, _) -> {}, refs::add);
    for (Path ref : refs) {
      if (Files.readString(ref, StandardCharsets.ISO_8859_1).equals(commit)) {
        writer.delete(ref);
      }
    }
  }

  /** Takes a repo out as a whole. */
  void hide(RepoId repo) throws IOException {
    ReentrantLock lock = locks.of(repo);
    lock.lock();
    try {
      swept.remove(repo);
      if (Files.isDirectory(layout.repo(repo), NOFOLLOW_LINKS)) {
        hide(layout.repo(repo));
      }
    } finally {
      lock.unlock();
    }
  }

  private void hide(Path path) throws IOException {
    writer.rename(path, hidden.resolve(UUID.randomUUID().toString()));
  }

  /** Deletes what was taken out. What can't be deleted is tried again the next time. */
  void deleteHidden() {
    try {
      for (Path path : FolderFiles.list(hidden)) {
        deleteAll(path, writer);
      }
    } catch (IOException e) {
      log.warn("{} can't be emptied, and takes space: {}", hidden, e.toString());
    }
  }

  private static void deleteAll(Path path, FolderWriter writer) throws IOException {
    for (Path one : FolderFiles.below(path).reversed()) {
      writer.delete(one);
    }
  }
}
