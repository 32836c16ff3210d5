package io.intrahub.cachefolder;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Reads a cache folder as a client does. */
final class CacheFiles {
  private CacheFiles() {}

  /** The files of a snapshot by path; empty if there is no such folder. */
  static Map<String, byte[]> snapshot(Path snapshot) throws IOException {
    Map<String, byte[]> files = new TreeMap<>();
    if (!Files.isDirectory(snapshot)) {
      return files;
    }
    try (Stream<Path> all = Files.walk(snapshot)) {
      for (Path file : all.filter(f -> !Files.isDirectory(f, LinkOption.NOFOLLOW_LINKS)).toList()) {
        files.put(snapshot.relativize(file).toString(), Files.readAllBytes(file));
      }
    }
    return files;
  }

  static void expect(Path snapshot, Map<String, byte[]> files) throws IOException {
    Map<String, byte[]> found = snapshot(snapshot);
    assertThat(found.keySet()).isEqualTo(files.keySet());
    files.forEach((path, content) -> assertThat(found.get(path)).as(path).isEqualTo(content));
  }

  /** All names in a folder, links as they are. */
  static List<String> names(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.map(f -> folder.relativize(f).toString())
          .filter(n -> !n.isEmpty())
          .sorted()
          .toList();
    }
  }
}
