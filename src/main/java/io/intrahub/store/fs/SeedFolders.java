package io.intrahub.store.fs;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import io.intrahub.store.FileDigest;
import io.intrahub.store.GuardedFolder;
import io.intrahub.store.SeedBlobs;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Cache folders of the Hub's Python clients as seeds: {@code models--acme--tiny/blobs/{etag}}. They
 * are only read. A folder may appear later, for example when it is mounted.
 */
public final class SeedFolders implements SeedBlobs {
  private static final Logger log = LoggerFactory.getLogger(SeedFolders.class);

  private static final String BLOBS = "blobs";

  /** More rejected files than this are opened again at once. */
  private static final int MAX_REJECTED = 10_000;

  /**
   * How long a rejected file is not opened: the reason may pass, and each attempt may be logged.
   */
  private static final Duration REJECTED = Duration.ofMinutes(1);

  /** Files that are verified at once, of each kind. */
  private static final int VERIFIERS = 8;

  /** More files than this do not wait to be verified. */
  private static final int MAX_CHECKS = 10_000;

  /** In seconds. */
  private static final int IDLE = 10;

  /** Bytes that a verdict takes besides its name. */
  private static final int VERDICT_BYTES = 400;

  /** In bytes. A file of this size is verified in a fraction of a second. */
  private static final long SMALL = 16L << 20;

  /** How long a small file may take to be verified, from a slow share. */
  private static final Duration SMALL_VERIFYING = Duration.ofSeconds(5);

  private final List<GuardedFolder> folders;

  /** Files that could not be read, or whose content was wrong when it was used. */
  private final Cache<Path, Boolean> rejected;

  /**
   * Whether each file, as it was then, has the content that its name promises. A range of it can't
   * be verified by itself, so the whole file is, once. A file with wrong content is not used until
   * it is changed.
   */
  private final Cache<Path, Verdict> verdicts;

  /** The verifications that wait or are under way. */
  private final Map<Version, CompletableFuture<Boolean>> checks = new ConcurrentHashMap<>();

  /** A small file does not wait for large ones. */
  private final Executor smallFiles = verifiers("seed-small-");

  private final Executor largeFiles = verifiers("seed-large-");

  /** A file at a time. */
  private record Version(
      Path name, Path file, BlobId blob, long size, FileTime modified, Optional<Object> inode) {}

  /** The digest of a file as it was then. */
  private record Verdict(long size, FileTime modified, Optional<Object> inode, boolean matches) {
    boolean isOf(Version version) {
      return size == version.size()
          && modified.equals(version.modified())
          && inode.equals(version.inode());
    }
  }

  /**
   * Seeds, the first folder first.
   *
   * @param nanos the time, as {@link System#nanoTime}
   * @param verdictBytes bytes of heap in which it is remembered which files are undamaged
   */
  public SeedFolders(List<GuardedFolder> folders, LongSupplier nanos, long verdictBytes) {
    this.rejected =
        Caffeine.newBuilder()
            .maximumSize(MAX_REJECTED)
            .expireAfterWrite(REJECTED)
            .ticker(nanos::getAsLong)
            .build();
    this.verdicts =
        Caffeine.newBuilder()
            .maximumWeight(verdictBytes)
            // A path is held as bytes and as text.
            .weigher((Path name, Verdict _) -> VERDICT_BYTES + 2 * name.toString().length())
            .build();
    this.folders = List.copyOf(folders);
    for (GuardedFolder folder : this.folders) {
      if (!isMounted(folder)) {
        log.warn(
            "{} (store.seeds) is not a folder now, so nothing is taken from it", folder.path());
      }
    }
  }

  /** Platform threads, because a read of a share may take long and would hold a carrier. */
  private static Executor verifiers(String name) {
    ThreadPoolExecutor threads =
        new ThreadPoolExecutor(
            VERIFIERS,
            VERIFIERS,
            IDLE,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            Thread.ofPlatform().daemon().name(name, 0).factory());
    threads.allowCoreThreadTimeOut(true);
    return threads;
  }

  private static boolean isMounted(GuardedFolder folder) {
    try {
      return folder.look(() -> Optional.of(Files.isDirectory(folder.path()))).orElse(false);
    } catch (IOException e) {
      return false;
    }
  }

  private static Path name(GuardedFolder folder, RepoId repo, BlobId blob) {
    return blobs(folder.path(), repo).resolve(blob.digest().hex());
  }

  private static Path blobs(Path folder, RepoId repo) {
    return folder.resolve(repo.folderName()).resolve(BLOBS);
  }

  @Override
  public Optional<Seed> open(RepoId repo, BlobId blob, Duration atMost) {
    for (GuardedFolder folder : folders) {
      Path name = name(folder, repo, blob);
      try {
        Optional<Version> version = version(folder, repo, blob);
        if (version.isPresent() && isVerified(version.get(), atMost)) {
          Optional<Seed> seed = open(version.get());
          if (seed.isPresent()) {
            return seed;
          }
        }
      } catch (NoSuchFileException e) {
        // It has just been removed.
      } catch (IOException e) {
        reject(name, String.valueOf(e.getMessage()));
      }
    }
    return Optional.empty();
  }

