package io.intrahub.store.fs;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.RepoId;
import io.intrahub.store.Manifest;
import io.intrahub.store.RepoStore.ObservedRevision;
import io.intrahub.store.StoreException;
import io.intrahub.store.fs.disk.BlobKey;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.JdkDisk;
import io.intrahub.store.fs.disk.StoreLayout;
import io.intrahub.store.fs.metadata.FsRepoCatalog;
import io.intrahub.store.fs.space.LastUses;
import io.intrahub.store.fs.startup.StoreMarker;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A store as the operator sees it who may read its folder. It takes no lock and changes nothing, so
 * a mirror may run on the folder: files are replaced in one step, and a blob that is evicted
 * meanwhile is absent. It asks for no proof, so nothing that answers clients may use it; {@code
 * ProofsTest} holds that.
 *
 * <p>Safe for use by many threads.
 */
public final class ReadOnlyStore {
  private final Disk disk;
  private final StoreLayout layout;
  private final FsRepoCatalog catalog;

  /**
   * Read at the first question, because they take 12 bytes of heap for each blob, and who only
   * looks for files has no use for them. Guarded by this.
   */
  private @Nullable LastUses uses;

  /**
   * A published blob.
   *
   * @param key equal for all repos that share the blob
   * @param path of its file
   * @param lastUse when a client last read it, as the mirror saved it last, or when the blob was
   *     stored if that is later
   */
  public record PublishedFile(BlobKey key, Path path, Instant lastUse) {}

  ReadOnlyStore(Disk disk, StoreLayout layout) {
    this.disk = disk;
    this.layout = layout;
    this.catalog = new FsRepoCatalog(disk, layout);
  }

  /**
   * Opens the store in a folder.
   *
   * @throws StoreException if the folder is not a store, is one of a newer version, or can't be
   *     read
   */
  public static ReadOnlyStore open(Path folder) throws StoreException {
    Path root = folder.toAbsolutePath().normalize();
    Disk disk = new JdkDisk(root);
    StoreLayout layout = new StoreLayout(root);
    try {
      if (StoreMarker.read(disk, layout).isEmpty()) {
        throw new StoreException(
            root, "is not a store: name the folder of the mirror's store with --data or --config");
      }
    } catch (IOException e) {
      throw new StoreException(root, "can't be read: " + e, e);
    }
    return new ReadOnlyStore(disk, layout);
  }

  /**
   * All repos of which something is stored, by type and id.
   *
   * @throws IOException when they can't be listed
   */
  public List<RepoId> repos() throws IOException {
    List<RepoId> repos = new ArrayList<>();
    catalog.forEachRepo(repos::add);
    repos.sort(Comparator.comparing(RepoId::type).thenComparing(RepoId::id));
    return repos;
  }

  /**
   * The revisions of a repo, with the commits that clients see.
   *
   * @throws IOException when one of them can't be read, or is damaged
   */
  public List<ObservedRevision> revisions(RepoId repo) throws IOException {
    return catalog.revisions(repo).stream().filter(seen -> seen.role().isEmpty()).toList();
  }

  /**
   * The manifest of a commit.
   *
   * @throws IOException when it can't be opened, or is damaged
   */
  public Optional<Manifest> manifest(RepoId repo, CommitHash commit) throws IOException {
    return catalog.manifest(repo, commit);
  }

  /**
   * The commits of a repo of which a manifest or an answer is stored, in no order.
   *
   * @throws IOException when they can't be listed
   */
  public List<CommitHash> commits(RepoId repo) throws IOException {
    return disk.list(layout.commits(repo)).stream()
        .map(folder -> CommitHash.parse(String.valueOf(folder.getFileName())))
        .flatMap(Optional::stream)
        .toList();
  }

  /**
   * The file of a published blob that a repo names. Its content is not checked here.
   *
   * @return empty if there is none of this size
   * @throws IOException when the folder can't be read
   */
  public Optional<Path> file(RepoId repo, BlobId blob) throws IOException {
    return locate(repo, blob).map(Located::path);
  }

  /**
   * The published blob that a repo names, with its last use. Its content is not checked here.
   *
   * @return empty if there is none of this size
   * @throws IOException when the folder can't be read
   */
  public Optional<PublishedFile> find(RepoId repo, BlobId blob) throws IOException {
    return locate(repo, blob)
        .map(found -> new PublishedFile(found.key(), found.path(), lastUse(found)));
  }

  private record Located(BlobKey key, Path path, Instant storedAt) {}

  private Optional<Located> locate(RepoId repo, BlobId blob) throws IOException {
    if (blob.digest() instanceof Digest.Sha256 sha256) {
      Optional<Located> shared = locate(layout.shared(sha256), blob.size());
      if (shared.isPresent()) {
        return shared;
      }
    }
    return locate(layout.paths(Optional.of(repo), blob.digest()), blob.size());
  }

  private Optional<Located> locate(StoreLayout.BlobPaths paths, long size) throws IOException {
    return disk.attributes(paths.blob())
        .filter(a -> a.regular() && a.size() == size)
        .map(a -> new Located(paths.key(), paths.blob(), a.modified()));
  }

  private Instant lastUse(Located blob) {
    Optional<Instant> used =
        uses()
            .of(blob.key().fingerprint())
            .map(s -> Instant.ofEpochSecond(Integer.toUnsignedLong(s)));
    return used.filter(blob.storedAt()::isBefore).orElse(blob.storedAt());
  }

  private synchronized LastUses uses() {
    LastUses known = uses;
    if (known == null) {
      known = LastUses.read(disk, layout.lastUses());
      uses = known;
    }
    return known;
  }

  /**
   * The bytes of all published blobs, also of those that no commit names any more.
   *
   * @throws IOException when the folder can't be read
   */
  public long publishedBytes() throws IOException {
    long bytes = 0;
    for (Path folder : disk.list(layout.shared())) {
      bytes += bytesIn(folder);
    }
    for (RepoId repo : repos()) {
      bytes += bytesIn(layout.repoBlobs(repo));
    }
    return bytes;
  }

  private long bytesIn(Path folder) throws IOException {
    long bytes = 0;
    if (disk.attributes(folder).filter(Disk.Attributes::folder).isPresent()) {
      for (Path file : disk.list(folder)) {
        bytes +=
            disk.attributes(file)
                .filter(Disk.Attributes::regular)
                .map(Disk.Attributes::size)
                .orElse(0L);
      }
    }
    return bytes;
  }
}
