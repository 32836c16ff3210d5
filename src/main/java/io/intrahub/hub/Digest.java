package io.intrahub.hub;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Optional;

/**
 * Identifies the bytes of a file: sha256 for files stored with LFS, the git blob id for all others.
 * In both cases it is the file's ETag at the Hub.
 */
public sealed interface Digest {
  /** Lower-case hexadecimal digits. */
  String hex();

  /**
   * Returns a hash that is ready to take the content.
   *
   * @param size length of the content in bytes; a git blob id covers it
   */
  MessageDigest newHash(long size);

  /** The strong, quoted entity tag (RFC 9110 section 8.8.3). */
  default String etag() {
    return '"' + hex() + '"';
  }

  /**
   * Returns the digest in an ETag of the Hub: 64 hexadecimal digits are a sha256, 40 a git blob id.
   * Quotes and a weakness indicator are dropped, as huggingface_hub does.
   *
   * @return empty if it is neither, for example a CDN's own tag
   */
  static Optional<Digest> ofEtag(String etag) {
    String bare = etag.startsWith("W/") ? etag.substring(2) : etag;
    if (bare.length() >= 2 && bare.startsWith("\"") && bare.endsWith("\"")) {
      bare = bare.substring(1, bare.length() - 1);
    }
    if (Hex.isLowerHex(bare, 64)) {
      return Optional.of(new Sha256(bare));
    }
    return Hex.isLowerHex(bare, 40) ? Optional.of(new GitSha1(bare)) : Optional.empty();
  }

  /** The sha256 of the content. */
  record Sha256(String hex) implements Digest {
    public Sha256 {
      if (!Hex.isLowerHex(hex, 64)) {
        throw new IllegalArgumentException("not a sha256: " + hex);
      }
    }

    @Override
    public MessageDigest newHash(long size) {
      return hash("SHA-256");
    }
  }

  /** The sha1 of {@code "blob " + size + NUL + content}, git's name of a blob. */
  record GitSha1(String hex) implements Digest {
    public GitSha1 {
      if (!Hex.isLowerHex(hex, 40)) {
        throw new IllegalArgumentException("not a git blob id: " + hex);
      }
    }

    @Override
    public MessageDigest newHash(long size) {
      MessageDigest sha1 = hash("SHA-1");
      sha1.update(("blob " + size + "\0").getBytes(StandardCharsets.US_ASCII));
      return sha1;
    }
  }

  private static MessageDigest hash(String algorithm) {
    try {
      return MessageDigest.getInstance(algorithm);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has " + algorithm, e);
    }
  }
}
