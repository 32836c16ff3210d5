package io.intrahub.cachefolder;

import io.intrahub.base.MemoryBudget;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HexFormat;

/**
 * Computes the id of git's tree from all of its files, in the order of their paths as an index has
 * them. In memory are only the folders that lead to the last file. For one thread.
 */
final class GitTreeHash {
  private static final int STEP = 64 << 10;
  private static final String FOLDER_MODE = "40000";

  private final MemoryBudget.Reservation memory;

  /** The folders that lead to the last file, the innermost first; the root is the last. */
  private final Deque<Folder> open = new ArrayDeque<>();

  /** Bytes that the open folders take at most. */
  private long held;

  private long reserved;

  /** A folder whose entries are not all known yet. */
  private record Folder(String name, ByteArrayOutputStream entries) {
    Folder(String name) {
      this(name, new ByteArrayOutputStream());
    }
  }

  /**
   * A tree without files.
   *
   * @param memory grown by what the open folders take
   */
  GitTreeHash(MemoryBudget.Reservation memory) {
    this.memory = memory;
    open.push(new Folder(""));
  }

  /**
   * Adds a file, a link or a submodule.
   *
   * @param mode as git has it
   * @param path one character per byte
   * @param id its git id, 20 bytes
   */
  void add(int mode, String path, byte[] id) throws IOException {
    String[] names = path.split("/", -1);
    leave(commonFolders(names));
    for (int at = open.size() - 1; at < names.length - 1; at++) {
      open.push(new Folder(names[at]));
    }
    append(Integer.toOctalString(mode), names[names.length - 1], id);
  }

  /** The id of the tree, in hexadecimal digits. Nothing may be added any more. */
  String root() throws IOException {
    leave(0);
    return HexFormat.of().formatHex(id(open.element()));
  }

  /** How many of the open folders, without the root, the path begins with. */
  private int commonFolders(String[] names) {
    int common = 0;
    var outermost = open.descendingIterator();
    outermost.next();
    while (outermost.hasNext()
        && common < names.length - 1
        && outermost.next().name().equals(names[common])) {
      common++;
    }
    return common;
  }

  /** Ends the innermost folders until so many are left beside the root. */
  private void leave(int folders) throws IOException {
    while (open.size() - 1 > folders) {
      Folder ended = open.pop();
      held -= 2L * ended.entries().size();
      append(FOLDER_MODE, ended.name(), id(ended));
    }
  }

  private void append(String mode, String name, byte[] id) throws IOException {
    byte[] head = (mode + " " + name + "\0").getBytes(StandardCharsets.ISO_8859_1);
    // An array that grows is copied to one of twice its size.
    held += 2L * (head.length + id.length);
    while (held > reserved) {
      memory.grow(STEP);
      reserved += STEP;
    }
    open.element().entries().writeBytes(head);
    open.element().entries().writeBytes(id);
  }

  private static byte[] id(Folder folder) {
    return GitObjects.hash("tree", folder.entries().toByteArray());
  }
}
