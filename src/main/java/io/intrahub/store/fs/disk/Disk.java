package io.intrahub.store.fs.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Every call to the file system that the store's safety depends on. A seam: tests put a disk here
 * that fails or dies at its N-th call.
 *
 * <p>Safe for use by many threads.
 */
public interface Disk {
  /**
   * Creates a file for reading and writing, mode 0600.
   *
   * @throws java.nio.file.FileAlreadyExistsException when the name is taken
   */
  File create(Path path) throws IOException;

  /** Opens a file for reading; fails for a symbolic link. */
  File open(Path path) throws IOException;

  /** Opens a file that is there for reading and writing; fails for a symbolic link. */
  File reopen(Path path) throws IOException;

  /** What is there under this name, without following a link; empty when nothing is. */
  Optional<Attributes> attributes(Path path) throws IOException;

  /** What is in a folder, in no order; empty when the folder is not there. */
  List<Path> list(Path folder) throws IOException;

  /** Makes a folder with mode 0700 in one that is there. */
  void createFolder(Path folder) throws IOException;

  /** Makes the names in a folder survive a power cut. */
  void forceFolder(Path folder) throws IOException;

  /**
   * Gives a file a second name. Never replaces anything.
   *
   * @throws java.nio.file.FileAlreadyExistsException when the name is taken
   */
  void link(Path existing, Path name) throws IOException;

  /** Moves in one step; replaces what is there. */
  void rename(Path from, Path to) throws IOException;

  /** Removes a file or an empty folder. */
  void delete(Path path) throws IOException;

  /** Sets mode 0444. */
  void setReadOnly(Path path) throws IOException;

  /** Sets mode 0600. */
  void setWritable(Path path) throws IOException;

  /**
   * What is the same until the machine is started again. What was written before is there still,
   * forced or not, as long as this is the same.
   *
   * @return empty when the system does not say
   */
  Optional<String> bootId();

  /** Bytes that can still be written; {@link Long#MAX_VALUE} when the file system does not say. */
  long usableSpace() throws IOException;

  /**
   * What is under a name.
   *
   * @param regular whether it is a file and not a folder, link, pipe or device
   * @param folder whether it is a folder
   * @param size in bytes
   * @param modified by the file system's clock
   * @param identity equal for two looks at the same file; null when the file system has none
   */
  record Attributes(
      boolean regular, boolean folder, long size, Instant modified, @Nullable Object identity) {}

  /** An open file. */
  interface File extends AutoCloseable {
    /** Writes some of the buffer at the end. A short write is no error: the caller goes on. */
    int write(ByteBuffer from) throws IOException;

    /** Writes some of the buffer at a position. A short write is no error: the caller goes on. */
    int write(ByteBuffer from, long position) throws IOException;

    /**
     * Writes bytes of another file at the end, from a position of that file up to its end; as a
     * reflink where the file system has them. A short write is no error: the caller goes on.
     *
     * @return the number of bytes, 0 at the end of the other file
     */
    long append(FileChannel source, long position) throws IOException;

    /** Reads some bytes at a position; -1 at the end of the file. */
    int read(ByteBuffer into, long position) throws IOException;

    /** In bytes, now. */
    long size() throws IOException;

    /** Makes the content survive a power cut. When it failed once, it must not be tried again. */
    void force() throws IOException;

    @Override
    void close() throws IOException;
  }
}
