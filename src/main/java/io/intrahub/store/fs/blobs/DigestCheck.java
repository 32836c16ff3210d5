package io.intrahub.store.fs.blobs;

import io.intrahub.hub.Digest;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.FileIo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.function.BooleanSupplier;

/** Whether bytes are what their name says. */
public final class DigestCheck {
  private static final int BUFFER = 128 << 10;

  private DigestCheck() {}

  /**
   * Reads the whole file and compares; fails when it can't be read to its end.
   *
   * @param stopped whether it is not worth going on; asked before each buffer
   */
  static boolean matches(Disk.File file, long size, Digest digest, BooleanSupplier stopped)
      throws IOException {
    MessageDigest hash = digest.newHash(size);
    for (long at = 0; at < size; at += BUFFER) {
      if (stopped.getAsBoolean()) {
        throw new IOException("the store is closed");
      }
      hash.update(FileIo.readFully(file, at, (int) Math.min(BUFFER, size - at)));
    }
    return matches(hash, digest);
  }

  /** Compares bytes in memory. */
  public static boolean matches(ByteBuffer bytes, Digest digest) {
    MessageDigest hash = digest.newHash(bytes.remaining());
    hash.update(bytes.duplicate());
    return matches(hash, digest);
  }

  /** Compares what was hashed; ends the hash. */
  public static boolean matches(MessageDigest hash, Digest digest) {
    return HexFormat.of().formatHex(hash.digest()).equals(digest.hex());
  }
}
