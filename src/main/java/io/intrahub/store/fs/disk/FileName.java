package io.intrahub.store.fs.disk;

import io.intrahub.base.PercentCoding;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Any text as one file name. Pure functions. */
final class FileName {
  /** Longest encoded name; with a prefix it stays below the 255 bytes of most file systems. */
  private static final int LONGEST = 200;

  private FileName() {}

  /** Returns the text percent-encoded, or its hash if that is too long. */
  static String of(String text) {
    String encoded = PercentCoding.encode(text);
    if (encoded.length() <= LONGEST && !encoded.startsWith(".")) {
      return encoded;
    }
    return "@sha256-" + sha256(text);
  }

  private static String sha256(String text) {
    try {
      MessageDigest hash = MessageDigest.getInstance("SHA-256");
      return HexFormat.of().formatHex(hash.digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
