package io.intrahub.store;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.FilePath;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * The entries of one commit, sorted by path. What a commit holds never changes, so a manifest may
 * be kept open and shared. Safe for use by many threads.
 */
public interface Manifest {
  /**
   * The order of entries: by the bytes of the path in UTF-8, as git sorts. It is not that of {@link
   * String}: characters beyond U+FFFF come last.
   */
  Comparator<FilePath> ORDER =
      (a, b) ->
          Arrays.compareUnsigned(
              a.value().getBytes(StandardCharsets.UTF_8),
              b.value().getBytes(StandardCharsets.UTF_8));

  /** The commit. */
  CommitHash commit();

  /** Whether every entry of the commit is in it. From a partial one no absence follows. */
  boolean complete();

  /** Number of entries. */
  int size();

  /**
   * The entry with exactly this path.
   *
   * @throws IOException when the store can't be read
   */
  Optional<ManifestEntry> find(FilePath path) throws IOException;

  /**
   * The entry with exactly this path as {@link #list(Optional, boolean, Optional, Predicate)}
   * passes it: whether its content can be had is not looked at.
   *
   * @throws IOException when the store can't be read
   */
  default Optional<ManifestEntry> findListed(FilePath path) throws IOException {
    return find(path);
  }

  /**
   * Passes the entries below a directory, in the order of their paths, one at a time: a listing of
   * 200,000 entries is never in memory at once. It begins behind a path without reading what lies
   * before it.
   *
   * @param directory empty: the root
   * @param recursive whether entries deeper than direct children are passed too
   * @param after only entries behind this path in {@link #ORDER}; empty: all
   * @param to returns whether it wants another entry
   * @throws IOException when the store can't be read
   */
  void list(
      Optional<FilePath> directory,
      boolean recursive,
      Optional<FilePath> after,
      Predicate<ManifestEntry> to)
      throws IOException;

  /**
   * Passes all entries below a directory, as {@link #list(Optional, boolean, Optional, Predicate)}
   * does.
   *
   * @throws IOException when the store can't be read
   */
  default void list(Optional<FilePath> directory, boolean recursive, Consumer<ManifestEntry> to)
      throws IOException {
    list(
        directory,
        recursive,
        Optional.empty(),
        entry -> {
          to.accept(entry);
          return true;
        });
  }
}
