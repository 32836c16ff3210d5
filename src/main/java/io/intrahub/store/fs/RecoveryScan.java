package io.intrahub.store.fs;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.RepoId;
import io.intrahub.store.StoredBlob;
import io.intrahub.store.fs.blobs.BlobChecks;
import io.intrahub.store.fs.blobs.BlobIndex;
import io.intrahub.store.fs.blobs.BlobPins;
import io.intrahub.store.fs.blobs.Quarantine;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.PartialName;
import io.intrahub.store.fs.disk.StoreLayout;
import io.intrahub.store.fs.metadata.MetadataIndex;
import io.intrahub.store.fs.partial.PartialBlobs;
import io.intrahub.store.fs.startup.CleanShutdownMarker;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The walk over the whole store that follows a start. It only reads, but for what is damaged. */
final class RecoveryScan {
  private static final Logger log = LoggerFactory.getLogger(RecoveryScan.class);
  private static final int FOREIGN_SHOWN = 20;

  /** Digests of no bytes at all: the only names that an empty file may have. */
  private static final Set<String> EMPTY =
      Set.of(
          "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
          "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");

  private final Disk disk;
  private final StoreLayout layout;
  private final BlobChecks checks;
  private final PartialBlobs partials;
  private final BlobIndex index;
  private final MetadataIndex metadata;
  private final Quarantine quarantine;
  private final CleanShutdownMarker shutdownMarker;
  private final BlobPins pins;

  private volatile boolean done;
  private volatile boolean stopped;

  RecoveryScan(
      Disk disk,
      StoreLayout layout,
      BlobChecks checks,
      PartialBlobs partials,
      BlobIndex index,
      MetadataIndex metadata,
      Quarantine quarantine,
      CleanShutdownMarker shutdownMarker,
      BlobPins pins) {
    this.disk = disk;
    this.layout = layout;
    this.checks = checks;
    this.partials = partials;
    this.index = index;
    this.metadata = metadata;
    this.quarantine = quarantine;
    this.shutdownMarker = shutdownMarker;
    this.pins = pins;
  }

  boolean done() {
    return done;
  }

  void stop() {
    stopped = true;
  }

  /** One walk. Owner of all it collects: the thread that runs it. */
  void run() {
    List<Path> foreign = new ArrayList<>();
    List<BlobChecks.Subject> suspects = new ArrayList<>();
    try {
      for (Path path : disk.list(layout.root())) {
        if (!layout.ownsTopLevel(nameOf(path)) && !nameOf(path).equals("lost+found")) {
          foreign.add(path);
        }
      }
      for (Path fan : list(layout.shared())) {
        if (!StoreLayout.isHex(nameOf(fan), 2)) {
          foreign.add(fan);
          continue;
        }
        for (Path path : list(fan)) {
          scanShared(path, foreign, suspects);
        }
      }
      for (Path path : list(layout.partial())) {
        // Other names were told at the start, or are small files on their way.
        Optional<PartialName> name = PartialName.parse(nameOf(path));
        if (name.isPresent()
            && name.get().digest() instanceof Digest.Sha256 sha256
            && name.get().size().isPresent()) {
          partials.scan(layout.sharedPartial(sha256, name.get().size().getAsLong()));
        }
      }
      long small = lengths(list(layout.aliases())) + lengths(list(layout.tombstones()));
      for (Path holder : list(layout.grants())) {
        small += lengths(list(holder));
      }
      for (Path repo : list(layout.repos())) {
        small += scanRepo(repo, foreign, suspects);
      }
      metadata.foundSmall(small);
      if (!foreign.isEmpty()) {
        log.warn(
            "{} files in the store folder do not belong to the store and are left in place: {}{}",
            foreign.size(),
            foreign.subList(0, Math.min(FOREIGN_SHOWN, foreign.size())),
            foreign.size() > FOREIGN_SHOWN ? " …" : "");
      }
      done = !stopped;
      check(suspects);
    } catch (IOException e) {
      log.warn(
          "The recovery scan of {} stopped: {}. Until a start whose scan ends, sizes are incomplete"
              + " and gc refuses to run. Check the permissions of the folder, then restart.",
          layout.root(),
          e.toString());
    }
  }

  private List<Path> list(Path folder) throws IOException {
    return stopped ? List.of() : disk.list(folder);
  }

  private static String nameOf(Path path) {
    return String.valueOf(path.getFileName());
  }

