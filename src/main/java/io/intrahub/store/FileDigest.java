package io.intrahub.store;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.Digest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;

/** Computes the digests of files. */
public final class FileDigest {
  /** In bytes, at most: many files may be read at once. */
  private static final int BUFFER = 128 << 10;

  private FileDigest() {}

  /**
   * Reads a whole file, unless its size is another one. Follows links. For any thread.
   *
   * @return whether it has the size and the digest of the blob
   * @throws IOException if it can't be read
   */
  public static boolean matches(Path file, BlobId blob) throws IOException {
    return matches(file, blob, () -> {});
  }

  /**
   * The same.
   *
   * @param goesOn called at each part of the file; may end the reading with an unchecked exception
   */
  public static boolean matches(Path file, BlobId blob, Runnable goesOn) throws IOException {
    if (Files.size(file) != blob.size()) {
      return false;
    }
    return of(file, blob.digest(), blob.size(), goesOn).equals(blob.digest().hex());
  }

  /**
   * Reads content up to its end, or a few bytes beyond the size of the blob. For any thread.
   *
   * @param goesOn called at each part of it; may end the reading with an unchecked exception
   * @return whether it has the size and the digest of the blob
   * @throws IOException if it can't be read
   */
  public static boolean matches(ImportedContent content, BlobId blob, Runnable goesOn)
      throws IOException {
    MessageDigest hash = blob.digest().newHash(blob.size());
    long size = 0;
    try (InputStream in = content.open()) {
      byte[] buffer = buffer(blob.size());
      for (int count = in.read(buffer);
          count >= 0 && size <= blob.size();
          count = in.read(buffer)) {
        hash.update(buffer, 0, count);
        size += count;
        goesOn.run();
      }
    }
    return size == blob.size()
        && HexFormat.of().formatHex(hash.digest()).equals(blob.digest().hex());
  }

  /**
   * Reads a whole file.
   *
   * @param kind of the digest
   * @param size of the file in bytes
   * @param goesOn called at each part of the file; may end the reading with an unchecked exception
   * @return the digest, in hexadecimal digits; meaningless if the file has another size
   * @throws IOException if it can't be read
   */
  public static String of(Path file, Digest kind, long size, Runnable goesOn) throws IOException {
    MessageDigest hash = kind.newHash(size);
    try (InputStream in = Files.newInputStream(file)) {
      byte[] buffer = buffer(size);
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        hash.update(buffer, 0, count);
        goesOn.run();
      }
    }
    return HexFormat.of().formatHex(hash.digest());
  }

  private static byte[] buffer(long size) {
    return new byte[Math.clamp(size, 1, BUFFER)];
  }
}
