package io.intrahub.store;

import io.intrahub.hub.Entry;
import io.intrahub.hub.FilePath;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Entries whose paths are as long as a path may be, so that the index of a manifest is large. */
public final class LongPaths {
  private static final String FOLDERS = ("x".repeat(250) + "/").repeat(8);

  private LongPaths() {}

  /** The first entries of a commit, in the order of their paths: 2,021 bytes of path for each. */
  public static List<ManifestEntry> entries(int count) {
    return IntStream.range(0, count).mapToObj(LongPaths::entry).toList();
  }

  private static ManifestEntry entry(int number) {
    FilePath path = new FilePath(FOLDERS + "%013d".formatted(number));
    return new ManifestEntry(
        new Entry(Entry.Kind.FILE, path, "%040x".formatted(number), number, Optional.empty()),
        "{\"type\":\"file\",\"path\":\"%s\",\"size\":%d}".formatted(path, number));
  }
}
