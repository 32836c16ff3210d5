package io.intrahub.store.fs.disk;

import io.intrahub.hub.Digest;
import java.util.HexFormat;

/**
 * What a blob is known by in memory: its digest as numbers, which take a third of the space of
 * their digits, since there is a key for every blob on disk.
 *
 * @param repoFolder the repo within which the blob is kept; empty for a SHA-256 that all repos share
 */
public record BlobKey(String repoFolder, long a, long b, long c, long d) {
  private static final int GIT_DIGITS_IN_C = 8;

  public static BlobKey of(String repoFolder, Digest digest) {
    String hex = digest.hex();
    return new BlobKey(
        repoFolder,
        HexFormat.fromHexDigitsToLong(hex, 0, 16),
        HexFormat.fromHexDigitsToLong(hex, 16, 32),
        HexFormat.fromHexDigitsToLong(hex, 32, Math.min(48, hex.length())),
        hex.length() == 64 ? HexFormat.fromHexDigitsToLong(hex, 48, 64) : 0);
  }

  /** Whether all repos share it. */
  public boolean shared() {
    return repoFolder.isEmpty();
  }

  /** The digest that the numbers are. */
  public Digest digest() {
    HexFormat hex = HexFormat.of();
    String start = hex.toHexDigits(a) + hex.toHexDigits(b);
    // A SHA-256 does not end with 96 zero bits.
    boolean git = !shared() && d == 0 && c >>> (4 * GIT_DIGITS_IN_C) == 0;
    return !git
        ? new Digest.Sha256(start + hex.toHexDigits(c) + hex.toHexDigits(d))
        : new Digest.GitSha1(start + hex.toHexDigits(c, GIT_DIGITS_IN_C));
  }

  /**
   * A number that hardly any other blob has; the same in each process. Blobs of one digest in
   * two repos have two.
   */
  public long fingerprint() {
    return a ^ ((long) repoFolder.hashCode() << 32);
  }
}
