package io.intrahub.store.fs;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * Tells the folder of a store from its copies, which have the same STORE-ID and the same key. It is
 * of the folder itself, because a copy can share its files by hard links.
 */
public final class FolderId {
  private FolderId() {}

  /**
   * What the file system calls a folder: its device and inode, which are the same under another
   * name or behind a link, and in a container that has it as a bind mount. On a file system without
   * them, its path. It may change when the machine starts anew.
   *
   * @return 64 hexadecimal digits
   * @throws IOException if the folder is missing or can't be read
   */
  public static String of(Path folder) throws IOException {
    @Nullable Object key = Files.readAttributes(folder, BasicFileAttributes.class).fileKey();
    String name = key == null ? folder.toRealPath().toString() : key.toString();
    try {
      MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
      return HexFormat.of().formatHex(sha256.digest(name.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
