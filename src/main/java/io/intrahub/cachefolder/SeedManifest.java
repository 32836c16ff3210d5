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
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of one commit in cache folders, read anew at each question. A listing holds the names
 * of the folders that it is in, and of no others. Never complete, as clients download single files.
 * Safe for use by many threads.
 */
final class SeedManifest implements Manifest {
  private static final Logger log = LoggerFactory.getLogger(SeedManifest.class);

  /**
   * Bytes of the names of one folder that a listing holds at once; it reads the folder again for
   * those behind them. A slow client holds them for as long as it takes its answer, so they are
   * about as much as the buffers of its connection.
   */
  private static final int WINDOW = 128 << 10;

  private final List<SeedReader> folders;
  private final SeedBlobs blobs;
  private final RepoId repo;
  private final CommitHash commit;

  SeedManifest(List<SeedReader> folders, SeedBlobs blobs, RepoId repo, CommitHash commit) {
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
    list(
        Optional.empty(),
        true,
        Optional.empty(),
        _ -> {
          entries[0]++;
          return true;
        });
    return entries[0];
  }

  /** {@inheritDoc} A file that is known to be damaged is not found; a small one is read first. */
  @Override
  public Optional<ManifestEntry> find(FilePath path) {
    return entry(path.value(), true).map(SeedManifest::described);
  }

  /** {@inheritDoc} No file is read for it. */
  @Override
  public Optional<ManifestEntry> findListed(FilePath path) {
    return entry(path.value(), false).map(SeedManifest::described);
  }

  private static ManifestEntry described(Entry entry) {
    return new ManifestEntry(entry, EntryJson.write(entry));
  }

  /** What the first folder that has something usable under a path has there. */
  private Optional<Entry> entry(String path, boolean checked) {
    return folders.stream()
        .map(seed ->
            seed.look(folder -> in(folder, path).flatMap(file -> entry(folder, file)))
                .filter(entry -> !checked || mayOffer(entry)))
        .flatMap(Optional::stream)
        .findFirst();
  }

  private boolean mayOffer(Entry entry) {
    return entry.blob().map(blob -> blobs.mayOffer(repo, blob)).orElse(true);
  }

  private Optional<Entry> entry(CacheFolderReader folder, Path file) {
    Path snapshot = folder.snapshot(repo, commit);
    if (Files.isDirectory(file, NOFOLLOW_LINKS)) {
      return FolderFiles.pathIn(snapshot, file).map(CachedEntries::folder);
    }
    return Files.isSymbolicLink(file) ? file(folder, snapshot, file) : Optional.empty();
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
    // From the top: what was a folder at the last look may be a link to another repo's now.
    for (int on = file.getNameCount() - 1; on > folder.root().getNameCount(); on--) {
      Path above = snapshot.getRoot().resolve(file.subpath(0, on));
      if (!Files.isDirectory(above, NOFOLLOW_LINKS)) {
        return Optional.empty();
      }
    }
    return Optional.of(file);
  }

  private Optional<Entry> file(CacheFolderReader folder, Path snapshot, Path file) {
    try {
      CachedFile found = folder.cached(repo, snapshot, file);
      return Optional.of(
          CachedEntries.file(found.path(), new BlobId(found.digest(), found.size())));
    } catch (UnusableException e) {
      return Optional.empty();
    }
  }

