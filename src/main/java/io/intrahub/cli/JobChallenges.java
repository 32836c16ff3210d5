package io.intrahub.cli;

import io.intrahub.admin.OperatorJobs.Admission;
import io.intrahub.store.fs.OperatorKey;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Admits each signed request once, and only soon after it was signed: a command signs its request
 * together with a challenge that it has just been given. Only the timer of this process decides
 * what is old, so no clock can be wrong, and what was signed for an earlier process counts for
 * nothing. Safe for use by many threads.
 */
final class JobChallenges {
  /** How long a challenge can be used. */
  static final long VALID_NANOS = TimeUnit.SECONDS.toNanos(60);

  /** How many challenges are remembered. Anybody may ask for some, so the oldest give way. */
  static final int LIMIT = 1024;

  private static final int BYTES = 16;

  private final OperatorKey key;
  private final LongSupplier nanoTime;
  private final RandomGenerator random;

  /** When each challenge was given, the oldest first. Guarded by itself. */
  private final Map<String, Long> unused = new LinkedHashMap<>();

  /**
   * No challenge was given yet.
   *
   * @param nanoTime a timer that never goes back, such as {@link System#nanoTime}
   * @param random nobody can guess
   */
  JobChallenges(OperatorKey key, LongSupplier nanoTime, RandomGenerator random) {
    this.key = key;
    this.nanoTime = nanoTime;
    this.random = random;
  }

  /** Returns a new challenge. */
  String next() {
    byte[] bytes = new byte[BYTES];
    random.nextBytes(bytes);
    String challenge = HexFormat.of().formatHex(bytes);
    synchronized (unused) {
      unused.put(challenge, nanoTime.getAsLong());
      if (unused.size() > LIMIT) {
        unused.remove(unused.keySet().iterator().next());
      }
    }
    return challenge;
  }

  /** Decides on a signed request; what is admitted once is not admitted again. */
  Admission admit(String job, byte[] request, String challenge, String signature) {
    if (!key.isSignature(signature, job, challenge, request)) {
      return Admission.FORGED;
    }
    synchronized (unused) {
      @Nullable Long given = unused.remove(challenge);
      return given != null && nanoTime.getAsLong() - given <= VALID_NANOS
          ? Admission.ADMITTED
          : Admission.EXPIRED;
    }
  }

  /** Proves to whoever signed an admitted request that this process has the key, too. */
  String prove(String signature) {
    return key.prove(signature);
  }
}
