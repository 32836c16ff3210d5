package io.intrahub.store.fs;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
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
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Cache folders of the Hub's Python clients as seeds: {@code models--acme--tiny/blobs/{etag}}. They
 * are only read. A folder may appear later, for example when it is mounted.
 */
public final class SeedFolders implements SeedBlobs {
  private static final Logger log = LoggerFactory.getLogger(SeedFolders.class);

  /** More damaged files than this are opened, and found wrong, again. */
  private static final int MAX_REJECTED = 10_000;

  private final List<Path> folders;
  private final Set<Path> rejected = ConcurrentHashMap.newKeySet();

  /** Seeds, the first folder first. */
  public SeedFolders(List<Path> folders) {
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
  public Optional<Seed> open(RepoId repo, BlobId blob) {
    for (Path folder : folders) {
      Path name = name(folder, repo, blob);
      if (rejected.contains(name)) {
        continue;
      }
      try {
        Optional<Seed> seed = open(folder, name, blob.size());
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

  private static Optional<Seed> open(Path folder, Path name, long size) throws IOException {
    // Clients link to blobs that repos share, but a link must not lead out of the folder.
    Path real = name.toRealPath();
    if (!real.startsWith(folder.toRealPath())
        || !Files.isRegularFile(real, LinkOption.NOFOLLOW_LINKS)) {
      return Optional.empty();
    }
    FileChannel channel =
        FileChannel.open(real, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
    boolean fits = false;
    try {
      fits = channel.size() == size;
      return fits ? Optional.of(new OpenFile(channel)) : Optional.empty();
    } finally {
      if (!fits) {
        channel.close();
      }
    }
  }

  @Override
  public void reject(RepoId repo, BlobId blob) {
    for (Path folder : folders) {
      Path name = name(folder, repo, blob);
      if (Files.exists(name)) {
        reject(name, "its content does not match its digest, or can't be read");
      }
    }
  }

  private void reject(Path name, String why) {
    if (rejected.size() < MAX_REJECTED && rejected.add(name)) {
      log.warn("{} is not used (store.seeds): {}", name, why);
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
