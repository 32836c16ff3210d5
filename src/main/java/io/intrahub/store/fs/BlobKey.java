package io.intrahub.store.fs;

import io.intrahub.hub.Digest;
import java.util.HexFormat;

/**
 * What a blob is known by in memory: its digest as numbers, which take a third of the space of
 * their digits, since there is a key for every blob on disk.
 *
 * @param repoFolder the repo that a git blob belongs to; empty for a sha256, which all repos share
 */
record BlobKey(String repoFolder, long a, long b, long c, long d) {
  static BlobKey of(String repoFolder, Digest digest) {
    String hex = digest.hex();
    return new BlobKey(
        repoFolder,
        HexFormat.fromHexDigitsToLong(hex, 0, 16),
        HexFormat.fromHexDigitsToLong(hex, 16, 32),
        HexFormat.fromHexDigitsToLong(hex, 32, Math.min(48, hex.length())),
        hex.length() == 64 ? HexFormat.fromHexDigitsToLong(hex, 48, 64) : 0);
  }
}
