package io.intrahub.cachefolder;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.store.RepoStore.ObservedRevision;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.ReadOnlyStore;
import io.intrahub.store.fs.disk.BlobKey;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A cache folder of the Hub's Python clients inside the folder of a store, whose blobs are hard
 * links to those of the store. It shows a commit only while the store has all files of it. It
 * decides nothing about who may read: the caller shows and hides repos.
 *
 * <p>The disk is all its state, so it goes on after any end of the process. Whatever is taken out
 * of it disappears in one step, and is deleted afterwards.
 *
 * <p>One thread shows and hides; any thread may call {@link #removed}.
 */
public final class CacheView {
  private static final Logger log = LoggerFactory.getLogger(CacheView.class);
  private static final int MAX_REF = 64;

  private final ReadOnlyStore store;
  private final ViewFolder folder;

  private CacheView(ReadOnlyStore store, ViewFolder folder) {
    this.store = store;
    this.folder = folder;
  }

  /** The cache folder that clients get to see. */
  public static Path folder(Path data) {
    return ViewFolder.shown(data);
  }

  /**
   * Opens the view of a store, creating its folder if it is not there. From then on, a blob that
   * the store evicts or finds damaged leaves the view too.
   *
   * @param data the folder of the store
   * @throws IOException if the folder can't be written, or its file system has no hard or symbolic
   *     links
   */
  public static CacheView open(FsStore store, Path data) throws IOException {
    ViewFolder folder = ViewFolder.open(data, new JdkFolderWriter());
    CacheView view = new CacheView(store.readOnly(), folder);
    store.onBlobRemoved(view::removed);
    return view;
  }

  /**
   * Lets a view that is there lose what the store removes from now on, and does nothing if there is
   * none. For whoever changes a store without keeping its view current.
   *
   * @param data the folder of the store
   * @throws IOException if the folder can't be written
   */
  public static void follow(FsStore store, Path data) throws IOException {
    if (Files.isDirectory(folder(data))) {
      var _ = open(store, data);
    }
  }

  /**
   * Removes the view of a store, if there is one: its links would keep the space of blobs that are
   * evicted.
   *
   * @throws IOException if some of it is left
   */
  public static void remove(Path data) throws IOException {
    ViewFolder.remove(data, new JdkFolderWriter());
  }

  /**
   * All repos of which something is stored, by type and id.
   *
   * @throws IOException when they can't be listed
   */
  public List<RepoId> stored() throws IOException {
    return store.repos();
  }

  /**
   * The repos that are shown.
   *
   * @throws IOException when they can't be listed
   */
  public List<RepoId> shown() throws IOException {
    return folder.repos();
  }

  /**
   * The branches and tags of a repo at the commits that clients see.
   *
   * @throws IOException when they can't be read
   */
  public List<ObservedRevision> revisions(RepoId repo) throws IOException {
    return store.revisions(repo).stream()
        .filter(seen -> !seen.revision().equals(Revision.DEFAULT))
        .filter(seen -> seen.revision().asCommit().isEmpty())
        .sorted(Comparator.comparing(seen -> seen.revision().value()))
        .toList();
  }

  /**
   * Brings a repo up to date. A branch or tag is shown at the commit that clients see once all
   * files of that are stored, and until then at the commit before.
   *
   * @throws IOException if the store can't be read or the folder can't be written; what is shown is
   *     whole all the same
   */
  public void show(RepoId repo) throws IOException {
    Map<Revision, CommitHash> wanted =
        revisions(repo).stream()
            .collect(
                Collectors.toMap(
                    ObservedRevision::revision,
                    seen -> seen.commit().value(),
                    (one, _) -> one,
                    () -> new TreeMap<>(Comparator.comparing(Revision::value))));
    Map<Revision, CommitHash> shown = shownRefs(repo);
    boolean changed = false;
    for (Map.Entry<Revision, CommitHash> one : wanted.entrySet()) {
      CommitHash commit = one.getValue();
      if (commit.equals(shown.get(one.getKey()))) {
        continue;
      }
      if (new ViewedCommit(store, folder, repo, commit).show()) {
        changed |= folder.putRef(repo, one.getKey(), commit);
      }
    }
    for (Revision revision : shown.keySet()) {
      if (!wanted.containsKey(revision)) {
        folder.deleteRef(repo, revision);
        changed = true;
      }
    }
    if (changed || !folder.isSwept(repo)) {
      Set<CommitHash> commits = new HashSet<>(shownRefs(repo).values());
      folder.sweep(repo, commits, (digest, file) -> isOfStore(repo, digest, file));
    }
  }

  /** The commits that the folder shows, of the revisions whose snapshot is there. */
  private Map<Revision, CommitHash> shownRefs(RepoId repo) throws IOException {
    Map<Revision, CommitHash> refs = new TreeMap<>(Comparator.comparing(Revision::value));
    Path all = folder.layout().refs(repo);
    FolderFiles.walk(
        all,
        (path, why) -> log.warn("{} can't be read: {}", path, why),
        file -> {
          Optional<Revision> revision =
              FolderFiles.pathIn(all, file).flatMap(path -> Revision.parse(path.value()));
          Optional<CommitHash> commit = commitIn(file);
          if (revision.isPresent() && commit.isPresent()) {
            refs.put(revision.get(), commit.get());
          }
        });
    return refs;
  }

  private static Optional<CommitHash> commitIn(Path file) throws IOException {
    return Files.isRegularFile(file, NOFOLLOW_LINKS) && Files.size(file) <= MAX_REF
        ? CommitHash.parse(Files.readString(file, StandardCharsets.ISO_8859_1))
        : Optional.empty();
  }

  /**
   * Takes a repo out of the view, if it is in it.
   *
   * @throws IOException if it may still be there
   */
  public void hide(RepoId repo) throws IOException {
    folder.hide(repo);
  }

  /** Deletes what was taken out. */
  public void deleteHidden() {
    folder.deleteHidden();
  }

  /** By the file and not only by its content: a damaged one that was fetched again is another. */
  private boolean isOfStore(RepoId repo, Digest digest, Path file) throws IOException {
    try {
      long size = Files.size(file);
      // The store keeps no empty blobs.
      return size == 0
          || store
              .file(repo, new BlobId(digest, size))
              .filter(own -> isSame(own, file))
              .isPresent();
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  private static boolean isSame(Path own, Path shown) {
    try {
      return Files.isSameFile(own, shown);
    } catch (IOException e) {
      return false;
    }
  }

  /** The store has no such blob any more. */
  private void removed(BlobKey key) {
    try {
      List<RepoId> repos =
          key.shared()
              ? folder.repos()
              : RepoId.ofFolderName(key.repoFolder()).map(List::of).orElse(List.of());
      for (RepoId repo : repos) {
        folder.withdraw(repo, key.digest());
      }
    } catch (IOException e) {
      log.warn(
          "{} left the store, but could not be removed from {}, where it still takes space: {}",
          key.digest().hex(),
          folder.layout().root(),
          e.toString());
    }
  }
}
