package io.intrahub.store.fs;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * A file of a seed at a time.
 *
 * @param name the name of the blob in its repo, which may be a link
 * @param file where it is
 * @param stamp differs if the file was changed
 */
record SeedVersion(Path name, Path file, BlobId blob, Stamp stamp) {
  private static final String BLOBS = "blobs";

  /**
   * Tells two states of a file from each other.
   *
   * @param changed when its inode was changed, if the file system says so: a tool may write new
   *     content and set the time of modification back, as rsync does
   * @param inode empty if the file system does not say
   */
  record Stamp(long size, FileTime modified, Optional<FileTime> changed, Optional<Object> inode) {}

  /** Where a repo has the blobs of a cache folder. */
  static Path blobs(Path folder, RepoId repo) {
    return folder.resolve(repo.folderName()).resolve(BLOBS);
  }

  /**
   * Looks at a blob as it is now.
   *
   * @param root the real path of the folder
   * @param name of the blob in the folder
   * @return empty if the folder does not have it, or it must not be used
   */
  static Optional<SeedVersion> of(Path root, Path name, RepoId repo, BlobId blob)
      throws IOException {
    Path real;
    try {
      real = name.toRealPath();
    } catch (NoSuchFileException e) {
      // The usual case: this folder does not have it.
      return Optional.empty();
    } catch (IOException e) {
      if (hasFileInPlaceOfFolder(root, repo)) {
        return Optional.empty();
      }
      throw e;
    }
    // Clients link to blobs that repos share, but no link must lead to the blobs of another repo.
    if (!real.startsWith(blobs(root, repo)) && !real.startsWith(root.resolve(BLOBS))) {
      return Optional.empty();
    }
    return stamp(real)
        .filter(stamp -> stamp.size() == blob.size())
        .map(stamp -> new SeedVersion(name, real, blob, stamp));
  }

  /** The JDK has no exception of its own for a path that leads through a file. */
  private static boolean hasFileInPlaceOfFolder(Path root, RepoId repo) throws IOException {
    for (Path folder : new Path[] {root.resolve(repo.folderName()), blobs(root, repo)}) {
      try {
        if (!Files.readAttributes(folder, BasicFileAttributes.class).isDirectory()) {
          return true;
        }
      } catch (NoSuchFileException e) {
        return true;
      }
    }
    return false;
  }

  /** Whether the file is still the same. */
  boolean isCurrent() throws IOException {
    return stamp(file).filter(stamp::equals).isPresent();
  }

  /** Empty if there is no regular file. */
  private static Optional<Stamp> stamp(Path file) throws IOException {
    boolean unix = file.getFileSystem().supportedFileAttributeViews().contains("unix");
    Map<String, Object> now;
    try {
      now =
          Files.readAttributes(
              file,
              (unix ? "unix:ctime," : "") + "isRegularFile,size,lastModifiedTime,fileKey",
              LinkOption.NOFOLLOW_LINKS);
    } catch (NoSuchFileException e) {
      // It was removed just now.
      return Optional.empty();
    }
    return Boolean.TRUE.equals(now.get("isRegularFile"))
        ? Optional.of(
            new Stamp(
                (long) Objects.requireNonNull(now.get("size")),
                (FileTime) Objects.requireNonNull(now.get("lastModifiedTime")),
                Optional.ofNullable((FileTime) now.get("ctime")),
                Optional.ofNullable(now.get("fileKey"))))
        : Optional.empty();
  }
}
