package io.intrahub.store.fs;

import io.intrahub.hub.Digest;
import io.intrahub.store.StoreException;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.DurableFolders;
import io.intrahub.store.fs.disk.FileIo;
import io.intrahub.store.fs.disk.FolderMode;
import io.intrahub.store.fs.disk.PartialName;
import io.intrahub.store.fs.disk.StoreLayout;
import io.intrahub.store.fs.partial.PieceMap;
import io.intrahub.store.fs.startup.CleanShutdownMarker;
import io.intrahub.store.fs.startup.FileSystemProbe;
import io.intrahub.store.fs.startup.StoreLock;
import io.intrahub.store.fs.startup.StoreMarker;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The start of a store, up to where requests may come. Every step can be repeated: a start that
 * dies anywhere is followed by one that ends well.
 */
final class StoreOpener {
  private static final Logger log = LoggerFactory.getLogger(StoreOpener.class);
  private static final int KEY_BYTES = 32;

  private final Disk disk;
  private final StoreLayout layout;
  private final Clock clock;
  private final RandomGenerator random;

  StoreOpener(Disk disk, StoreLayout layout, Clock clock, RandomGenerator random) {
    this.disk = disk;
    this.layout = layout;
    this.clock = clock;
    this.random = random;
  }

  /** What a store stands on. */
  record Opened(
      StoreLayout layout,
      StoreLock lock,
      StoreMarker marker,
      DurableFolders folders,
      CleanShutdownMarker shutdownMarker,
      FileSystemProbe.Features features,
      Secret key) {
    byte[] installationKey() {
      return key.bytes();
    }
  }

  /** Random bytes that never show themselves in text. */
  static final class Secret {
    private final byte[] bytes;

    Secret(byte[] bytes) {
      this.bytes = bytes;
    }

    byte[] bytes() {
      return bytes;
    }
  }

  Opened open() throws StoreException {
    makeRoot();
    try {
      // Before the lock: a folder that is not ours must not even get a lock file.
      Optional<StoreMarker> before = StoreMarker.read(disk, layout);
      StoreLock lock = StoreLock.take(layout, clock.instant());
      boolean opened = false;
      try {
        Opened parts = openLocked(lock, before.isEmpty());
        opened = true;
        return parts;
      } finally {
        if (!opened) {
          lock.close();
        }
      }
    } catch (IOException e) {
      throw explain(e);
    }
  }

  private void makeRoot() throws StoreException {
    Path root = layout.root();
    if (Files.exists(root) && !Files.isDirectory(root)) {
      throw new StoreException(root, "is a file: choose a folder");
    }
    try {
      if (!Files.exists(root)) {
        FolderMode.createWithParents(root);
        Path parent = root.getParent();
        if (parent != null) {
          disk.forceFolder(parent);
        }
      }
    } catch (IOException e) {
      throw new StoreException(root, "can't be created (" + reason(e) + ")", e);
    }
  }

  private Opened openLocked(StoreLock lock, boolean isNew) throws StoreException, IOException {
    // Again, since another process may have been first.
    Optional<StoreMarker> found = StoreMarker.read(disk, layout);
    StoreMarker marker = found.isPresent() ? found.get() : StoreMarker.create(disk, layout, random);
    DurableFolders folders = makeFolders();
    warnIfOpenToOthers();
    sweepPartial();
    try {
      FileSystemProbe.Features features = FileSystemProbe.run(disk, layout);
      CleanShutdownMarker shutdownMarker = CleanShutdownMarker.begin(disk, layout, clock);
      return new Opened(layout, lock, marker, folders, shutdownMarker, features, installationKey());
    } catch (IOException e) {
      if (isNew || !isFull(e)) {
        throw e;
      }
      // What is here can be served. New blobs will be refused until there is room.
      log.warn(
          "{} is on a full disk: new files pass through and are not stored until space is free",
          layout.root());
      return new Opened(
          layout,
          lock,
          marker,
          folders,
          CleanShutdownMarker.beginUnmarked(disk, layout, clock),
          new FileSystemProbe.Features(true, true),
          installationKey());
    }
  }

  private DurableFolders makeFolders() throws IOException {
    for (Path folder : layout.folders()) {
      if (disk.attributes(folder).isEmpty()) {
        disk.createFolder(folder);
      }
    }
    // Also when nothing was made: a start that died here may have made them. It costs next to
    // nothing then, and saves every publish from asking.
    disk.forceFolder(layout.shared());
    disk.forceFolder(layout.root().resolve("blobs"));
    disk.forceFolder(layout.root());
    DurableFolders folders = new DurableFolders(disk, layout.root());
    folders.trust(layout.folders());
    folders.trust(disk.list(layout.shared()));
    return folders;
  }

