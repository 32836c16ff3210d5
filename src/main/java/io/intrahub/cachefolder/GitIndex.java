package io.intrahub.cachefolder;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.intrahub.base.MemoryBudget;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * The index of a git clone (gitformat-index, version 2 or 3). It names the files of the commit that
 * is checked out if their tree is the commit's, which is computed on each reading. The index is
 * read as a stream, because it has a line for each file of the repo.
 *
 * @param file where it is
 * @param tree the id of the commit's tree, in hexadecimal digits
 */
record GitIndex(Path file, String tree) {
  private static final int SIGNATURE = 0x44495243;
  private static final int ID_BYTES = 20;
  private static final int STAT_BYTES = 24;
  private static final int MAX_PATH = 4096;
  private static final int REGULAR = 0x8;
  private static final int EXTENDED = 0x4000;
  private static final int STAGE = 0x3000;

  /** An extension whose name begins with a small letter must not be ignored. */
  private static final int FIRST_REQUIRED = 'a';

  /** Takes the regular files. */
  interface Visitor {
    /**
     * A file.
     *
     * @param gitId its git blob id; of an LFS file, that of its pointer
     */
    void file(String path, String gitId) throws IOException;
  }

  /**
   * Passes the files of the commit on. That they are the commit's is known when this returns.
   *
   * @param memory grown by what is held while the index is read
   * @throws IOException if the index can't be read or understood, or names other files than the
   *     commit
   */
  void read(MemoryBudget.Reservation memory, Visitor visitor) throws IOException {
    if (!Files.isRegularFile(file, NOFOLLOW_LINKS)) {
      throw new IOException(file + " is missing: check the clone's files out");
    }
    GitTreeHash found = new GitTreeHash(memory);
    try (Input in = Input.open(file)) {
      read(in, found, visitor);
    } catch (EOFException e) {
      throw damaged();
    }
    if (!found.root().equals(tree)) {
      throw new IOException(
          "the clone has staged changes, or its index is not that of the commit that is checked"
              + " out: run git reset --hard, or clone it again");
    }
  }

  private IOException damaged() {
    return new IOException(file + " is damaged: run git reset in the clone");
  }

  private IOException notUnderstood() {
    return new IOException(
        file
            + " has a form that is not understood: run git sparse-checkout disable, git update-index"
            + " --no-split-index and git update-index --index-version 2 in the clone");
  }

  /** Reads, and counts and hashes what is read. */
  private static final class Input implements AutoCloseable {
    private final DigestInputStream hashed;
    private final DataInputStream in;
    private final long end;
    private final byte[] buffer = new byte[MAX_PATH];
    private long position;

    private Input(DigestInputStream hashed, long size) {
      this.hashed = hashed;
      this.in = new DataInputStream(hashed);
      this.end = size - ID_BYTES;
    }

    static Input open(Path file) throws IOException {
      long size = Files.size(file);
      return new Input(
          new DigestInputStream(
              new BufferedInputStream(Files.newInputStream(file, NOFOLLOW_LINKS)),
              GitObjects.sha1()),
          size);
    }

    private void advance(long bytes) throws EOFException {
      position += bytes;
      if (position > end) {
        throw new EOFException();
      }
    }

    int word() throws IOException {
      advance(Integer.BYTES);
      return in.readInt();
    }

    int half() throws IOException {
      advance(Short.BYTES);
      return in.readUnsignedShort();
    }

    int octet() throws IOException {
      advance(1);
      return in.readUnsignedByte();
    }

    byte[] bytes(int count) throws IOException {
      advance(count);
      byte[] bytes = new byte[count];
      in.readFully(bytes);
      return bytes;
    }

    /** Reads to a zero byte, which is skipped. */
    byte[] untilZero() throws IOException {
      int length = 0;
      for (int next = octet(); next != 0; next = octet()) {
        if (length == MAX_PATH) {
          throw new EOFException();
        }
        buffer[length] = (byte) next;
        length++;
      }
      return Arrays.copyOf(buffer, length);
    }

    void skip(long count) throws IOException {
      advance(count);
      // What is skipped otherwise is not hashed.
      for (long left = count; left > 0; left -= Math.min(left, buffer.length)) {
        in.readFully(buffer, 0, (int) Math.min(left, buffer.length));
      }
    }

    boolean hasMore() {
      return position < end;
    }

    /** Whether the sha1 follows, or the zeros that {@code index.skipHash} writes instead. */
    boolean isWhole() throws IOException {
      MessageDigest sha1 = hashed.getMessageDigest();
      byte[] actual = sha1.digest();
      byte[] noted = in.readNBytes(ID_BYTES);
      return Arrays.equals(noted, actual) || Arrays.equals(noted, new byte[ID_BYTES]);
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }

  private void read(Input in, GitTreeHash found, Visitor visitor) throws IOException {
    int signature = in.word();
    int version = in.word();
    if (signature != SIGNATURE) {
      throw damaged();
    }
    if (version < 2 || version > 3) {
      throw notUnderstood();
    }
    int count = in.word();
    for (int i = 0; i < count; i++) {
      item(in, found, visitor);
    }
    while (in.hasMore()) {
      int extension = in.word();
      if ((extension >>> (Integer.SIZE - Byte.SIZE)) >= FIRST_REQUIRED) {
        throw notUnderstood();
      }
      in.skip(Integer.toUnsignedLong(in.word()));
    }
    if (!in.isWhole()) {
      throw damaged();
    }
  }

  private void item(Input in, GitTreeHash found, Visitor visitor) throws IOException {
    long start = in.position;
    in.skip(STAT_BYTES);
    int mode = in.word();
    in.skip(3 * Integer.BYTES);
    byte[] id = in.bytes(ID_BYTES);
    int flags = in.half();
    if ((flags & EXTENDED) != 0) {
      in.half();
    }
    if ((flags & STAGE) != 0) {
      throw new IOException(file + " has a merge that is not finished");
    }
    byte[] path = in.untilZero();
    // One to eight zero bytes make the entry a multiple of eight bytes long.
    long unpadded = in.position - 1 - start;
    in.skip(unpadded / 8 * 8 + 8 - (unpadded + 1));
    found.add(mode, new String(path, StandardCharsets.ISO_8859_1), id);
    if (mode >> 12 == REGULAR) {
      visitor.file(new String(path, StandardCharsets.UTF_8), HexFormat.of().formatHex(id));
    }
  }
}
