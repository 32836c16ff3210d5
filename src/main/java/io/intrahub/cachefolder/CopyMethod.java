package io.intrahub.cachefolder;

import io.intrahub.store.fs.disk.Reflinks;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;

/** How files get from one folder to another. */
enum CopyMethod {
  HARD_LINK,
  REFLINK,
  COPY;

  /**
   * Finds out how.
   *
   * @param to can be written
   * @throws IOException if a folder can't be read
   */
  static CopyMethod between(Path from, Path to, boolean link) throws IOException {
    if (link) {
      return HARD_LINK;
    }
    return Files.getFileStore(from).equals(Files.getFileStore(to)) && Reflinks.arePossible(to)
        ? REFLINK
        : COPY;
  }

  /**
   * Says in words how files get from one folder to another.
   *
   * @param to can be written
   * @param owner whose files they are
   * @throws IOException if a folder can't be read
   */
  static String describe(Path from, Path to, boolean link, String owner) throws IOException {
    FileStore target = Files.getFileStore(to);
    return switch (between(from, to, link)) {
      case HARD_LINK -> "as hard links to the files of the " + owner;
      case REFLINK ->
          "as reflinks, which share the disk space of the %s (%s)".formatted(owner, target.type());
      case COPY -> "as copies";
    };
  }
}
