package io.intrahub.store.fs;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.Digest;
import io.intrahub.hub.RepoId;
import io.intrahub.store.Manifest;
import io.intrahub.store.fs.disk.BlobKey;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.PartialKey;
import io.intrahub.store.fs.disk.PartialName;
import io.intrahub.store.fs.disk.StoreLayout;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The blobs that go with a removal: first all that the removed commits name, then without those
 * that another commit names. Only stored blobs take memory here. For one thread.
 */
final class RemovableBlobs {
  private final Disk disk;
  private final StoreLayout layout;
  private final Map<BlobKey, Long> blobs = new LinkedHashMap<>();
  private final Set<PartialKey> pieces = new LinkedHashSet<>();
  private final TreeSet<String> sharing = new TreeSet<>();
  private final TreeSet<String> unread = new TreeSet<>();
  private long sharedFiles;
  private long sharedBytes;

  RemovableBlobs(Disk disk, StoreLayout layout) {
    this.disk = disk;
    this.layout = layout;
  }

  boolean isEmpty() {
    return blobs.isEmpty() && pieces.isEmpty();
  }

  /** Adds what is stored of the blobs that a commit names. */
  void addNamed(RepoId repo, Optional<Manifest> manifest) throws IOException {
    try {
      forEach(
          manifest,
          blob -> {
            try {
              add(Optional.of(repo), blob);
              if (blob.digest() instanceof Digest.Sha256) {
                add(Optional.empty(), blob);
              }
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
            return true;
          });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private void add(Optional<RepoId> owner, BlobId blob) throws IOException {
    StoreLayout.BlobPaths paths = layout.paths(owner, blob.digest());
    Optional<Disk.Attributes> there =
        disk.attributes(paths.blob()).filter(Disk.Attributes::regular);
    there.ifPresent(file -> blobs.put(paths.key(), file.size()));
    StoreLayout.PartialPaths partial = layout.partial(owner, blob);
    if (disk.attributes(partial.data()).isPresent()) {
      pieces.add(partial.key());
    }
  }

  /** Adds all that a repo has to itself, also what no commit names any more. */
  void addOwn(RepoId repo) throws IOException {
    for (Path file : disk.list(layout.repoBlobs(repo))) {
      Optional<Digest> digest = RemovalPlanner.digest(String.valueOf(file.getFileName()));
      Optional<Disk.Attributes> there = disk.attributes(file).filter(Disk.Attributes::regular);
      if (digest.isPresent() && there.isPresent()) {
        blobs.put(BlobKey.of(repo.folderName(), digest.get()), there.get().size());
      }
    }
    for (Path file : disk.list(layout.repoPartial(repo))) {
      PartialName.parseOfRepo(String.valueOf(file.getFileName()))
          .filter(name -> name.size().isPresent())
          .map(name ->
              new PartialKey(BlobKey.of(repo.folderName(), name.digest()), name.size().getAsLong()))
          .ifPresent(pieces::add);
    }
  }

  /** A published blob that still goes; empty if none does. */
  Optional<BlobKey> nextBlob() {
    return blobs.keySet().stream().findFirst();
  }

  /** Pieces that still go; empty if none do. */
  Optional<PartialKey> nextPieces() {
    return pieces.stream().findFirst();
  }

  /** Takes out a blob that is done with. */
  void remove(BlobKey blob) {
    blobs.remove(blob);
  }

  /** Takes out pieces that are done with. */
  void remove(PartialKey key) {
    pieces.remove(key);
  }

  /** How many published blobs stay because a commit names them. */
  long sharedFiles() {
    return sharedFiles;
  }

  /** Takes out what a commit names that stays. */
  void spareNamed(RepoId repo, Optional<Manifest> manifest) throws IOException {
    forEach(
        manifest,
        blob -> {
          spare(repo, BlobKey.of(repo.folderName(), blob.digest()), blob.size());
          if (blob.digest() instanceof Digest.Sha256) {
            spare(repo, BlobKey.of("", blob.digest()), blob.size());
          }
          return !isEmpty();
        });
  }

  private void spare(RepoId repo, BlobKey key, long size) {
    pieces.remove(new PartialKey(key, size));
    Long stored = blobs.remove(key);
    if (stored != null) {
      sharedFiles++;
      sharedBytes += stored;
      sharing.add(name(repo));
    }
  }

  /** Takes out all that a commit of this repo may name. */
  void spareAll(RepoId repo) {
    unread.add(name(repo));
    pieces.removeIf(key -> mayName(repo, key.blob()));
    blobs
        .entrySet()
        .removeIf(blob -> {
          boolean spared = mayName(repo, blob.getKey());
          if (spared) {
            sharedFiles++;
            sharedBytes += blob.getValue();
          }
          return spared;
        });
  }

  private static boolean mayName(RepoId repo, BlobKey key) {
    return key.shared() || key.repoFolder().equals(repo.folderName());
  }

  private static String name(RepoId repo) {
    return repo.type().pathPrefix() + repo.id();
  }

  private interface Visitor {
    /** Returns whether it wants another one. */
    boolean blob(BlobId blob);
  }

  private static void forEach(Optional<Manifest> manifest, Visitor visitor) throws IOException {
    if (manifest.isEmpty()) {
      return;
    }
    try {
      manifest
          .get()
          .list(
              Optional.empty(),
              true,
              Optional.empty(),
              listed -> listed.entry().blob().map(visitor::blob).orElse(true));
    } catch (NoSuchFileException _) {
      // Evicted meanwhile.
    }
  }

  RemovalPlan plan(List<RemovalPlan.Target> missing, List<RemovalPlan.Part> parts) {
    return new RemovalPlan(
        missing,
        parts,
        blobs,
        pieces,
        new RemovalPlan.Shared(sharedFiles, sharedBytes, sharing, unread));
  }
}
