package io.intrahub.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.BitSet;

/**
 * A blob of which some pieces are there and others not: a sparse file, a map of its pieces, and a
 * hash that follows from the beginning. What is there survives the process, and is there again when
 * the blob is opened the next time.
 *
 * <p>Life: {@link #write} anywhere, {@link #mark} whole pieces, {@link #hash} from the beginning,
 * at the end {@link #publish}, then {@link #close}. Many threads may write, to different bytes, and
 * read; each method says when it is for one thread at a time.
 *
 * <p>How durable: the end of the process costs the pieces that were not marked. A power cut, or any
 * other boot of the machine, costs what was marked after the last {@link #sync}.
 */
public interface PartialBlob extends AutoCloseable {
  /** Bytes of a piece; the last one of a blob may be shorter. */
  int PIECE = 256 * 1024;

  /**
   * The largest size that is believed, 1 TiB: twice what the Hub takes for one file. The size is
   * anybody's claim, and its map of pieces takes memory and disk in proportion.
   */
  long MAX_SIZE = 1L << 40;

  /**
   * Says no to a blob of so many bytes if no store can hold it.
   *
   * @throws IOException if it is larger than {@link #MAX_SIZE}
   */
  static void requirePossible(long size) throws IOException {
    if (size > MAX_SIZE) {
      throw new IOException(
          "a blob of %d bytes is larger than any file of the Hub".formatted(size));
    }
  }

  /** The number of pieces of a blob of this many bytes. */
  static int pieces(long size) {
    return Math.toIntExact((size + PIECE - 1) / PIECE);
  }

  /**
   * Whether the pieces of a blob of this many bytes outlive {@link #close}. A small one is fetched
   * again in no time, and there are thousands of them.
   */
  static boolean isKept(long size) {
    return size > 4L * PIECE;
  }

  /** The pieces that were there when it was opened; a copy, which does not change. */
  BitSet found();

  /**
   * Sets room aside for this many more bytes that will be written, beside what is set aside
   * already. What is written uses it up; {@link #close} lets go of the rest. Not to be called while
   * another thread does.
   *
   * @throws IOException when there is no room, even after others were evicted; the blob can be used
   *     as before
   */
  void reserve(long bytes) throws IOException;

  /** Lets go of so much of what was set aside, because it will not be written now. */
  void unreserve(long bytes);

  /**
   * Writes the whole buffer at an offset.
   *
   * @throws IOException when the disk can't take it, or when it would reach beyond the blob's size;
   *     what was written before can still be read
   */
  void write(ByteBuffer from, long at) throws IOException;

  /**
   * Says that all bytes of a piece are written, and will not be written again. Not before they are:
   * after the end of the process the mark alone is believed. Costs a small write, no fsync.
   *
   * @throws IOException when it can't be noted; the piece may then be missing at the next opening
   */
  void mark(int piece) throws IOException;

  /**
   * Reads bytes that were written or found; as {@link StoredBlob#read}. After {@link Verdict#WRONG}
   * it may fail.
   */
  int read(ByteBuffer into, long at) throws IOException;

  /**
   * Makes what is marked survive a power cut; does nothing when nothing was marked since the last
   * time. For one thread at a time, while others write. A thread that is interrupted while it is in
   * here makes it fail.
   *
   * @throws IOException when that failed. It must not be tried again: the system may have thrown
   *     the bytes away. The blob can only be read and closed then, and will be found empty.
   */
  void sync() throws IOException;

  /** Number of bytes from the beginning that are in the hash. */
  long hashed();

  /**
   * Takes the bytes up to an offset into the hash; they are read back from the file, so that what
   * is verified is what is there. For one thread at a time, the same one that publishes.
   *
   * @throws IOException when they can't be read
   */
  void hash(long to) throws IOException;

  /** What {@link #publish} found. */
  enum Verdict {
    /** The digest is right; the blob is published and survives a power cut. */
    PUBLISHED,
    /** The digest is wrong: the bytes are in quarantine and nothing is published. */
    WRONG
  }

  /**
   * Checks the digest of the whole and makes the blob visible under its name. To publish what is
   * there already is no error. After a verdict the blob can be opened anew, while readers of this
   * one go on until {@link #close}.
   *
   * @throws IllegalStateException when not all bytes are in the hash
   * @throws IOException when it could not be made durable; nothing is published then, and the blob
   *     can only be read and closed. If its bytes could not be forced to the disk it will be found
   *     empty. If it was their name, or the store was closed, it will be found as it is, and can be
   *     opened, hashed and published again.
   */
  Verdict publish() throws IOException;

  /**
   * Lets go of it; readers must be gone. What is marked is synced and stays for the next opening. A
   * blob with nothing marked, or one that is not {@link #isKept}, leaves nothing behind. Never
   * throws, and may be called twice.
   */
  @Override
  void close();
}
