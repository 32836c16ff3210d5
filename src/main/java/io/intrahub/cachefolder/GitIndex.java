package io.intrahub.cachefolder;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * The index of a git clone (gitformat-index, version 2 or 3): the files of the commit that is
 * checked out, if nothing is staged.
 *
 * @param items the regular files
 */
record GitIndex(List<Item> items) {
  private static final int SIGNATURE = 0x44495243;
  private static final int TREE = 0x54524545;
  private static final long MAX_SIZE = 256L << 20;
  private static final int ID_BYTES = 20;
  private static final int STAT_BYTES = 24;
  private static final int REGULAR = 0x8;
  private static final int EXTENDED = 0x4000;
  private static final int STAGE = 0x3000;

  /**
   * A file.
   *
   * @param gitId its git blob id; of an LFS file, that of its pointer
   */
  record Item(String path, String gitId) {}

  GitIndex {
    items = List.copyOf(items);
  }

  /**
   * Reads an index.
   *
   * @throws IOException if it can't be read or understood, or if changes are staged
   */
  static GitIndex read(Path file) throws IOException {
    if (!Files.isRegularFile(file, NOFOLLOW_LINKS) || Files.size(file) > MAX_SIZE) {
      throw new IOException(file + " is missing or too large: check the clone's files out");
    }
    byte[] bytes = Files.readAllBytes(file);
    if (!isWhole(bytes)) {
      throw damaged(file);
    }
    try {
      return parse(file, ByteBuffer.wrap(bytes));
    } catch (BufferUnderflowException | IllegalArgumentException e) {
      throw damaged(file);
    }
  }

  private static IOException damaged(Path file) {
    return new IOException(file + " is damaged: run git reset in the clone");
  }

  /**
   * Whether it ends with its sha1, or with the zeros that {@code index.skipHash} writes instead.
   */
  private static boolean isWhole(byte[] bytes) {
    int end = bytes.length - ID_BYTES;
    if (end < 0) {
      return false;
    }
    byte[] sum = Arrays.copyOfRange(bytes, end, bytes.length);
    try {
      MessageDigest sha1 = MessageDigest.getInstance("SHA-1");
      sha1.update(bytes, 0, end);
      return Arrays.equals(sum, sha1.digest()) || Arrays.equals(sum, new byte[ID_BYTES]);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-1", e);
    }
  }

  private static GitIndex parse(Path file, ByteBuffer in) throws IOException {
    int signature = in.getInt();
    int version = in.getInt();
    if (signature != SIGNATURE || version < 2 || version > 3) {
      throw new IOException(
          file
              + " has a form that is not understood: run git update-index --index-version 2 in the"
              + " clone");
    }
    List<Item> items = new ArrayList<>();
    int count = in.getInt();
    for (int i = 0; i < count; i++) {
      item(file, in, items);
    }
    if (!isCommitted(in)) {
      throw new IOException(
          "the clone has staged changes, or git has not noted that it has none: run git reset"
              + " --hard, or clone it again");
    }
    return new GitIndex(items);
  }

  private static void item(Path file, ByteBuffer in, List<Item> items) throws IOException {
    int start = in.position();
    in.position(start + STAT_BYTES);
    int mode = in.getInt();
    in.position(in.position() + 3 * Integer.BYTES);
    byte[] id = new byte[ID_BYTES];
    in.get(id);
    int flags = in.getShort();
    if ((flags & EXTENDED) != 0) {
      in.getShort();
    }
    if ((flags & STAGE) != 0) {
      throw new IOException(file + " has a merge that is not finished");
    }
    int name = in.position();
    while (in.get() != 0) {
      // To the end of the name.
    }
    int end = in.position() - 1;
    if (mode >> 12 == REGULAR) {
      byte[] path = new byte[end - name];
      in.get(name, path);
      items.add(new Item(new String(path, StandardCharsets.UTF_8), HexFormat.of().formatHex(id)));
    }
    // One to eight zero bytes make the entry a multiple of eight bytes long.
    in.position(start + (end - start + 8) / 8 * 8);
  }

  /** Whether the extension with the trees says that all of them are written. */
  private static boolean isCommitted(ByteBuffer in) {
    while (in.remaining() > ID_BYTES + 2 * Integer.BYTES) {
      int kind = in.getInt();
      int size = in.getInt();
      if (kind == TREE) {
        // Empty path of the root, NUL, the number of its entries, or -1 if something changed.
        return in.get() == 0 && in.get() != '-';
      }
      in.position(in.position() + size);
    }
    return false;
  }
}
