package io.intrahub.cachefolder;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.intrahub.hub.CommitHash;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.zip.InflaterInputStream;
import java.util.zip.ZipException;

/**
 * The commits of a git clone, as a file each or in packs (gitrepository-layout). Git itself is not
 * run, because it obeys the configuration of the clone, which may name programs; nor is JGit used,
 * which reads files outside of the clone and runs git to find them. What is found here is compared
 * with its id, so a mistake of this reader can only make it refuse a clone.
 *
 * @param folder {@code .git/objects}
 */
record GitObjects(Path folder) {
  /** No commit is larger, in bytes; nor is anything that it is a difference to. */
  static final int MAX_OBJECT = 256 << 10;

  /** Heap that reading a commit takes at most, in bytes. */
  static final long MEMORY = 2 << 20;

  private static final String COMMIT = "commit";
  private static final String TREE_LINE = "tree ";
  private static final int HEX_ID = 40;

  /** The id that git gives an object, 20 bytes. */
  static byte[] hash(String kind, byte[] content) {
    MessageDigest sha1 = sha1();
    sha1.update((kind + " " + content.length + "\0").getBytes(StandardCharsets.US_ASCII));
    return sha1.digest(content);
  }

  static MessageDigest sha1() {
    try {
      return MessageDigest.getInstance("SHA-1");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-1", e);
    }
  }

  /**
   * The id of a commit's tree, in hexadecimal digits.
   *
   * @throws IOException if the commit is not in the clone, or is damaged
   */
  String treeOf(CommitHash commit) throws IOException {
    Optional<byte[]> loose = loose(commit.hex());
    Optional<byte[]> found = loose.isPresent() ? loose : packed(commit.hex());
    if (found.isEmpty()) {
      throw new IOException(
          "the clone does not have the commit %s itself: run git repack -a -d in it"
              .formatted(commit));
    }
    String text = new String(found.get(), StandardCharsets.ISO_8859_1);
    if (!HexFormat.of().formatHex(hash(COMMIT, found.get())).equals(commit.hex())
        || !text.startsWith(TREE_LINE)
        || text.length() < TREE_LINE.length() + HEX_ID) {
      throw new IOException(
          "the commit %s is damaged in the clone: clone it again".formatted(commit));
    }
    return text.substring(TREE_LINE.length(), TREE_LINE.length() + HEX_ID);
  }

  private Optional<byte[]> loose(String id) throws IOException {
    Path file = folder.resolve(id.substring(0, 2)).resolve(id.substring(2));
    if (!Files.isRegularFile(file, NOFOLLOW_LINKS)) {
      return Optional.empty();
    }
    try (InputStream in = new InflaterInputStream(Files.newInputStream(file, NOFOLLOW_LINKS))) {
      byte[] bytes = in.readNBytes(MAX_OBJECT);
      int head = 0;
      while (head < bytes.length && bytes[head] != 0) {
        head++;
      }
      return Optional.of(Arrays.copyOfRange(bytes, Math.min(head + 1, bytes.length), bytes.length));
    } catch (EOFException | ZipException e) {
      throw new IOException(file + " is damaged: clone the repo again", e);
    }
  }

  private Optional<byte[]> packed(String id) throws IOException {
    byte[] wanted = HexFormat.of().parseHex(id);
    for (Path index : FolderFiles.list(folder.resolve("pack"))) {
      if (index.toString().endsWith(GitPackIndex.SUFFIX)
          && Files.isRegularFile(index, NOFOLLOW_LINKS)) {
        Optional<byte[]> found = GitPack.read(index, wanted);
        if (found.isPresent()) {
          return found;
        }
      }
    }
    return Optional.empty();
  }
}
