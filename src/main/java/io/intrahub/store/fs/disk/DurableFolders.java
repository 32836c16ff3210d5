package io.intrahub.store.fs.disk;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.util.List;

/**
 * Makes folders whose names survive a power cut. A file is only as durable as the names of all the
 * folders above it. Safe for use by many threads.
 */
public final class DurableFolders {
  private static final int REMEMBERED = 2_000;

  private final Disk disk;
  private final Path root;
  private final FolderSync folderSync;

  /** Folders that are durable, so that they cost no second fsync. */
  private final Cache<Path, Boolean> durable =
      Caffeine.newBuilder().maximumSize(REMEMBERED).build();

  /**
   * Folders of one store.
   *
   * @param root is there and durable
   */
  public DurableFolders(Disk disk, Path root) {
    this.disk = disk;
    this.root = root;
    this.folderSync = new FolderSync(disk);
  }

  /** These folders are there and durable. */
  public void trust(List<Path> folders) {
    folders.forEach(folder -> durable.put(folder, true));
  }

  /** The folder that something of the store lies in. */
  public static Path parentOf(Path path) {
    Path parent = path.getParent();
    if (parent == null) {
      throw new IllegalArgumentException(path + " lies in no folder");
    }
    return parent;
  }

  /**
   * Makes the names in a folder durable that were made before this call. Threads that do so at the
   * same time share an fsync.
   *
   * @throws IOException if it is open whether the names survive a power cut
   */
  public void sync(Path folder) throws IOException {
    folderSync.sync(folder);
  }

  /** Makes the folder and all above it, unless they are there, and makes their names durable. */
  public void ensure(Path folder) throws IOException {
    if (folder.equals(root)) {
      return;
    }
    boolean there = disk.attributes(folder).isPresent();
    if (there && durable.getIfPresent(folder) != null) {
      return;
    }
    Path parent = folder.toAbsolutePath().getParent();
    if (parent == null) {
      throw new IllegalArgumentException(folder + " is not below " + root);
    }
    ensure(parent);
    if (!there) {
      try {
        disk.createFolder(folder);
      } catch (FileAlreadyExistsException e) {
        // Another thread was first. Its name is made durable below all the same: that thread may
        // not have come so far.
      }
    }
    disk.forceFolder(parent);
    durable.put(folder, true);
  }
}
