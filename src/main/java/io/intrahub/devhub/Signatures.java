package io.intrahub.devhub;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** Signs CDN addresses and checks them. Safe for all threads; the key never leaves this object. */
final class Signatures {
  /** What is wrong with an address. */
  enum Verdict {
    GOOD,
    MISSING,
    WRONG,
    EXPIRED
  }

  private static final String KEY_PAIR = "K2DEVHUB0EXAMPLE";

  private final Clock clock;
  private final byte[] key;
  private final AtomicInteger generation = new AtomicInteger();
  private volatile Duration lifetime = Duration.ofHours(1);

  Signatures(Clock clock, long seed) {
    this.clock = clock;
    this.key = Hashes.sha256("cdn key " + seed).getBytes(StandardCharsets.UTF_8);
  }

  void lifetime(Duration newLifetime) {
    lifetime = newLifetime;
  }

  /** Expires every address that was signed before. */
  void expireAll() {
    generation.incrementAndGet();
  }

  /** The query parameters that make a path good for a while, without a leading separator. */
  String sign(String path) {
    Instant end = clock.instant().plus(lifetime);
    long expires = end.getEpochSecond() + (end.getNano() > 0 ? 1 : 0);
    int now = generation.get();
    return "Expires=%d&Policy=%s&Signature=%s&Key-Pair-Id=%s"
        .formatted(expires, policy(path, now), signature(path, expires, now), KEY_PAIR);
  }

  Verdict check(String path, Map<String, List<String>> query) {
    String expires = first(query, "Expires");
    String signature = first(query, "Signature");
    if (expires.isEmpty() || signature.isEmpty()) {
      return Verdict.MISSING;
    }
    if (expires.length() > 15 || !expires.chars().allMatch(Character::isDigit)) {
      return Verdict.WRONG;
    }
    long end = Long.parseLong(expires);
    int now = generation.get();
    for (int made = now; made >= 0; made--) {
      if (MessageDigest.isEqual(
          signature.getBytes(StandardCharsets.UTF_8),
          signature(path, end, made).getBytes(StandardCharsets.UTF_8))) {
        return made < now || clock.instant().getEpochSecond() >= end
            ? Verdict.EXPIRED
            : Verdict.GOOD;
      }
    }
    return Verdict.WRONG;
  }

  private String signature(String path, long expires, int made) {
    return cloudFrontBase64(Hashes.hmacSha256(key, path + "\n" + expires + "\n" + made));
  }

  private static String policy(String path, int made) {
    String text = "{\"Statement\":[{\"Resource\":\"%s\",\"Generation\":%d}]}".formatted(path, made);
    return cloudFrontBase64(text.getBytes(StandardCharsets.UTF_8));
  }

  /** CloudFront's own alphabet: {@code - _ ~} for {@code + = /}. */
  private static String cloudFrontBase64(byte[] bytes) {
    return Base64.getEncoder()
        .encodeToString(bytes)
        .replace('+', '-')
        .replace('=', '_')
        .replace('/', '~');
  }

  private static String first(Map<String, List<String>> query, String name) {
    List<String> values = query.getOrDefault(name, List.of());
    return values.isEmpty() ? "" : values.getFirst();
  }
}
