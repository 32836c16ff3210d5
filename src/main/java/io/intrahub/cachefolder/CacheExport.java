package io.intrahub.cachefolder;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.store.Manifest;
import io.intrahub.store.RepoStore.ObservedRevision;
import io.intrahub.store.fs.ReadOnlyStore;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Writes what a store has to a cache folder, which clients read without a server. A revision
 * appears in one step, once all of its files are durable; what was exported before stays. An export
 * that was killed is continued by the next one.
 *
 * <p>For one thread, which closes it. One process at a time exports to a folder.
 */
public final class CacheExport implements AutoCloseable {
  private static final int MAX_REVISIONS_NAMED = 10;

  private final ReadOnlyStore store;
  private final CacheLayout layout;
  private final FolderWriter writer;
  private final Options options;
  private final FileChannel lock;

  /** How content gets into the folder. */
  public enum Method {
    /** A file of its own; a reflink where the file system has them. */
    COPY,
    /** A second name of the store's own file: who writes to it damages the store. */
    HARD_LINK
  }

  /** Told of each file that was added. Called by the thread that exports. */
  public interface Progress {
    /**
     * A file was added.
     *
     * @param bytes its size
     */
    void added(RepoId repo, FilePath path, long bytes);
  }

  /**
   * How to write.
   *
   * @param symbolicLinks whether the folder's file system has symbolic links; without them each
   *     snapshot has files of its own
   */
  record Options(Method method, boolean symbolicLinks, Progress progress) {}

  private CacheExport(
      ReadOnlyStore store,
      CacheLayout layout,
      FolderWriter writer,
      Options options,
      FileChannel lock) {
    this.store = store;
    this.layout = layout;
    this.writer = writer;
    this.options = options;
    this.lock = lock;
  }

  /**
   * Begins to export.
   *
   * @param folder the cache folder, created if it is not there
   * @throws IOException if it can't be written, or another export is writing to it
   */
  public static CacheExport open(ReadOnlyStore store, Path folder, Method method, Progress progress)
      throws IOException {
    return open(store, folder, method, progress, new JdkFolderWriter());
  }

  static CacheExport open(
      ReadOnlyStore store, Path folder, Method method, Progress progress, FolderWriter unguarded)
      throws IOException {
    CacheLayout layout = new CacheLayout(folder.toAbsolutePath().normalize());
    FolderWriter writer = new ContainedWriter(layout.root(), unguarded);
    Path lockFile = layout.exportLock();
    writer.createFolder(parentOf(lockFile));
    FileChannel lock =
        FileChannel.open(
            lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE, NOFOLLOW_LINKS);
    boolean opened = false;
    try {
      if (lock.tryLock() == null) {
        throw inUse(layout);
      }
      Options options = new Options(method, hasSymbolicLinks(layout, writer), progress);
      opened = true;
      return new CacheExport(store, layout, writer, options, lock);
    } catch (OverlappingFileLockException e) {
      throw inUse(layout);
    } finally {
      if (!opened) {
        lock.close();
      }
    }
  }

  private static IOException inUse(CacheLayout layout) {
    return new IOException("another export is writing to " + layout.root());
  }

  private static boolean hasSymbolicLinks(CacheLayout layout, FolderWriter writer)
      throws IOException {
    Path probe = parentOf(layout.exportLock()).resolve("intrahub-probe");
    writer.delete(probe);
    try {
      writer.symbolicLink(probe, Path.of("."));
    } catch (UnsupportedOperationException | IOException e) {
      return false;
    }
    writer.delete(probe);
    return true;
  }

  /**
   * Whether the folder as a whole takes files, so that the reason for a failure is one of its files
   * or folders. The message of an error does not say so in every language.
   */
  static boolean takesFiles(CacheLayout layout, FolderWriter writer) {
    Path probe = parentOf(layout.exportLock()).resolve("intrahub-probe");
    try {
      writer.write(probe, new byte[1]);
      writer.force(probe);
      writer.delete(probe);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * How a copy from one folder to another takes place, for a person: FAT, for example, has no
   * symbolic links, and only some file systems have reflinks.
   *
   * @throws IOException if a folder can't be read
   */
  public String describe(Path data) throws IOException {
    boolean link = options.method() == Method.HARD_LINK;
    String how = CopyMethod.describe(data, layout.root(), link, "store");
    return options.symbolicLinks()
        ? how
        : how + ", without symbolic links, which this file system does not have";
  }

  /**
   * Exports one revision.
   *
   * @param wanted which of its files
   * @throws IOException if the folder can't be written at all; what was exported before is
   *     complete, and the next export continues
   */
  public ExportResult export(RepoId repo, Revision revision, PathPatterns wanted)
      throws IOException {
    List<ObservedRevision> revisions;
    try {
      revisions = store.revisions(repo);
    } catch (IOException e) {
      return new ExportResult.NotExported(
          repo, revision, true, "the store's revisions of it can't be read (" + e + ")");
    }
    Optional<CommitHash> commit =
        revision
            .asCommit()
            .or(() ->
                revisions.stream()
                    .filter(seen -> seen.revision().equals(revision))
                    .map(seen -> seen.commit().value())
                    .findFirst());
    if (commit.isEmpty()) {
      return new ExportResult.NotExported(
          repo, revision, false, "this revision is not stored" + others(revisions));
    }
    Optional<Manifest> manifest;
    try {
      manifest = store.manifest(repo, commit.get());
    } catch (IOException e) {
      return unlisted(repo, revision, e);
    }
    if (manifest.isEmpty()) {
      return new ExportResult.NotExported(
          repo,
          revision,
          false,
          "the list of files of commit %s is not stored: load it through the mirror once"
              .formatted(commit.get()));
    }
    try {
      return new RevisionExport(store, layout, writer, options, repo, revision, commit.get())
          .run(manifest.get(), wanted);
    } catch (UnlistedException e) {
      return unlisted(repo, revision, e.why());
    } catch (FileSystemException e) {
      if (!takesFiles(layout, writer)) {
        throw e;
      }
      return new ExportResult.NotExported(
          repo, revision, true, "its folder can't be written (" + e.getMessage() + ")");
    }
  }

  private static ExportResult unlisted(RepoId repo, Revision revision, IOException e) {
    return new ExportResult.NotExported(
        repo, revision, true, "the store's list of its files can't be read (" + e + ")");
  }

  private static String others(List<ObservedRevision> revisions) {
    return revisions.isEmpty()
        ? ", nor any other"
        : ", but "
            + revisions.stream()
                .map(seen -> seen.revision().value())
                .sorted()
                .limit(MAX_REVISIONS_NAMED)
                .collect(Collectors.joining(", "));
  }

  static Path parentOf(Path path) {
    Path parent = path.getParent();
    if (parent == null) {
      throw new IllegalArgumentException(path + " is in no folder");
    }
    return parent;
  }

  /** Lets other processes export to the folder. */
  @Override
  public void close() throws IOException {
    lock.close();
  }
}
