package io.intrahub.store.fs;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import io.intrahub.store.FileDigest;
import io.intrahub.store.GuardedFolder;
import io.intrahub.store.SeedBlobs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The blobs of one seed. Its verifications and reads are its own, so that a folder that hangs or is
 * slow stops no other. Safe for use by many threads.
 */
final class SeedFolder {
  private static final Logger log = LoggerFactory.getLogger(SeedFolder.class);

  /** More files than this do not wait to be verified, which takes a kilobyte for each. */
  private static final int MAX_CHECKS = 1_000;

  /** In bytes. A file of this size is verified in a fraction of a second. */
  private static final long SMALL = 16L << 20;

  /** How long a small file may take to be verified, from a slow share. */
  private static final Duration SMALL_VERIFYING = Duration.ofSeconds(5);

  /** How often who waits for a verification looks whether the folder hangs. */
  private static final Duration WATCH = Duration.ofMillis(200);

  /** One warning of files that can't be read is logged in this time: there may be thousands. */
  private static final long WARNING_NANOS = Duration.ofMinutes(1).toNanos();

  private final GuardedFolder folder;
  private final SeedVerdicts verdicts;
  private final LongSupplier nanos;
  private final AtomicLong warnAt;

  /** The verifications that wait or are under way. */
  private final Map<SeedVersion, CompletableFuture<Boolean>> checks = new ConcurrentHashMap<>();

  SeedFolder(GuardedFolder folder, SeedVerdicts verdicts, LongSupplier nanos) {
    this.folder = folder;
    this.verdicts = verdicts;
    this.nanos = nanos;
    this.warnAt = new AtomicLong(nanos.getAsLong());
    if (!isMounted()) {
      log.warn("{} (store.seeds) is not a folder now, so nothing is taken from it", folder.path());
    }
  }

  private boolean isMounted() {
    try {
      return folder.look(() -> Optional.of(Files.isDirectory(folder.path()))).orElse(false);
    } catch (IOException e) {
      return false;
    }
  }

  /** As {@link SeedBlobs#open}. */
  Optional<SeedBlobs.Seed> open(RepoId repo, BlobId blob, Duration atMost) {
    Optional<SeedVersion> version = version(repo, blob);
    if (version.isEmpty() || !isVerified(version.get(), atMost)) {
      return Optional.empty();
    }
    try {
      return SeedFile.open(folder, version.get());
    } catch (IOException e) {
      reject(version.get().name(), e);
      return Optional.empty();
    }
  }

  /** As {@link SeedBlobs#await}. */
  boolean await(RepoId repo, BlobId blob, Duration atMost) {
    return version(repo, blob).filter(version -> isVerified(version, atMost)).isPresent();
  }

  /** As {@link SeedBlobs#mayOffer}. */
  boolean mayOffer(RepoId repo, BlobId blob) {
    Optional<SeedVersion> version = version(repo, blob);
    if (version.isEmpty()) {
      return false;
    }
    return blob.size() <= SMALL
        ? isVerified(version.get(), SMALL_VERIFYING)
        : verdicts.of(version.get()).orElse(true);
  }

  /** As {@link SeedBlobs#isVerifying}. */
  boolean isVerifying(RepoId repo, BlobId blob) {
    return version(repo, blob).filter(checks::containsKey).isPresent();
  }

  /** The file with this name as it is now; empty if it must not be used. */
  private Optional<SeedVersion> version(RepoId repo, BlobId blob) {
    Path name = SeedVersion.blobs(folder.path(), repo).resolve(blob.digest().hex());
    if (verdicts.isRejected(name)) {
      return Optional.empty();
    }
    Optional<Path> root;
    try {
      root = folder.look(this::root);
    } catch (IOException e) {
      // That says nothing of any file.
      warn("{} (store.seeds) can't be read: {}", folder.path(), e);
      return Optional.empty();
    }
    try {
      return root.isEmpty()
          ? Optional.empty()
          : folder.look(() -> SeedVersion.of(root.get(), name, repo, blob));
    } catch (IOException e) {
      reject(name, e);
      return Optional.empty();
    }
  }

  private Optional<Path> root() throws IOException {
    try {
      return Optional.of(folder.path().toRealPath());
    } catch (NoSuchFileException e) {
      // It is not mounted.
      return Optional.empty();
    }
  }

  /**
   * Waits for a verification, which is begun if there is none, and goes on without anybody. The
   * result counts for the next reader.
   */
  private boolean isVerified(SeedVersion version, Duration atMost) {
    Optional<Boolean> known = verdicts.of(version);
    if (known.isPresent()) {
      return known.get();
    }
    CompletableFuture<Boolean> check = check(version);
    long left = atMost.toNanos();
    long end = System.nanoTime() + left;
    try {
      while (left > 0 || check.isDone()) {
        try {
          return check.get(Math.min(left, WATCH.toNanos()), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
          left = folder.hangs() ? 0 : end - System.nanoTime();
        }
      }
    } catch (ExecutionException e) {
      reject(version.name(), Objects.requireNonNullElse(e.getCause(), e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return false;
  }

  private CompletableFuture<Boolean> check(SeedVersion version) {
    if (checks.size() >= MAX_CHECKS) {
      return CompletableFuture.completedFuture(false);
    }
    CompletableFuture<Boolean> check = new CompletableFuture<>();
    CompletableFuture<Boolean> other = checks.putIfAbsent(version, check);
    if (other != null) {
      return other;
    }
    var _ =
        folder
            .readLong(version.blob().size() <= SMALL, goesOn -> matches(version, goesOn))
            .whenComplete((matches, failure) -> {
              checks.remove(version);
              if (failure != null) {
                check.completeExceptionally(failure);
              } else {
                check.complete(matches);
              }
            });
    return check;
  }

  private boolean matches(SeedVersion version, Runnable goesOn) throws IOException {
    // Another check may have ended since this one was made.
    boolean matches =
        verdicts.of(version).orElse(false)
            || FileDigest.matches(version.file(), version.blob(), goesOn);
    if (!matches) {
      log.warn(
          "{} is not used (store.seeds): its content does not match its digest", version.name());
    }
    verdicts.put(version, matches);
    return matches;
  }

  private void reject(Path name, Throwable why) {
    if (why instanceof SeedBlobs.InterruptedSeedException
        || why.getCause() instanceof SeedBlobs.InterruptedSeedException) {
      // That says nothing of the file.
      log.debug("{} is not used now (store.seeds): {}", name, why.getMessage());
      return;
    }
    verdicts.reject(name);
    warn("{} is not used for a minute (store.seeds): {}", name, why);
  }

  private void warn(String message, Path what, Throwable why) {
    long now = nanos.getAsLong();
    long due = warnAt.get();
    if (now - due >= 0 && warnAt.compareAndSet(due, now + WARNING_NANOS)) {
      log.warn(message, what, String.valueOf(why.getMessage()));
    } else {
      log.debug(message, what, String.valueOf(why.getMessage()));
    }
  }
}