  private void scanShared(Path path, List<Path> foreign, List<BlobChecks.Subject> suspects)
      throws IOException {
    if (!StoreLayout.isHex(nameOf(path), 64)) {
      foreign.add(path);
      return;
    }
    Digest.Sha256 digest = new Digest.Sha256(nameOf(path));
    scanBlob(path, layout.shared(digest), digest, foreign, suspects);
  }

  private long lengths(List<Path> files) {
    return files.stream().mapToLong(metadata::lengthOf).sum();
  }

  /** Returns what its small records take, in bytes. */
  private long scanRepo(Path folder, List<Path> foreign, List<BlobChecks.Subject> suspects)
      throws IOException {
    Optional<RepoId> repo = StoreLayout.repoOf(nameOf(folder));
    if (repo.isEmpty()) {
      foreign.add(folder);
      return 0;
    }
    for (Path path : list(layout.commits(repo.get()))) {
      CommitHash.parse(nameOf(path)).ifPresent(commit -> metadata.found(repo.get(), commit));
    }
    for (Path path : list(layout.repoBlobs(repo.get()))) {
      boolean sha256 = StoreLayout.isHex(nameOf(path), 64);
      if (sha256 || StoreLayout.isHex(nameOf(path), 40)) {
        Digest digest = sha256 ? new Digest.Sha256(nameOf(path)) : new Digest.GitSha1(nameOf(path));
        scanBlob(path, layout.paths(repo, digest), digest, foreign, suspects);
      } else {
        foreign.add(path);
      }
    }
    for (Path path : list(layout.repoPartial(repo.get()))) {
      Optional<PartialName> name = PartialName.parseOfRepo(nameOf(path));
      if (name.isEmpty()) {
        foreign.add(path);
      } else if (name.get().size().isPresent()) {
        BlobId blob = new BlobId(name.get().digest(), name.get().size().getAsLong());
        partials.scan(layout.partial(repo, blob));
      } else {
        removeOld(path);
      }
    }
    return metadata.lengthOf(layout.publicContent(repo.get()))
        + lengths(list(layout.refs(repo.get())));
  }

  /** A partial git blob of an older version, whose name had no size. Few are worth adopting. */
  private void removeOld(Path path) {
    try {
      disk.delete(path);
    } catch (IOException e) {
      log.warn("{} could not be removed: {}", path, e.toString());
    }
  }

  private void scanBlob(
      Path path,
      StoreLayout.BlobPaths paths,
      Digest digest,
      List<Path> foreign,
      List<BlobChecks.Subject> suspects)
      throws IOException {
    // Evicted between the look and the counting, it would be counted for ever.
    Optional<BlobPins.Pin> pin = pins.pin(paths.key());
    if (pin.isEmpty()) {
      return;
    }
    try {
      scanBlobInUse(path, paths, digest, foreign, suspects);
    } finally {
      pin.get().close();
    }
  }

  private void scanBlobInUse(
      Path path,
      StoreLayout.BlobPaths paths,
      Digest digest,
      List<Path> foreign,
      List<BlobChecks.Subject> suspects)
      throws IOException {
    Optional<Disk.Attributes> facts = disk.attributes(path);
    if (facts.isEmpty()) {
      return;
    }
    if (!facts.get().regular()) {
      foreign.add(path);
    } else if (!path.equals(paths.blob())) {
      quarantine.take(path, "a blob with this name belongs in another folder");
    } else if (facts.get().size() == 0 && !EMPTY.contains(digest.hex())) {
      checks.damaged(paths, facts.get(), "it is empty");
    } else {
      index.found(paths.key(), facts.get().size(), facts.get().modified());
      // Smaller ones are checked whenever they are opened.
      if (facts.get().size() > FsPublishedBlobs.CHECKED_ON_OPEN
          && shutdownMarker.isSuspect(facts.get().modified())) {
        suspects.add(new BlobChecks.Subject(paths, facts.get()));
      }
    }
  }

  /** Has all of these checked, and says when no doubt is left. */
  private void check(List<BlobChecks.Subject> suspects) {
    List<CompletableFuture<StoredBlob.Check>> results = new ArrayList<>();
    for (BlobChecks.Subject subject : suspects) {
      long size = subject.attributes().size();
      // A client may have been first.
      if (!stopped && index.trust(subject.paths().key(), size) != BlobIndex.Trust.VERIFIED) {
        results.add(checks.begin(subject, false));
      }
    }
    try {
      CompletableFuture.allOf(results.toArray(CompletableFuture[]::new)).get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    } catch (ExecutionException e) {
      throw new IllegalStateException("a check never fails", e);
    }
    if (!stopped) {
      shutdownMarker.settle();
    }
  }
}
