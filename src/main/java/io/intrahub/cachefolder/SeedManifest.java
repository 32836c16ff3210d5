package io.intrahub.cachefolder;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.intrahub.cachefolder.CachedFiles.CachedFile;
import io.intrahub.cachefolder.FolderFiles.UnusableException;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Entry;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.json.EntryJson;
import io.intrahub.store.Manifest;
import io.intrahub.store.ManifestEntry;
import io.intrahub.store.SeedBlobs;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The files of one commit in cache folders, read anew at each question. A listing holds the names
 * of the folders that it is in, and of no others. Never complete, as clients download single files.
 * Safe for use by many threads.
 */
final class SeedManifest implements Manifest {
  /** Names of one folder that are listed; the Hub takes a tenth of that. */
  private static final int MAX_NAMES = 100_000;

  private final List<CacheFolderReader> folders;
  private final SeedBlobs blobs;
  private final RepoId repo;
  private final CommitHash commit;

  SeedManifest(List<CacheFolderReader> folders, SeedBlobs blobs, RepoId repo, CommitHash commit) {
    this.folders = folders;
    this.blobs = blobs;
    this.repo = repo;
    this.commit = commit;
  }

  @Override
  public CommitHash commit() {
    return commit;
  }

  @Override
  public boolean complete() {
    return false;
  }

  @Override
  public int size() {
    int[] entries = {0};
    try {
      list(Optional.empty(), true, _ -> entries[0]++);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return entries[0];
  }

  /** {@inheritDoc} A file that is known to be damaged is not found; a small one is read first. */
  @Override
  public Optional<ManifestEntry> find(FilePath path) {
    return entry(path.value(), true).map(SeedManifest::described);
  }

  private static ManifestEntry described(Entry entry) {
    return new ManifestEntry(entry, EntryJson.write(entry));
  }

  /** What the first folder that has something usable under a path has there. */
  private Optional<Entry> entry(String path, boolean checked) {
    return folders.stream()
        .flatMap(folder -> in(folder, path).flatMap(file -> entry(folder, file, checked)).stream())
        .findFirst();
  }

  private Optional<Entry> entry(CacheFolderReader folder, Path file, boolean checked) {
    Path snapshot = folder.snapshot(repo, commit);
    if (Files.isDirectory(file, NOFOLLOW_LINKS)) {
      return FolderFiles.pathIn(snapshot, file).map(CachedEntries::folder);
    }
    return Files.isSymbolicLink(file) ? file(folder, snapshot, file, checked) : Optional.empty();
  }

  /** Where something is in a snapshot; empty if a link is on the way to it. */
  private Optional<Path> in(CacheFolderReader folder, String path) {
    Path snapshot = folder.snapshot(repo, commit);
    Path file;
    try {
      file = snapshot.resolve(path);
    } catch (InvalidPathException e) {
      // The locale of this process does not have its letters.
      return Optional.empty();
    }
    for (int on = file.getNameCount() - 1; on > snapshot.getNameCount(); on--) {
      Path above = snapshot.getRoot().resolve(file.subpath(0, on));
      if (!Files.isDirectory(above, NOFOLLOW_LINKS)) {
        return Optional.empty();
      }
    }
    return Optional.of(file);
  }

  private Optional<Entry> file(
      CacheFolderReader folder, Path snapshot, Path file, boolean checked) {
    try {
      CachedFile found = folder.cached(repo, snapshot, file);
      BlobId blob = new BlobId(found.digest(), found.size());
      return checked && !blobs.mayOffer(repo, blob)
          ? Optional.empty()
          : Optional.of(CachedEntries.file(found.path(), blob));
    } catch (UnusableException e) {
      return Optional.empty();
    }
  }

  @Override
  public void list(
      Optional<FilePath> directory,
      boolean recursive,
      Optional<FilePath> after,
      Predicate<ManifestEntry> to)
      throws IOException {
    byte[] behind = after.map(path -> utf8(path.value())).orElse(new byte[0]);
    var _ = new Listing(recursive, behind, to).pass(directory.map(d -> d.value() + "/").orElse(""));
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /**
   * A place in the order of a listing: a file or folder, or what is in a folder.
   *
   * @param path in {@link Manifest#ORDER}; that of a folder's content ends with a slash
   */
  private record Place(byte[] path, String name) implements Comparable<Place> {
    Place(String name) {
      this(utf8(name), name);
    }

    boolean isContent() {
      return name.endsWith("/");
    }

    @Override
    public int compareTo(Place other) {
      return Arrays.compareUnsigned(path, other.path);
    }
  }

  /** A listing under way. For one thread. */
  private final class Listing {
    private final boolean recursive;
    private final byte[] behind;
    private final Predicate<ManifestEntry> to;

    Listing(boolean recursive, byte[] behind, Predicate<ManifestEntry> to) {
      this.recursive = recursive;
      this.behind = behind;
      this.to = to;
    }

    /**
     * Passes what is in a folder.
     *
     * @param prefix empty: the root; else the path with a slash
     * @return whether more is wanted
     */
    boolean pass(String prefix) throws IOException {
      PriorityQueue<Place> places = names(prefix);
      for (Place next = places.poll(); next != null; next = places.poll()) {
        if (next.isContent()) {
          if (!pass(next.name())) {
            return false;
          }
          continue;
        }
        Place content = new Place(next.name() + "/");
        boolean isWanted = Arrays.compareUnsigned(next.path(), behind) > 0;
        boolean isEntered = recursive && mayFollow(content);
        if (!isWanted && !isEntered) {
          continue;
        }
        Optional<Entry> entry = entry(next.name(), false);
        if (isWanted && entry.isPresent() && !to.test(described(entry.get()))) {
          return false;
        }
        if (isEntered && entry.filter(e -> e.kind() == Entry.Kind.DIRECTORY).isPresent()) {
          places.add(content);
        }
      }
      return true;
    }

    /** Whether something in a folder may be behind the path at which the listing begins. */
    private boolean mayFollow(Place content) {
      int shared = Arrays.mismatch(content.path(), behind);
      return shared < 0
          || shared == content.path().length
          || Arrays.compareUnsigned(content.path(), behind) > 0;
    }

    /** The names in a folder, of all seeds. */
    private PriorityQueue<Place> names(String prefix) throws IOException {
      PriorityQueue<Place> places = new PriorityQueue<>();
      Set<String> seen = new HashSet<>();
      for (CacheFolderReader folder : folders) {
        Optional<Path> listed =
            in(folder, prefix).filter(path -> Files.isDirectory(path, NOFOLLOW_LINKS));
        if (listed.isEmpty()) {
          continue;
        }
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(listed.get())) {
          for (Path child : stream) {
            String name = prefix + child.getFileName();
            if (seen.size() < MAX_NAMES && seen.add(name)) {
              places.add(new Place(name));
            }
          }
        } catch (DirectoryIteratorException e) {
          throw e.getCause();
        }
      }
      return places;
    }
  }
}
