package io.intrahub.cachefolder;

import io.intrahub.hub.Digest;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** The small text that a commit has in the place of an LFS file. */
final class LfsPointers {
  private LfsPointers() {}

  static byte[] text(Digest.Sha256 sha256, long size) {
    return "version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n"
        .formatted(sha256.hex(), size)
        .getBytes(StandardCharsets.US_ASCII);
  }

  /** The git blob id of a text. */
  static String gitId(byte[] text) {
    Digest.GitSha1 any = new Digest.GitSha1("0".repeat(40));
    return HexFormat.of().formatHex(any.newHash(text.length).digest(text));
  }
}
