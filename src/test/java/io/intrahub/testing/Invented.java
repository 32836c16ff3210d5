package io.intrahub.testing;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import java.util.HexFormat;
import java.util.Random;

/** Made-up names, the same in each run. For one thread. */
public final class Invented {
  private final Random random = new Random(1);

  /** Hexadecimal digits. */
  public String hex(int length) {
    byte[] bytes = new byte[length / 2];
    random.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  /** A repo whose name is as long as many are. */
  public RepoId repo() {
    return new RepoId(RepoType.MODEL, hex(16) + "/" + hex(32));
  }

  public CommitHash commit() {
    return new CommitHash(hex(40));
  }
}
