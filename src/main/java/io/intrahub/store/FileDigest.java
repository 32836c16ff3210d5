package io.intrahub.store;

import io.intrahub.hub.BlobId;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;

/** Compares files with digests. */
public final class FileDigest {
  private static final int BUFFER = 1 << 20;

  private FileDigest() {}

  /**
   * Reads a whole file, unless its size is another one. Follows links. For any thread.
   *
   * @return whether it has the size and the digest of the blob
   * @throws IOException if it can't be read
   */
  public static boolean matches(Path file, BlobId blob) throws IOException {
    if (Files.size(file) != blob.size()) {
      return false;
    }
    MessageDigest hash = blob.digest().newHash(blob.size());
    long size = 0;
    try (InputStream in = Files.newInputStream(file)) {
      byte[] buffer = new byte[BUFFER];
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        hash.update(buffer, 0, count);
        size += count;
      }
    }
    return size == blob.size()
        && HexFormat.of().formatHex(hash.digest()).equals(blob.digest().hex());
  }
}
