package io.intrahub.store.fs.metadata;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.FilePath;
import io.intrahub.store.Manifest;
import io.intrahub.store.ManifestEntry;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.metadata.ManifestFormat.DamagedException;
import io.intrahub.store.fs.metadata.ManifestFormat.Tail;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A manifest on disk. It takes little memory, however large it is, and no open file while it is not
 * asked anything, so that any number of them may be in use.
 */
public final class FsManifest implements Manifest {
  private final Disk disk;
  private final Path path;
  private final Consumer<FsManifest> onDamage;
  private final IndexSource indexes;

  /** Replaced when the file was replaced by one that knows more. */
  private volatile ManifestIndex.Head head;

  /**
   * A manifest of which the index was read before.
   *
   * @param onDamage called when the file turns out to be damaged or gone
   */
  FsManifest(
      Disk disk,
      Path path,
      Consumer<FsManifest> onDamage,
      IndexSource indexes,
      ManifestIndex.Head head) {
    this.disk = disk;
    this.path = path;
    this.onDamage = onDamage;
    this.indexes = indexes;
    this.head = head;
  }

  /**
   * Reads the index and holds it: for one manifest at a time.
   *
   * @param onDamage called when the file turns out to be damaged or gone
   * @throws DamagedException when the file is not a whole manifest
   */
  public static FsManifest open(Disk disk, Path path, Consumer<FsManifest> onDamage)
      throws IOException {
    try (Disk.File file = disk.open(path)) {
      ManifestIndex index = ManifestIndex.read(file, Tail.read(file));
      return new FsManifest(disk, path, onDamage, IndexSource.holding(index), index.head());
    }
  }

  ManifestIndex.Head head() {
    return head;
  }

  Path path() {
    return path;
  }

  @Override
  public CommitHash commit() {
    return head.commit();
  }

  @Override
  public boolean complete() {
    return head.complete();
  }

  @Override
  public int size() {
    return head.size();
  }

  /** Looks something up in the index of the file as it is now. */
  private <R> R lookUp(Disk.File file, Tail tail, Function<ManifestIndex, R> lookup)
      throws IOException {
    return indexes.lookUp(
        file,
        tail,
        index -> {
          head = index.head();
          return lookup.apply(index);
        });
  }

  @Override
  public Optional<ManifestEntry> find(FilePath wanted) throws IOException {
    byte[] target = ManifestFormat.utf8(wanted.value());
    try (Disk.File file = disk.open(path)) {
      Optional<ManifestIndex.Block> holding =
          lookUp(file, Tail.read(file), index -> index.block(target));
      if (holding.isEmpty()) {
        return Optional.empty();
      }
      ByteBuffer block = holding.get().read(file);
      while (block.hasRemaining()) {
        byte[] found = ManifestFormat.path(block);
        int order = Arrays.compareUnsigned(found, target);
        if (order == 0) {
          return Optional.of(ManifestFormat.entry(found, block));
        }
        if (order > 0) {
          return Optional.empty();
        }
        ManifestFormat.skip(block);
      }
      return Optional.empty();
    } catch (DamagedException | NoSuchFileException e) {
      onDamage.accept(this);
      throw e;
    }
  }

  @Override
  public void list(
      Optional<FilePath> directory,
      boolean recursive,
      Optional<FilePath> after,
      Predicate<ManifestEntry> to)
      throws IOException {
    byte[] prefix = ManifestFormat.utf8(directory.map(d -> d.value() + "/").orElse(""));
    try (Disk.File file = disk.open(path)) {
      Tail tail = Tail.read(file);
      Listing listing = new Listing(prefix, recursive, after, to);
      int next = 0;
      boolean wanted = true;
      while (wanted) {
        int atLeast = next;
        ManifestIndex.Run run = lookUp(file, tail, index -> index.run(listing.from, atLeast));
        wanted = !run.blocks().isEmpty();
        int number = 0;
        while (wanted && number < run.blocks().size()) {
          wanted = listing.pass(run.blocks().get(number).read(file));
          // A folder with 100,000 files below it is one line of its parent: skip their blocks.
          number = Math.max(number + 1, run.blockOf(listing.from));
        }
        next = run.first() + number;
      }
    } catch (DamagedException | NoSuchFileException e) {
      onDamage.accept(this);
      throw e;
    }
  }

  /** All entries, as the file has them. */
  EntryCursor entries() throws IOException {
    Disk.File file = disk.open(path);
    boolean opened = false;
    try {
      Blocks blocks = new Blocks(file, Tail.read(file));
      opened = true;
      return blocks;
    } finally {
      if (!opened) {
        file.close();
      }
    }
  }

  /** Reads block after block. */
  private final class Blocks implements EntryCursor {
    private final Disk.File file;
    private final Tail tail;
    private int next;
    private Iterator<ManifestIndex.Block> blocks = Collections.emptyIterator();
    private ByteBuffer block = ByteBuffer.allocate(0);

    Blocks(Disk.File file, Tail tail) {
      this.file = file;
      this.tail = tail;
    }

    @Override
    public @Nullable Encoded next() throws IOException {
      while (!block.hasRemaining()) {
        if (!blocks.hasNext()) {
          ManifestIndex.Run run = lookUp(file, tail, index -> index.run(new byte[0], next));
          if (run.blocks().isEmpty()) {
            return null;
          }
          next = run.first() + run.blocks().size();
          blocks = run.blocks().iterator();
        }
        block = blocks.next().read(file);
      }
      int from = block.position();
      ManifestFormat.path(block);
      ManifestFormat.skip(block);
      return new Encoded(-1, Arrays.copyOfRange(block.array(), from, block.position()));
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }

  /** A listing on its way. Owner: the thread that lists. */
  private static final class Listing {
    private final byte[] prefix;
    private final boolean recursive;
    private final Predicate<ManifestEntry> to;

    /** Paths before this one are not wanted. */
    private byte[] from;

    Listing(
        byte[] prefix, boolean recursive, Optional<FilePath> after, Predicate<ManifestEntry> to) {
      this.prefix = prefix;
      this.recursive = recursive;
      this.to = to;
      // The first path behind another one is that with a zero byte at its end.
      byte[] behind = ManifestFormat.utf8(after.map(path -> path.value() + "\0").orElse(""));
      this.from = Arrays.compareUnsigned(behind, prefix) > 0 ? behind : prefix;
    }

    /** Passes on what is wanted of a block; false when nothing wanted can follow. */
    boolean pass(ByteBuffer block) throws DamagedException {
      while (block.hasRemaining()) {
        byte[] path = ManifestFormat.path(block);
        if (Arrays.compareUnsigned(path, from) < 0) {
          ManifestFormat.skip(block);
          continue;
        }
        if (!startsWith(path, prefix)) {
          return false;
        }
        int slash = recursive ? -1 : indexOfSlash(path, prefix.length);
        if (slash < 0) {
          if (!to.test(ManifestFormat.entry(path, block))) {
            return false;
          }
        } else {
          ManifestFormat.skip(block);
          // The first path that does not lie in this child: '0' follows '/'.
          from = Arrays.copyOf(path, slash + 1);
          from[slash] = '/' + 1;
        }
      }
      return true;
    }

    private static boolean startsWith(byte[] path, byte[] prefix) {
      return path.length >= prefix.length
          && Arrays.equals(path, 0, prefix.length, prefix, 0, prefix.length);
    }

    private static int indexOfSlash(byte[] path, int start) {
      for (int i = start; i < path.length; i++) {
        if (path[i] == '/') {
          return i;
        }
      }
      return -1;
    }
  }
}
