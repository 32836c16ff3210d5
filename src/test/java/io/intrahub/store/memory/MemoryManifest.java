package io.intrahub.store.memory;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.FilePath;
import io.intrahub.store.Manifest;
import io.intrahub.store.ManifestEntry;
import java.util.Collections;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * A manifest in memory.
 *
 * @param entries never changed
 */
record MemoryManifest(
    CommitHash commit, boolean complete, SortedMap<FilePath, ManifestEntry> entries)
    implements Manifest {
  static MemoryManifest of(
      CommitHash commit,
      boolean complete,
      Iterable<ManifestEntry> old,
      Iterable<ManifestEntry> entries) {
    TreeMap<FilePath, ManifestEntry> sorted = new TreeMap<>(Manifest.ORDER);
    old.forEach(e -> sorted.put(e.entry().path(), e));
    entries.forEach(e -> sorted.put(e.entry().path(), e));
    return new MemoryManifest(commit, complete, Collections.unmodifiableSortedMap(sorted));
  }

  @Override
  public int size() {
    return entries.size();
  }

  @Override
  public Optional<ManifestEntry> find(FilePath path) {
    return Optional.ofNullable(entries.get(path));
  }

  @Override
  public void list(
      Optional<FilePath> directory,
      boolean recursive,
      Optional<FilePath> after,
      Predicate<ManifestEntry> to) {
    int start = directory.map(d -> d.value().length() + 1).orElse(0);
    for (ManifestEntry entry : entries.values()) {
      FilePath path = entry.entry().path();
      boolean below = directory.isEmpty() || path.isUnder(directory.get());
      boolean behind = after.isEmpty() || ORDER.compare(path, after.get()) > 0;
      if (below
          && behind
          && (recursive || path.value().indexOf('/', start) < 0)
          && !to.test(entry)) {
        return;
      }
    }
  }
}
