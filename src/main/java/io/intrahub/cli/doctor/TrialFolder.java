package io.intrahub.cli.doctor;

import io.intrahub.store.fs.disk.FolderMode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A folder for trials on the file system of the store, removed when it is closed. It lies in the
 * folder of the store or, if there is none yet, in the closest folder above it. For one thread.
 */
public final class TrialFolder implements AutoCloseable {
  private final Path folder;

  /** Left behind in an empty folder, it would keep a mirror from starting there. */
  private final Thread atExit;

  private TrialFolder(Path folder) {
    this.folder = folder;
    this.atExit = new Thread(() -> deleteAtExit(folder), "doctor-cleanup");
    Runtime.getRuntime().addShutdownHook(atExit);
  }

  /**
   * Makes one.
   *
   * @throws IOException if the folder can't be written to
   */
  public static TrialFolder in(Path data) throws IOException {
    Path folder = existing(data).resolve(".doctor-" + ProcessHandle.current().pid());
    FolderMode.createWithParents(folder);
    return new TrialFolder(folder);
  }

  /** The folder of the store, or the closest one above it that exists. */
  static Path existing(Path data) {
    Path at = data.toAbsolutePath().normalize();
    while (!Files.isDirectory(at)) {
      Path parent = at.getParent();
      if (parent == null) {
        return at;
      }
      at = parent;
    }
    return at;
  }

  /** The folder. */
  public Path path() {
    return folder;
  }

  Path resolve(String name) {
    return folder.resolve(name);
  }

  @Override
  public void close() throws IOException {
    delete(folder);
    try {
      Runtime.getRuntime().removeShutdownHook(atExit);
    } catch (IllegalStateException _) {
      // The process ends already.
    }
  }

  private static void deleteAtExit(Path folder) {
    try {
      delete(folder);
    } catch (IOException | UncheckedIOException _) {
      // A check may be deleting it too, or still writes: nobody is left to be told.
    }
  }

  private static void delete(Path folder) throws IOException {
    List<Path> all;
    try (Stream<Path> found = Files.walk(folder)) {
      all = found.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path path : all) {
      Files.deleteIfExists(path);
    }
  }
}
