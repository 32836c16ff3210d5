package io.intrahub.devhub;

import java.util.Locale;

/**
 * Prints the SHA-256 of generated files, to be written into tests that use files too large to be
 * hashed each time: {@code java -cp target/classes:target/test-classes
 * io.intrahub.devhub.DigestByHand SEED SIZE}.
 */
final class DigestByHand {
  private DigestByHand() {}

  public static void main(String[] args) {
    long seed = Long.parseLong(args[0]);
    long size = Long.parseLong(args[1]);
    long before = System.nanoTime();
    String sha256 = Hashes.sha256(new DevContent.Generated(seed, size));
    double seconds = (System.nanoTime() - before) / 1e9;
    System.out.printf(
        Locale.ROOT, "%d %d %s %.0f MB/s%n", seed, size, sha256, size / 1e6 / seconds);
  }
}
