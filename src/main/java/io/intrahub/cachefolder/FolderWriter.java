package io.intrahub.cachefolder;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;

/**
 * Every change that an export makes to a cache folder. A seam: tests put a writer here that fails,
 * or is killed, at its N-th call.
 *
 * <p>For one thread.
 */
interface FolderWriter {
  /** Creates a folder and those above it, and makes their names durable. */
  void createFolder(Path folder) throws IOException;

  /** Copies the content of a file into a new file, in place of what has that name. */
  void copy(Path source, Path target) throws IOException;

  /** Produces the content of a file. */
  interface Content {
    void writeTo(OutputStream to) throws IOException;
  }

  /** Writes a new file, in place of what has that name. */
  void write(Path file, Content content) throws IOException;

  /** The same, for content that is in memory. */
  default void write(Path file, byte[] content) throws IOException {
    write(file, to -> to.write(content));
  }

  /** Gives a file a second name, in place of what has that name. */
  void hardLink(Path existing, Path name) throws IOException;

  /**
   * Creates a symbolic link.
   *
   * @throws UnsupportedOperationException if the file system has none; some throw an {@link
   *     IOException} instead
   */
  void symbolicLink(Path name, Path target) throws IOException;

  /** Moves in one step, in place of what has that name. */
  void rename(Path from, Path to) throws IOException;

  /** Removes a file or an empty folder, if it is there. */
  void delete(Path path) throws IOException;

  /** Makes the content of a file, or the names in a folder, survive a power cut. */
  void force(Path fileOrFolder) throws IOException;
}