  /**
   * An older version made its folders as the umask said. They are left as they are, because the
   * operator may have reasons: a backup that runs as another user, for example.
   */
  private void warnIfOpenToOthers() {
    Path root = layout.root();
    try {
      if (!FolderMode.isOpenToOthers(root)) {
        return;
      }
      for (Path folder : layout.folders()) {
        if (FolderMode.isOpenToOthers(folder)) {
          log.warn(
              "Other users of this machine can read in {} what is stored of private and gated repos."
                  + " To end that, run: chmod o-rwx {}",
              folder,
              root);
          return;
        }
      }
    } catch (IOException e) {
      log.warn(
          "The permissions of {} can't be read ({}). Make sure that other users of this machine"
              + " can't read it",
          root,
          e.toString());
    }
  }

  /**
   * Removes what killed writers left, so that it takes no room, but for blobs with a map of their
   * pieces: whether that is any good is seen when they are opened, or by the walk. Those of an
   * older version, whose names had no size, get one. Other names stay.
   */
  private void sweepPartial() throws IOException {
    for (Path left : disk.list(layout.partial())) {
      String name = String.valueOf(left.getFileName());
      Optional<PartialName> blob = PartialName.parse(name);
      if (blob.isPresent() && disk.attributes(left).filter(Disk.Attributes::folder).isPresent()) {
        List<Path> parts = disk.list(left);
        if (parts.contains(left.resolve(StoreLayout.PIECES_NAME))
            && (blob.get().size().isPresent() || adopt(left, blob.get().digest()))) {
          continue;
        }
        for (Path part : parts) {
          disk.delete(part);
        }
      }
      if (blob.isPresent() || StoreLayout.isTemporary(name)) {
        disk.delete(left);
      } else {
        log.warn("{} does not belong to the store and is left in place", left);
      }
    }
  }

  /**
   * Gives the folder of a partial blob the name that it has in this version: the size in it is what
   * its map says.
   *
   * @return whether it may stay; false when it has no good map, or there is one of that name
   */
  private boolean adopt(Path old, Digest digest) throws IOException {
    OptionalLong size = OptionalLong.empty();
    try {
      size = PieceMap.sizeIn(disk, old.resolve(StoreLayout.PIECES_NAME), digest);
    } catch (IOException e) {
      log.warn("{} can't be read and is left in place: {}", old, e.toString());
      return true;
    }
    if (size.isEmpty() || !(digest instanceof Digest.Sha256 sha256)) {
      return false;
    }
    Path folder = DurableFolders.parentOf(layout.sharedPartial(sha256, size.getAsLong()).data());
    if (disk.attributes(folder).isPresent()) {
      return false;
    }
    disk.rename(old, folder);
    disk.forceFolder(layout.partial());
    return true;
  }

  private Secret installationKey() throws IOException {
    Path path = layout.installationKey();
    if (disk.attributes(path).filter(Disk.Attributes::regular).isPresent()) {
      try (Disk.File file = disk.open(path)) {
        if (file.size() == KEY_BYTES) {
          return new Secret(FileIo.readFully(file, 0, KEY_BYTES).array());
        }
      }
      log.warn("{} is damaged, so a new key is created; what is cached per token is lost", path);
    }
    ByteBuffer key = ByteBuffer.allocate(KEY_BYTES);
    random.nextBytes(key.array());
    Path temporary = layout.temporary(0);
    FileIo.create(disk, temporary, key.array());
    disk.rename(temporary, path);
    disk.forceFolder(layout.access());
    return new Secret(key.array());
  }

  private StoreException explain(IOException e) {
    Path root = layout.root();
    if (isFull(e)) {
      return new StoreException(root, "is on a full disk: free some space and start again", e);
    }
    return new StoreException(
        root,
        "can't be used ("
            + reason(e)
            + "): it must be writable for "
            + System.getProperty("user.name")
            + ", with everything in it",
        e);
  }

  private static String reason(IOException e) {
    if (e instanceof AccessDeniedException) {
      return "no permission for " + e.getMessage();
    }
    return e.getClass().getSimpleName() + ": " + e.getMessage();
  }

  private static boolean isFull(IOException e) {
    String text = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
    return text.contains("no space left") || text.contains("quota exceeded");
  }
}
