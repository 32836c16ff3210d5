package io.intrahub.store.memory;

import io.intrahub.store.ManifestEntry;
import io.intrahub.store.ManifestWriter;
import java.util.ArrayList;
import java.util.List;

/** Collects entries in memory. Owner: the thread that writes. */
final class MemoryManifestWriter implements ManifestWriter {
  private final Keep keep;
  private final List<ManifestEntry> entries = new ArrayList<>();
  private int marked;

  /** Takes all entries. */
  interface Keep {
    void keep(List<ManifestEntry> entries, boolean complete);
  }

  MemoryManifestWriter(Keep keep) {
    this.keep = keep;
  }

  @Override
  public void add(ManifestEntry entry) {
    entries.add(entry);
  }

  @Override
  public void mark() {
    marked = entries.size();
  }

  @Override
  public void rewind() {
    entries.subList(marked, entries.size()).clear();
  }

  @Override
  public void commit(boolean complete) {
    keep.keep(List.copyOf(entries), complete);
  }

  @Override
  public void close() {
    entries.clear();
    marked = 0;
  }
}