  @Override
  public boolean mayOffer(RepoId repo, BlobId blob) {
    return folders.stream().anyMatch(folder -> mayOffer(folder, repo, blob));
  }

  private boolean mayOffer(GuardedFolder folder, RepoId repo, BlobId blob) {
    try {
      Optional<Version> version = version(folder, repo, blob);
      if (version.isEmpty()) {
        return false;
      }
      return blob.size() <= SMALL
          ? isVerified(version.get(), SMALL_VERIFYING)
          : verdict(version.get()).orElse(true);
    } catch (IOException e) {
      reject(name(folder, repo, blob), String.valueOf(e.getMessage()));
      return false;
    }
  }

  @Override
  public boolean isVerifying(RepoId repo, BlobId blob) {
    return folders.stream()
        .anyMatch(folder -> {
          try {
            return version(folder, repo, blob).filter(checks::containsKey).isPresent();
          } catch (IOException e) {
            return false;
          }
        });
  }

  /** The file with this name as it is now; empty if it must not be used. */
  private Optional<Version> version(GuardedFolder folder, RepoId repo, BlobId blob)
      throws IOException {
    Path name = name(folder, repo, blob);
    return rejected.getIfPresent(name) != null
        ? Optional.empty()
        : folder.look(() -> version(folder.path(), name, repo, blob));
  }

  private static Optional<Version> version(Path folder, Path name, RepoId repo, BlobId blob)
      throws IOException {
    Path root;
    Path real;
    try {
      root = folder.toRealPath();
      real = name.toRealPath();
    } catch (NoSuchFileException | NotDirectoryException e) {
      // The usual case: this folder does not have it.
      return Optional.empty();
    }
    // Clients link to blobs that repos share, but no link must lead to the blobs of another repo.
    if (!real.startsWith(blobs(root, repo)) && !real.startsWith(root.resolve(BLOBS))) {
      return Optional.empty();
    }
    BasicFileAttributes now =
        Files.readAttributes(real, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    return now.isRegularFile() && now.size() == blob.size()
        ? Optional.of(
            new Version(
                name,
                real,
                blob,
                now.size(),
                now.lastModifiedTime(),
                Optional.ofNullable(now.fileKey())))
        : Optional.empty();
  }

  private static Optional<Seed> open(Version version) throws IOException {
    FileChannel channel =
        FileChannel.open(version.file(), StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
    boolean fits = false;
    try {
      fits = channel.size() == version.size();
      return fits ? Optional.of(new OpenFile(version.name(), channel)) : Optional.empty();
    } finally {
      if (!fits) {
        channel.close();
      }
    }
  }

  private Optional<Boolean> verdict(Version version) {
    return Optional.ofNullable(verdicts.getIfPresent(version.name()))
        .filter(verdict -> verdict.isOf(version))
        .map(Verdict::matches);
  }

  /** Waits a little for the first verification; it goes on, and counts for the next reader. */
  private boolean isVerified(Version version, Duration atMost) throws IOException {
    Optional<Boolean> known = verdict(version);
    if (known.isPresent()) {
      return known.get();
    }
    try {
      return check(version).get(atMost.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      throw new IOException("it can't be verified: " + e.getCause(), e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private CompletableFuture<Boolean> check(Version version) {
    if (checks.size() >= MAX_CHECKS) {
      return CompletableFuture.completedFuture(false);
    }
    CompletableFuture<Boolean> check = new CompletableFuture<>();
    CompletableFuture<Boolean> other = checks.putIfAbsent(version, check);
    if (other != null) {
      return other;
    }
    Executor verifiers = version.size() <= SMALL ? smallFiles : largeFiles;
    verifiers.execute(() -> verify(version, check));
    return check;
  }

  private void verify(Version version, CompletableFuture<Boolean> check) {
    try {
      // Another check may have ended since this one was made.
      boolean matches = verdict(version).orElse(false) || matches(version);
      verdicts.put(
          version.name(),
          new Verdict(version.size(), version.modified(), version.inode(), matches));
      checks.remove(version);
      check.complete(matches);
    } catch (IOException | RuntimeException | Error e) {
      checks.remove(version);
      check.completeExceptionally(e);
    }
  }

  private static boolean matches(Version version) throws IOException {
    boolean matches = FileDigest.matches(version.file(), version.blob());
    if (!matches) {
      log.warn(
          "{} is not used (store.seeds): its content does not match its digest", version.name());
    }
    return matches;
  }

  @Override
  public void reject(Path file) {
    verdicts.invalidate(file);
    reject(file, "its content does not match its digest, or can't be read");
  }

  private void reject(Path name, String why) {
    if (rejected.asMap().putIfAbsent(name, true) == null) {
      log.warn("{} is not used for a minute (store.seeds): {}", name, why);
    }
  }

  private record OpenFile(Path file, FileChannel channel) implements Seed {
    @Override
    public int read(ByteBuffer into, long position) throws IOException {
      return channel.read(into, position);
    }

    @Override
    public void close() {
      try {
        channel.close();
      } catch (IOException e) {
        log.debug("A seed could not be closed", e);
      }
    }
  }
}