  @Override
  public void list(
      Optional<FilePath> directory,
      boolean recursive,
      Optional<FilePath> after,
      Predicate<ManifestEntry> to) {
    byte[] behind = after.map(path -> utf8(path.value())).orElse(new byte[0]);
    var _ =
        new Listing(recursive, behind, to).pass(directory.map(d -> d.value() + "/").orElse(""), 1);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /**
   * A place in the order of a listing: a file or folder, or what is in a folder.
   *
   * @param path in {@link Manifest#ORDER}; that of a folder's content ends with a slash
   */
  private record Place(byte[] path) implements Comparable<Place> {
    static final Place FIRST = new Place("");

    /** Bytes of heap that one takes in a window besides its path. */
    private static final int PLACE_BYTES = 100;

    Place(String name) {
      this(utf8(name));
    }

    String name() {
      return new String(path, StandardCharsets.UTF_8);
    }

    boolean isContent() {
      return path[path.length - 1] == '/';
    }

    int weight() {
      return PLACE_BYTES + path.length;
    }

    Place content() {
      byte[] content = Arrays.copyOf(path, path.length + 1);
      content[path.length] = '/';
      return new Place(content);
    }

    @Override
    public int compareTo(Place other) {
      return Arrays.compareUnsigned(path, other.path);
    }
  }

  /** The first places of those that are added, up to a weight. For one thread. */
  private static final class Window {
    private final int most;
    private final TreeSet<Place> first = new TreeSet<>();
    private int weight;

    /**
     * The first place that was dropped; null: none was. A place behind it is not held either, even
     * if it is lighter: the next window begins behind the last place of this one.
     */
    private @Nullable Place bound;

    Window(int most) {
      this.most = most;
    }

    void add(Place place) {
      if ((bound != null && place.compareTo(bound) >= 0) || !first.add(place)) {
        return;
      }
      weight += place.weight();
      while (weight > most && first.size() > 1) {
        bound = dropLast();
      }
    }

    private Place dropLast() {
      Place last = first.removeLast();
      weight -= last.weight();
      return last;
    }

    void addAll(Window other) {
      Place end = other.bound;
      if (end != null && (bound == null || end.compareTo(bound) < 0)) {
        bound = end;
        while (!first.isEmpty() && first.last().compareTo(end) >= 0) {
          dropLast();
        }
      }
      other.first.forEach(this::add);
    }

    boolean isWhole() {
      return bound == null;
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
     * @param depth of the folder, from 1; all levels together hold a few times {@link #WINDOW}
     * @return whether more is wanted
     */
    boolean pass(String prefix, int depth) {
      Places places = new Places(prefix, WINDOW / depth);
      for (Place next = places.poll(); next != null; next = places.poll()) {
        if (next.isContent()) {
          if (!pass(next.name(), depth + 1)) {
            return false;
          }
          continue;
        }
        Optional<Entry> entry = entry(next.name(), false);
        if (isWanted(next) && entry.isPresent() && !to.test(described(entry.get()))) {
          return false;
        }
        if (isEntered(next) && entry.filter(e -> e.kind() == Entry.Kind.DIRECTORY).isPresent()) {
          places.add(next.content());
        }
      }
      return true;
    }

    private boolean isWanted(Place place) {
      return Arrays.compareUnsigned(place.path(), behind) > 0;
    }

    /** Whether something in a folder may be behind the path at which the listing begins. */
    private boolean isEntered(Place place) {
      byte[] content = place.content().path();
      int shared = Arrays.mismatch(content, behind);
      return recursive
          && (shared < 0
              || shared == content.length
              || Arrays.compareUnsigned(content, behind) > 0);
    }

    /** The places in one folder, of all seeds, in their order. */
    private final class Places {
      private final String prefix;
      private final int most;
      private final TreeSet<Place> next = new TreeSet<>();
      private Place readTo = Place.FIRST;
      private boolean isRead;

      Places(String prefix, int most) {
        this.prefix = prefix;
        this.most = most;
      }

      void add(Place content) {
        next.add(content);
      }

      /** Null at the end. */
      @Nullable Place poll() {
        if (!isRead && (next.isEmpty() || next.first().compareTo(readTo) > 0)) {
          readOn();
        }
        return next.pollFirst();
      }

      private void readOn() {
        Window window = new Window(most);
        Place after = readTo;
        for (SeedReader seed : folders) {
          seed.lookLong((folder, goesOn) -> Optional.of(names(folder, after, goesOn)))
              .ifPresent(window::addAll);
        }
        next.addAll(window.first);
        isRead = window.isWhole();
        if (!isRead) {
          readTo = window.first.last();
        }
      }

      /** A folder that can't be read hides nothing of the others, nor of what else is listed. */
      private Window names(CacheFolderReader folder, Place after, Runnable goesOn) {
        Window window = new Window(most);
        Optional<Path> listed =
            in(folder, prefix).filter(path -> Files.isDirectory(path, NOFOLLOW_LINKS));
        if (listed.isEmpty()) {
          return window;
        }
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(listed.get())) {
          for (Path child : stream) {
            goesOn.run();
            Place place = new Place(prefix + child.getFileName());
            if (place.compareTo(after) > 0 && (isWanted(place) || isEntered(place))) {
              window.add(place);
            }
          }
        } catch (IOException | DirectoryIteratorException e) {
          log.debug("{} can't be listed", listed.get(), e);
        }
        return window;
      }
    }
  }
}
