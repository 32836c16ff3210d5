package io.intrahub.store.fs.disk;

import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;

/**
 * The permissions of the store's folders. The store holds what only some clients may read, so other
 * users of the machine must not read it past the mirror. Does nothing where there are no POSIX
 * permissions.
 */
public final class FolderMode {
  private static final FileAttribute<?> OWNER_ONLY =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  /** Reading a folder gives the names in it, and searching it gives access by name. */
  private static final Set<PosixFilePermission> OTHERS =
      EnumSet.of(PosixFilePermission.OTHERS_READ, PosixFilePermission.OTHERS_EXECUTE);

  private FolderMode() {}

  /** Makes a folder in one that is there, with mode 0700. */
  static void create(Path folder) throws IOException {
    if (isPosix(folder)) {
      Files.createDirectory(folder, OWNER_ONLY);
    } else {
      Files.createDirectory(folder);
    }
  }

  /** Makes a folder with mode 0700, if it is not there, and its parents with the usual mode. */
  public static void createWithParents(Path folder) throws IOException {
    Path parent = folder.getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    if (isPosix(folder)) {
      Files.createDirectories(folder, OWNER_ONLY);
    } else {
      Files.createDirectories(folder);
    }
  }

  /**
   * Returns whether users outside the folder's group may enter it or list it. The group is not
   * looked at, because volumes in Kubernetes are shared with the container by their group ({@code
   * fsGroup}).
   */
  public static boolean isOpenToOthers(Path folder) throws IOException {
    return isPosix(folder)
        && Files.getPosixFilePermissions(folder).stream().anyMatch(OTHERS::contains);
  }

  private static boolean isPosix(Path path) {
    FileSystem system = path.getFileSystem();
    return system.supportedFileAttributeViews().contains("posix");
  }
}
