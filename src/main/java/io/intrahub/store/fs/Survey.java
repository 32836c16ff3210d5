package io.intrahub.store.fs;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.Digest;
import io.intrahub.hub.RepoId;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The walk over the whole store that follows a start. It only reads, but for what is damaged. */
final class Survey {
  private static final Logger log = LoggerFactory.getLogger(Survey.class);
  private static final int FOREIGN_SHOWN = 20;

  /** Digests of no bytes at all: the only names that an empty file may have. */
  private static final Set<String> EMPTY =
      Set.of(
          "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
          "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");

  private final Disk disk;
  private final Layout layout;
  private final FsBlobStore blobs;
  private final Partials partials;
  private final BlobIndex index;
  private final Quarantine quarantine;
  private final Vitals vitals;
  private final BlobUses uses;

  private volatile boolean done;
  private volatile boolean stopped;

  Survey(
      Disk disk,
      Layout layout,
      FsBlobStore blobs,
      Partials partials,
      BlobIndex index,
      Quarantine quarantine,
      Vitals vitals,
      BlobUses uses) {
    this.disk = disk;
    this.layout = layout;
    this.blobs = blobs;
    this.partials = partials;
    this.index = index;
    this.quarantine = quarantine;
    this.vitals = vitals;
    this.uses = uses;
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
    List<Found> doubtful = new ArrayList<>();
    try {
      for (Path path : disk.list(layout.root())) {
        if (!layout.ownsTopLevel(nameOf(path)) && !nameOf(path).equals("lost+found")) {
          foreign.add(path);
        }
      }
      for (Path fan : list(layout.shared())) {
        if (!Layout.isHex(nameOf(fan), 2)) {
          foreign.add(fan);
          continue;
        }
        for (Path path : list(fan)) {
          lookAtShared(path, foreign, doubtful);
        }
      }
      for (Path path : list(layout.partial())) {
        // Other names were told at the start, or are small files on their way.
        Optional<Layout.PartialName> name = Layout.parsePartial(nameOf(path));
        if (name.isPresent()
            && name.get().digest() instanceof Digest.Sha256 sha256
            && name.get().size().isPresent()) {
          partials.survey(layout.sharedPartial(sha256, name.get().size().getAsLong()));
        }
      }
      for (Path repo : list(layout.repos())) {
        lookAtRepo(repo, foreign, doubtful);
      }
      if (!foreign.isEmpty()) {
        log.warn(
            "{} names in the store are not the store's and stay: {}{}",
            foreign.size(),
            foreign.subList(0, Math.min(FOREIGN_SHOWN, foreign.size())),
            foreign.size() > FOREIGN_SHOWN ? " …" : "");
      }
      done = !stopped;
      for (Found found : doubtful) {
        check(found);
      }
      if (!stopped) {
        vitals.settle();
      }
    } catch (IOException e) {
      log.warn("The walk over the store ended early: {}", e.toString());
    }
  }

  /** A blob that the walk came upon. */
  private record Found(Layout.Place place, Digest digest, Disk.Facts facts) {}

  private List<Path> list(Path folder) throws IOException {
    return stopped ? List.of() : disk.list(folder);
  }

  private static String nameOf(Path path) {
    return String.valueOf(path.getFileName());
  }

  private void lookAtShared(Path path, List<Path> foreign, List<Found> doubtful)
      throws IOException {
    if (!Layout.isHex(nameOf(path), 64)) {
      foreign.add(path);
      return;
    }
    Digest.Sha256 digest = new Digest.Sha256(nameOf(path));
    look(path, layout.shared(digest), digest, foreign, doubtful);
  }

  private void lookAtRepo(Path folder, List<Path> foreign, List<Found> doubtful)
      throws IOException {
    Optional<RepoId> repo = Layout.repoOf(nameOf(folder));
    if (repo.isEmpty()) {
      foreign.add(folder);
      return;
    }
    for (Path path : list(layout.repoBlobs(repo.get()))) {
      if (Layout.isHex(nameOf(path), 40)) {
        Digest digest = new Digest.GitSha1(nameOf(path));
        look(path, layout.place(repo.get(), digest), digest, foreign, doubtful);
      } else {
        foreign.add(path);
      }
    }
    for (Path path : list(layout.repoPartial(repo.get()))) {
      Optional<Layout.PartialName> name = Layout.parsePartial(nameOf(path));
      if (name.isEmpty() || !(name.get().digest() instanceof Digest.GitSha1 sha1)) {
        foreign.add(path);
      } else if (name.get().size().isPresent()) {
        BlobId blob = new BlobId(sha1, name.get().size().getAsLong());
        partials.survey(layout.partial(repo.get(), blob));
      } else {
        removeOld(path);
      }
    }
  }

  /** A partial git blob of an older version, whose name had no size. Few are worth adopting. */
  private void removeOld(Path path) {
    try {
      disk.delete(path);
    } catch (IOException e) {
      log.warn("{} could not be removed: {}", path, e.toString());
    }
  }

  private void look(
      Path path, Layout.Place place, Digest digest, List<Path> foreign, List<Found> doubtful)
      throws IOException {
    // Evicted between the look and the counting, it would be counted for ever.
    Optional<BlobUses.Use> use = uses.begin(place.key());
    if (use.isEmpty()) {
      return;
    }
    try {
      lookInUse(path, place, digest, foreign, doubtful);
    } finally {
      use.get().close();
    }
  }

  private void lookInUse(
      Path path, Layout.Place place, Digest digest, List<Path> foreign, List<Found> doubtful)
      throws IOException {
    Optional<Disk.Facts> facts = disk.facts(path);
    if (facts.isEmpty()) {
      return;
    }
    if (!facts.get().regular()) {
      foreign.add(path);
    } else if (!path.equals(place.blob())) {
      quarantine.take(path, "a blob with this name belongs into another folder");
    } else if (facts.get().size() == 0 && !EMPTY.contains(digest.hex())) {
      blobs.damaged(place, facts.get(), "it is empty");
    } else {
      index.found(place.key(), facts.get().size(), facts.get().modified());
      // Smaller ones are checked whenever they are opened.
      if (facts.get().size() > FsBlobStore.CHECKED_ON_OPEN
          && vitals.isDoubtful(facts.get().modified())) {
        doubtful.add(new Found(place, digest, facts.get()));
      }
    }
  }

  private void check(Found found) {
    Optional<BlobUses.Use> use = uses.begin(found.place().key());
    if (use.isPresent()) {
      try {
        checkInUse(found);
      } finally {
        use.get().close();
      }
    }
  }

  private void checkInUse(Found found) {
    if (stopped
        || index.trust(found.place().key(), found.facts().size()) == BlobIndex.Trust.VERIFIED) {
      return;
    }
    try (Disk.File file = disk.open(found.place().blob())) {
      blobs.check(found.place(), found.digest(), found.facts(), file);
    } catch (IOException e) {
      log.warn("{} can't be checked: {}", found.place().blob(), e.toString());
    }
  }
}
