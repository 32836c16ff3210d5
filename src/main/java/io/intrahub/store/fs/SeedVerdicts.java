package io.intrahub.store.fs;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * What is remembered of the files of all seeds. An evicted verdict costs another look at the whole
 * file. Safe for use by many threads.
 */
final class SeedVerdicts {
  /**
   * How long a rejected file is not opened: the reason may pass, and each attempt may be logged.
   */
  private static final Duration REJECTED = Duration.ofMinutes(1);

  /** Bytes that an entry takes besides its name. */
  private static final int ENTRY_BYTES = 600;

  /** How much of the memory is for verdicts; the rest is for rejected files. */
  private static final double VERDICTS = 0.75;

  /**
   * Whether each file, as it was then, has the content that its name promises. A range of it can't
   * be verified by itself, so the whole file is, once. A file with wrong content is not used until
   * it is changed.
   */
  private final Cache<Path, Verdict> verdicts;

  /** Files that could not be read, or whose content was wrong when it was used. */
  private final Cache<Path, Boolean> rejected;

  private record Verdict(SeedVersion.Stamp of, boolean matches) {}

  /**
   * Nothing is known yet.
   *
   * @param nanos the time, as {@link System#nanoTime}
   * @param bytes of heap that all of it takes
   */
  SeedVerdicts(LongSupplier nanos, long bytes) {
    long ofVerdicts = (long) (bytes * VERDICTS);
    this.verdicts =
        Caffeine.newBuilder()
            .maximumWeight(ofVerdicts)
            .weigher((Path name, Verdict _) -> weight(name))
            .build();
    this.rejected =
        Caffeine.newBuilder()
            .maximumWeight(bytes - ofVerdicts)
            .weigher((Path name, Boolean _) -> weight(name))
            .expireAfterWrite(REJECTED)
            .ticker(nanos::getAsLong)
            .build();
  }

  /** A path is held as bytes and as text. */
  private static int weight(Path name) {
    return ENTRY_BYTES + 2 * name.toString().length();
  }

  /** Whether a file has the right content; empty if it is not known. */
  Optional<Boolean> of(SeedVersion version) {
    return Optional.ofNullable(verdicts.getIfPresent(version.name()))
        .filter(verdict -> verdict.of().equals(version.stamp()))
        .map(Verdict::matches);
  }

  void put(SeedVersion version, boolean matches) {
    verdicts.put(version.name(), new Verdict(version.stamp(), matches));
  }

  /** The digest of a file is computed anew before it is used again. */
  void forget(Path name) {
    verdicts.invalidate(name);
  }

  /** Does not use a file for a while. */
  void reject(Path name) {
    rejected.put(name, true);
  }

  boolean isRejected(Path name) {
    return rejected.getIfPresent(name) != null;
  }
}
