package io.intrahub.cachefolder;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/** Says in words how files get from one folder to another. */
public final class CopyMethod {
  /** File systems whose copies of whole files share the blocks of the original. */
  private static final Set<String> WITH_REFLINKS = Set.of("btrfs", "xfs", "bcachefs");

  private CopyMethod() {}

  /**
   * Whether a copy of a whole file inside this file system can share the blocks of the original.
   */
  public static boolean hasReflinks(FileStore store) {
    return WITH_REFLINKS.contains(store.type());
  }

  /**
   * Describes the way of a copy.
   *
   * @param owner whose disk space a reflink shares
   * @throws IOException if a folder can't be read
   */
  static String describe(Path from, Path to, boolean link, String owner) throws IOException {
    if (link) {
      return "as hard links to the files of the " + owner;
    }
    FileStore target = Files.getFileStore(to);
    return Files.getFileStore(from).equals(target) && hasReflinks(target)
        ? "as reflinks, which share the disk space of the %s (%s)".formatted(owner, target.type())
        : "as copies";
  }
}
