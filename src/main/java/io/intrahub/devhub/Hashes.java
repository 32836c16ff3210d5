package io.intrahub.devhub;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** The digests of git, LFS and signed addresses. */
final class Hashes {
  private static final HexFormat HEX = HexFormat.of();

  private Hashes() {}

  static MessageDigest digest(String algorithm) {
    try {
      return MessageDigest.getInstance(algorithm);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(algorithm + " is part of every Java runtime", e);
    }
  }

  static String hex(byte[] bytes) {
    return HEX.formatHex(bytes);
  }

  static String sha256(String text) {
    return hex(digest("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
  }

  /** Reads the whole content once; the cost is one pass of SHA-256. */
  static String sha256(DevContent content) {
    MessageDigest digest = digest("SHA-256");
    byte[] buffer = new byte[1 << 16];
    long at = 0;
    while (at < content.size()) {
      int n = content.read(at, buffer, 0, buffer.length);
      digest.update(buffer, 0, n);
      at += n;
    }
    return hex(digest.digest());
  }

  /** The id that git gives an object: the SHA-1 of {@code "<kind> <length>\0"} and its bytes. */
  static String gitOid(String kind, byte[] body) {
    MessageDigest digest = digest("SHA-1");
    digest.update((kind + " " + body.length + "\0").getBytes(StandardCharsets.UTF_8));
    return hex(digest.digest(body));
  }

  static byte[] hmacSha256(byte[] key, String text) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("HmacSHA256 is part of every Java runtime", e);
    }
  }
}
