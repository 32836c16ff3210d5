package io.intrahub.store.fs.disk;

import io.intrahub.hub.Digest;
import java.util.HexFormat;

/**
 * What a blob is known by in memory: its digest as numbers, which take a third of the space of
 * their digits, since there is a key for every blob on disk.
 *
 * @param repoFolder the repo that a git blob belongs to; empty for a sha256, which all repos share
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
    return shared()
        ? new Digest.Sha256(start + hex.toHexDigits(c) + hex.toHexDigits(d))
        : new Digest.GitSha1(start + hex.toHexDigits(c, GIT_DIGITS_IN_C));
  }

  /**
   * A number that hardly any other blob has; the same in each process. Git blobs of one digest in
   * two repos have two.
   */
  public long fingerprint() {
    return a ^ ((long) repoFolder.hashCode() << 32);
  }
}
