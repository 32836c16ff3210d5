package io.intrahub.store;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.FilePath;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Two partial manifests of one commit as one. Where both have a path, the first counts.
 *
 * @param first of the commit
 * @param later the second one, of the same commit; asked for what the first does not have
 */
public record JoinedManifest(Manifest first, Supplier<Optional<Manifest>> later)
    implements Manifest {
  private static final Logger log = LoggerFactory.getLogger(JoinedManifest.class);

  /** Entries of the second manifest that are in memory at once. */
  private static final int CHUNK = 500;

  @Override
  public CommitHash commit() {
    return first.commit();
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

  @Override
  public Optional<ManifestEntry> find(FilePath path) throws IOException {
    Optional<ManifestEntry> found = first.find(path);
    return found.isPresent() ? found : inSecond(path, Manifest::find);
  }

  @Override
  public Optional<ManifestEntry> findListed(FilePath path) throws IOException {
    Optional<ManifestEntry> found = first.findListed(path);
    return found.isPresent() ? found : inSecond(path, Manifest::findListed);
  }

  private interface Finder {
    Optional<ManifestEntry> find(Manifest in, FilePath path) throws IOException;
  }

  private Optional<ManifestEntry> inSecond(FilePath path, Finder finder) {
    try {
      Optional<Manifest> second = later.get();
      return second.isPresent() ? finder.find(second.get(), path) : Optional.empty();
    } catch (IOException e) {
      log.debug("{} can't be looked up in a second list of {}", path, commit(), e);
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
    Others others = new Others(directory, recursive, after, to);
    boolean[] wanted = {true};
    first.list(
        directory,
        recursive,
        after,
        entry -> {
          wanted[0] = others.passUntil(entry.entry().path()) && to.test(entry);
          return wanted[0];
        });
    if (wanted[0]) {
      others.passAll();
    }
  }

  /** What the second manifest adds to a listing. For one thread. */
  private final class Others {
    private final Optional<FilePath> directory;
    private final boolean recursive;
    private final Predicate<ManifestEntry> to;
    private final Optional<Manifest> second = later.get();
    private final Deque<ManifestEntry> chunk = new ArrayDeque<>();
    private Optional<FilePath> last;
    private boolean ended;

    Others(
        Optional<FilePath> directory,
        boolean recursive,
        Optional<FilePath> after,
        Predicate<ManifestEntry> to) {
      this.directory = directory;
      this.recursive = recursive;
      this.last = after;
      this.to = to;
    }

    /** Passes what comes before a path of the first manifest; false if no more is wanted. */
    boolean passUntil(FilePath path) {
      while (hasNext()) {
        int order = ORDER.compare(chunk.getFirst().entry().path(), path);
        if (order > 0) {
          return true;
        }
        ManifestEntry entry = chunk.removeFirst();
        if (order < 0 && !to.test(entry)) {
          return false;
        }
      }
      return true;
    }

    void passAll() {
      boolean wanted = true;
      while (wanted && hasNext()) {
        wanted = to.test(chunk.removeFirst());
      }
    }

    private boolean hasNext() {
      if (chunk.isEmpty() && !ended && second.isPresent()) {
        try {
          second
              .get()
              .list(
                  directory,
                  recursive,
                  last,
                  entry -> {
                    chunk.add(entry);
                    return chunk.size() < CHUNK;
                  });
        } catch (IOException e) {
          // What it has may be missing: the list is partial anyway, and the first one counts.
          log.debug("The files that a second list adds to {} can't be read", commit(), e);
        }
        ended = chunk.size() < CHUNK;
        if (!chunk.isEmpty()) {
          last = Optional.of(chunk.getLast().entry().path());
        }
      }
      return !chunk.isEmpty();
    }
  }
}
