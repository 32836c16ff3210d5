package io.intrahub.store.fs.blobs;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.store.fs.disk.BlobKey;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.FileIo;
import io.intrahub.store.fs.disk.StoreLayout;
import io.intrahub.store.fs.metadata.CommitKey;
import io.intrahub.store.fs.metadata.FsManifest;
import io.intrahub.store.fs.metadata.ManifestFormat.DamagedException;
import io.intrahub.store.fs.metadata.MetadataIndex;
import io.intrahub.store.fs.metadata.StoredRecord;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells which blobs are current: those that a commit names which a branch, a tag or the default
 * branch of some repo was last seen at. All others are superseded. A commit that somebody asked for
 * by its hash makes none of its blobs current, or nothing would ever be superseded.
 *
 * <p>It reads refs and manifests from the disk, block by block and under no lock: they are replaced
 * in one step. What moves meanwhile is seen as before or after, so at worst a blob goes somewhat
 * early. For one thread at a time.
 */
public final class CurrentBlobs {
  private static final Logger log = LoggerFactory.getLogger(CurrentBlobs.class);

  /** While a store is full, every new blob asks; nothing changes as fast as that. */
  private static final Duration VALID = Duration.ofMinutes(1);

  private static final int MAX_REF = 1 << 20;

  private final Disk disk;
  private final StoreLayout layout;
  private final BlobIndex index;
  private final MetadataIndex metadata;
  private final BooleanSupplier stopped;

  /** When the marks were made; null: never. */
  private @Nullable Instant markedAt;

  /** Folders of repos of which something could not be read. */
  private Set<String> unreadableRefs = Set.of();

  /**
   * A reader of one store.
   *
   * @param stopped whether the store is being closed, so that it is not worth going on
   */
  public CurrentBlobs(
      Disk disk,
      StoreLayout layout,
      BlobIndex index,
      MetadataIndex metadata,
      BooleanSupplier stopped) {
    this.disk = disk;
    this.layout = layout;
    this.index = index;
    this.metadata = metadata;
    this.stopped = stopped;
  }

  /**
   * Marks what is current in the index, unless that was done a moment ago.
   *
   * @return which blobs must be taken for current though they are not marked, since what may name
   *     them could not be read
   */
  public Predicate<BlobKey> mark(Instant now) {
    Instant last = markedAt;
    if (last == null || Duration.between(last, now).abs().compareTo(VALID) >= 0) {
      index.beginRound();
      metadata.beginRound();
      unreadableRefs = markAll();
      markedAt = now;
    }
    Set<String> unreadable = unreadableRefs;
    return key -> key.shared() ? !unreadable.isEmpty() : unreadable.contains(key.repoFolder());
  }

  /** Whether all metadata of this repo must be taken for current, as some can't be read. */
  public boolean isUnread(String repoFolder) {
    return unreadableRefs.contains(repoFolder);
  }

  private Set<String> markAll() {
    Set<String> failed = new HashSet<>();
    try {
      for (Path folder : disk.list(layout.repos())) {
        String name = String.valueOf(folder.getFileName());
        Optional<RepoId> repo = StoreLayout.repoOf(name);
        if (repo.isPresent() && (stopped.getAsBoolean() || !markRepo(repo.get(), name))) {
          failed.add(name);
        }
      }
    } catch (IOException e) {
      log.warn("The repos can't be listed; all blobs count as current: {}", e.toString());
      index.forEach((key, size, lastUse, marked) -> index.mark(key));
      metadata.forEach((key, manifest, answers, lastUse, marked) -> metadata.mark(key));
    }
    return Set.copyOf(failed);
  }

  /** Marks the commits of one repo that are current by now, or all of them if it can't be read. */
  public void markCommits(String repoFolder) {
    try {
      Optional<RepoId> repo = StoreLayout.repoOf(repoFolder);
      if (repo.isPresent()) {
        commits(repo.get()).forEach(c -> metadata.mark(CommitKey.of(repoFolder, c)));
      }
    } catch (IOException e) {
      log.warn(
          "{}: the refs or manifests can't be read, so all its blobs count as current: {}",
          repoFolder,
          e.toString());
      metadata.forEach((key, manifest, answers, lastUse, marked) -> {
        if (key.repoFolder().equals(repoFolder)) {
          metadata.mark(key);
        }
      });
    }
  }

  private Set<CommitHash> commits(RepoId repo) throws IOException {
    Set<CommitHash> commits = new HashSet<>();
    for (Path ref : disk.list(layout.refs(repo))) {
      commitOf(ref).ifPresent(commits::add);
    }
    return commits;
  }

  private boolean markRepo(RepoId repo, String folderName) {
    try {
      for (CommitHash commit : commits(repo)) {
        metadata.mark(CommitKey.of(folderName, commit));
        Path manifest = layout.manifest(repo, commit);
        if (disk.attributes(manifest).filter(Disk.Attributes::regular).isPresent()) {
          FsManifest.open(disk, manifest, damaged -> {})
              .list(
                  Optional.empty(),
                  true,
                  e -> e.entry().blob().ifPresent(blob -> markOne(folderName, blob)));
        }
      }
      return true;
    } catch (IOException e) {
      log.warn(
          "{}: the refs or manifests can't be read, so all its blobs count as current: {}",
          folderName,
          e.toString());
      return false;
    }
  }

  private void markOne(String folderName, BlobId blob) {
    String owner = blob.digest() instanceof Digest.Sha256 ? "" : folderName;
    index.mark(BlobKey.of(owner, blob.digest()));
  }

  private Optional<CommitHash> commitOf(Path ref) throws IOException {
    Optional<StoredRecord> record;
    if (disk.attributes(ref).filter(attributes -> attributes.size() > MAX_REF).isPresent()) {
      throw new DamagedException(ref + " is too large for a ref");
    }
    try (Disk.File file = disk.open(ref)) {
      int size = (int) Math.min(file.size(), MAX_REF);
      record = StoredRecord.decode(FileIo.readFully(file, 0, size).array());
    } catch (NoSuchFileException e) {
      // Removed between two looks.
      return Optional.empty();
    }
    if (record.isEmpty()) {
      throw new DamagedException(ref + " is damaged");
    }
    return Revision.parse(record.get().subject().getOrDefault("revision", ""))
        .filter(revision -> revision.asCommit().isEmpty())
        .flatMap(revision -> CommitHash.parse(record.get().text()));
  }
}
