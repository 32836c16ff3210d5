package io.intrahub.store.fs;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import io.intrahub.store.FileDigest;
import io.intrahub.store.SeedBlobs;
import java.io.IOException;
import java.io.UncheckedIOException;
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

  /** More rejected files than this are opened again at once. */
  private static final int MAX_REJECTED = 10_000;

  /**
   * How long a rejected file is not opened: the reason may pass, and each attempt may be logged.
   */
  private static final Duration REJECTED = Duration.ofMinutes(1);

  /** More files than this are verified again. */
  private static final int MAX_VERIFIED = 100_000;

  /** In bytes. A file of this size is verified in a fraction of a second. */
  private static final long SMALL = 16L << 20;

  /** How long a small file may take to be verified, from a slow share. */
  private static final Duration SMALL_VERIFYING = Duration.ofSeconds(5);

  private final List<Path> folders;

  /** Files that could not be read, or whose content was wrong when it was used. */
  private final Cache<Path, Boolean> rejected;

  /**
   * Whether each file, as it was then, has the content that its name promises. A range of it can't
   * be verified by itself, so the whole file is, once. A file with wrong content is not used until
   * it is changed.
   */
  private final Map<Version, CompletableFuture<Boolean>> verified = new ConcurrentHashMap<>();

  /** A file at a time. */
  private record Version(
      Path name, Path file, BlobId blob, long size, FileTime modified, Optional<Object> inode) {}

  /**
   * Seeds, the first folder first.
   *
   * @param nanos the time, as {@link System#nanoTime}
   */
  public SeedFolders(List<Path> folders, LongSupplier nanos) {
    this.rejected =
        Caffeine.newBuilder()
            .maximumSize(MAX_REJECTED)
            .expireAfterWrite(REJECTED)
            .ticker(nanos::getAsLong)
            .build();
    this.folders = folders.stream().map(f -> f.toAbsolutePath().normalize()).toList();
    for (Path folder : this.folders) {
      if (!Files.isDirectory(folder)) {
        log.warn("{} (store.seeds) is not a folder now, so nothing is taken from it", folder);
      }
    }
  }

  private static Path name(Path folder, RepoId repo, BlobId blob) {
    return folder.resolve(repo.folderName()).resolve("blobs").resolve(blob.digest().hex());
  }

  @Override
  public Optional<Seed> open(RepoId repo, BlobId blob, Duration atMost) {
    for (Path folder : folders) {
      Path name = name(folder, repo, blob);
      if (rejected.getIfPresent(name) != null) {
        continue;
      }
      try {
        Optional<Seed> seed = open(folder, name, blob, atMost);
        if (seed.isPresent()) {
          return seed;
        }
      } catch (NoSuchFileException | NotDirectoryException e) {
        // The usual case: this folder does not have it.
      } catch (IOException e) {
        reject(name, e.toString());
      }
    }
    return Optional.empty();
  }

  @Override
  public boolean mayOffer(RepoId repo, BlobId blob) {
    if (blob.size() <= SMALL) {
      Optional<Seed> seed = open(repo, blob, SMALL_VERIFYING);
      seed.ifPresent(Seed::close);
      return seed.isPresent();
    }
    return folders.stream().anyMatch(folder -> mayOffer(folder, name(folder, repo, blob), blob));
  }

  private boolean mayOffer(Path folder, Path name, BlobId blob) {
    try {
      Optional<Version> version = version(folder, name, blob);
      if (version.isEmpty() || rejected.getIfPresent(name) != null) {
        return false;
      }
      CompletableFuture<Boolean> check = verified.get(version.get());
      return check == null || check.isCompletedExceptionally() || check.getNow(true);
    } catch (IOException e) {
      return false;
    }
  }

  /** The file of this name as it is now; empty if it must not be used. */
  private static Optional<Version> version(Path folder, Path name, BlobId blob) throws IOException {
    // Clients link to blobs that repos share, but a link must not lead out of the folder.
    Path real = name.toRealPath();
    if (!real.startsWith(folder.toRealPath())) {
      return Optional.empty();
    }
    BasicFileAttributes now =
        Files.readAttributes(real, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    return now.isRegularFile()
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

  private Optional<Seed> open(Path folder, Path name, BlobId blob, Duration atMost)
      throws IOException {
    Optional<Version> version = version(folder, name, blob);
    if (version.isEmpty() || !isVerified(version.get(), atMost)) {
      return Optional.empty();
    }
    FileChannel channel =
        FileChannel.open(version.get().file(), StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
    boolean fits = false;
    try {
      fits = channel.size() == blob.size();
      return fits ? Optional.of(new OpenFile(channel)) : Optional.empty();
    } finally {
      if (!fits) {
        channel.close();
      }
    }
  }

  /** Waits a little for the first verification; it goes on, and counts for the next reader. */
  private boolean isVerified(Version version, Duration atMost) throws IOException {
    if (verified.size() > MAX_VERIFIED) {
      verified.clear();
    }
    CompletableFuture<Boolean> check =
        verified.computeIfAbsent(
            version,
            _ -> CompletableFuture.supplyAsync(() -> verify(version), Thread::startVirtualThread));
    try {
      return check.get(atMost.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      verified.remove(version, check);
      throw new IOException("a seed can't be verified", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private static boolean verify(Version version) {
    try {
      boolean matches = FileDigest.matches(version.file(), version.blob());
      if (!matches) {
        log.warn(
            "{} is not used (store.seeds): its content does not match its digest", version.name());
      }
      return matches;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void reject(RepoId repo, BlobId blob) {
    for (Path folder : folders) {
      Path name = name(folder, repo, blob);
      if (Files.exists(name)) {
        verified.keySet().removeIf(version -> version.name().equals(name));
        reject(name, "its content does not match its digest, or can't be read");
      }
    }
  }

  private void reject(Path name, String why) {
    if (rejected.asMap().putIfAbsent(name, true) == null) {
      log.warn("{} is not used for a minute (store.seeds): {}", name, why);
    }
  }

  private record OpenFile(FileChannel channel) implements Seed {
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
