package io.intrahub.store.fs.metadata;

import io.intrahub.hub.CommitHash;
import java.util.HexFormat;

/**
 * What a commit is known by in memory: its hash as numbers, as in {@code BlobKey}.
 *
 * @param repoFolder the repo it belongs to
 */
public record CommitKey(String repoFolder, long a, long b, int c) {
  public static CommitKey of(String repoFolder, CommitHash commit) {
    String hex = commit.hex();
    return new CommitKey(
        repoFolder,
        HexFormat.fromHexDigitsToLong(hex, 0, 16),
        HexFormat.fromHexDigitsToLong(hex, 16, 32),
        HexFormat.fromHexDigits(hex, 32, 40));
  }

  /** The hash that the numbers are. */
  public CommitHash commit() {
    HexFormat hex = HexFormat.of();
    return new CommitHash(hex.toHexDigits(a) + hex.toHexDigits(b) + hex.toHexDigits(c));
  }

  /** A number that hardly any other commit or blob has; the same in each process. */
  long fingerprint() {
    return a ^ ((long) repoFolder.hashCode() << 32);
  }
}
