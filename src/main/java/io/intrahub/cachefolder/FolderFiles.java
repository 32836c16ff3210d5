package io.intrahub.cachefolder;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.intrahub.hub.FilePath;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Reads a folder that somebody else has made: it may have anything in it, links above all. */
final class FolderFiles {
  /** What the JDK puts in place of bytes that the locale can't decode. */
  private static final char UNDECODABLE = '\uFFFD';

  private final Path realRoot;

  /**
   * Files below a folder.
   *
   * @throws IOException if it is not there
   */
  FolderFiles(Path root) throws IOException {
    if (!Files.isDirectory(root)) {
      throw new NotDirectoryException(root + " is not a folder");
    }
    this.realRoot = root.toRealPath();
  }

  /** Why a content can't be used. The message is for the operator. */
  static final class UnusableException extends Exception {
    private static final long serialVersionUID = 1L;

    UnusableException(String why) {
      super(why);
    }
  }

  /** Follows all links to a regular file in the folder. */
  Path content(Path path) throws UnusableException {
    Path real;
    try {
      real = path.toRealPath();
    } catch (NoSuchFileException e) {
      throw new UnusableException("it is a link to a file that does not exist");
    } catch (IOException e) {
      throw new UnusableException(unreadable(e));
    }
    if (!real.startsWith(realRoot)) {
      throw new UnusableException("it is a link that leads out of the folder");
    }
    if (!Files.isRegularFile(real, NOFOLLOW_LINKS)) {
      throw new UnusableException("it is not a file");
    }
    return real;
  }

  /** What is in a folder, by name; empty if there is no such folder, or a link in its place. */
  static List<Path> list(Path folder) throws IOException {
    List<Path> names = new ArrayList<>();
    if (!Files.isDirectory(folder, NOFOLLOW_LINKS)) {
      return names;
    }
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder)) {
      stream.forEach(names::add);
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    Collections.sort(names);
    return names;
  }

  /** What is in a folder, by name; what can't be listed is skipped. */
  static List<Path> list(Path folder, CachedFiles.Skips skips) {
    try {
      return list(folder);
    } catch (IOException e) {
      skips.skipped(folder, unreadable(e));
      return List.of();
    }
  }

  private static String unreadable(IOException e) {
    return "it can't be read (" + e + ")";
  }

  /** Takes each file and link. */
  interface Visitor {
    void file(Path file) throws IOException;
  }

  /**
   * Visits all files and links below a folder, without following links to folders. Folders that
   * can't be listed are skipped.
   */
  static void walk(Path folder, CachedFiles.Skips skips, Visitor visitor) throws IOException {
    for (Path path : list(folder, skips)) {
      if (Files.isDirectory(path, NOFOLLOW_LINKS)) {
        walk(path, skips, visitor);
      } else {
        visitor.file(path);
      }
    }
  }

  /**
   * A folder and all below it, parents first. Links are not followed.
   *
   * @throws IOException if a folder can't be listed; one that goes away meanwhile is no exception
   */
  static List<Path> below(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.toList();
    } catch (UncheckedIOException e) {
      // The stream can't throw the checked one, and callers handle only that.
      throw e.getCause();
    }
  }

  /** A folder and all folders below it, parents first. */
  static List<Path> foldersBelow(Path folder) throws IOException {
    return below(folder).stream().filter(path -> Files.isDirectory(path, NOFOLLOW_LINKS)).toList();
  }

  /** All files and links below a folder. */
  static List<Path> filesBelow(Path folder) throws IOException {
    return below(folder).stream().filter(path -> !Files.isDirectory(path, NOFOLLOW_LINKS)).toList();
  }

  /** Reads something about a file. */
  interface Look<T> {
    T at(Path file) throws IOException;
  }

  /** Looks at a file of which it is known that it is there. */
  static <T> T look(Path file, Look<T> look) throws UnusableException {
    try {
      return look.at(file);
    } catch (IOException e) {
      throw new UnusableException(unreadable(e));
    }
  }

  /**
   * Whether the name of a file was read as it is. It was not if it has letters that the locale of
   * this process does not have.
   */
  static boolean isDecodable(Path file) {
    return file.toString().indexOf(UNDECODABLE) < 0;
  }

  /** The path of a file below a folder, with slashes; empty if no file of the Hub has it. */
  static Optional<FilePath> pathIn(Path folder, Path file) {
    String name =
        folder.relativize(file).toString().replace(file.getFileSystem().getSeparator(), "/");
    return isDecodable(file) ? FilePath.parse(name) : Optional.empty();
  }

  /** The same, with the reason if there is none. */
  static FilePath hubPath(Path folder, Path file) throws UnusableException {
    if (!isDecodable(file)) {
      throw new UnusableException(
          "its name can't be read with this locale: set LC_ALL=C.UTF-8, or the one that it was"
              + " written with");
    }
    return pathIn(folder, file)
        .orElseThrow(() -> new UnusableException("no file of the Hub has such a name"));
  }
}
