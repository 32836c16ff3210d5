package io.intrahub.store.fs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A disk that can lose its power. Content counts as kept only when the file was forced after it was
 * written, and a name only when its folder was forced after it was made. A cut takes the rest away:
 * of what was not forced, any sectors are lost and others not, in no order, and the last few
 * changes of names are undone. That is harsher than any one file system. Forcing that fails loses
 * bytes in the same way.
 */
final class PowerCutDisk extends TestDisk {
  private record Change(Path folder, Undo undo) {}

  private interface Undo {
    void run() throws IOException;
  }

  private final Path root;
  private final Path backups;
  private final Random random;

  /** Guarded by this, like all below: names that would not survive, oldest first. */
  private final List<Change> names = new ArrayList<>();

  /** Files (by identity) whose content would not survive. */
  private final Map<Object, Unforced> dirty = new HashMap<>();

  private int counter;

  PowerCutDisk(Path root, Path backups, Random random) {
    super(root);
    this.random = random;
    this.root = root;
    this.backups = backups;
  }

  private void pending(Path path, Undo undo) {
    names.add(new Change(path.getParent(), undo));
  }

  private Object identity(Path path) throws IOException {
    return super.attributes(path).orElseThrow().identity();
  }

  /** Keeps what has this name, to bring it back. */
  private Path backup(Path path) throws IOException {
    Path kept = backups.resolve("b" + counter++);
    Files.createLink(kept, path);
    return kept;
  }

  @Override
  public synchronized File create(Path path) throws IOException {
    File file = super.create(path);
    dirty.put(identity(path), new Unforced(0));
    pending(path, () -> Files.deleteIfExists(path));
    return file;
  }

  @Override
  public synchronized void createFolder(Path folder) throws IOException {
    super.createFolder(folder);
    pending(folder, () -> deleteAll(folder));
  }

  @Override
  public synchronized void forceFolder(Path folder) throws IOException {
    super.forceFolder(folder);
    names.removeIf(change -> change.folder().equals(folder));
  }

  @Override
  public synchronized void link(Path existing, Path name) throws IOException {
    super.link(existing, name);
    pending(name, () -> Files.deleteIfExists(name));
  }

  @Override
  public synchronized void rename(Path from, Path to) throws IOException {
    boolean replaces = super.attributes(to).isPresent();
    Path old = replaces ? backup(to) : null;
    super.rename(from, to);
    pending(
        to,
        () -> {
          if (Files.exists(to)) {
            Files.move(to, from);
          }
          if (old != null) {
            Files.createLink(to, old);
          }
        });
  }

  @Override
  public synchronized void delete(Path path) throws IOException {
    boolean file = super.attributes(path).orElseThrow().regular();
    Path old = file ? backup(path) : null;
    super.delete(path);
    pending(
        path,
        () -> {
          if (!Files.exists(path.getParent())) {
            // The folder went too, and that is on the disk.
            return;
          }
          if (old != null) {
            Files.createLink(path, old);
          } else {
            Files.createDirectory(path);
          }
        });
  }

  @Override
  synchronized void forced(Path path) throws IOException {
    dirty.remove(identity(path));
  }

  @Override
  public synchronized void writing(Path path, File file, long position, int count)
      throws IOException {
    dirty
        .computeIfAbsent(identity(path), i -> new Unforced(sizeOf(file)))
        .writing(file, position, count);
  }

  private static long sizeOf(File file) {
    try {
      return file.size();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The system could not write the bytes, says so this once, and takes its memory back. */
  @Override
  synchronized void lost(Path path) throws IOException {
    Unforced unforced = dirty.remove(identity(path));
    if (unforced != null) {
      unforced.spoil(path, random);
    }
  }

  /** The power goes. */
  synchronized void cut() throws IOException {
    int lost = names.isEmpty() ? 0 : random.nextInt(names.size() + 1);
    for (int i = 0; i < lost; i++) {
      names.removeLast().undo().run();
    }
    try (Stream<Path> all = Files.walk(root)) {
      for (Path path : all.filter(Files::isRegularFile).toList()) {
        Unforced unforced = dirty.remove(RealDiskIdentity.of(path));
        if (unforced != null) {
          unforced.spoil(path, random);
        }
      }
    }
  }

  /** What was written to one file since it was forced, and what the disk holds instead. */
  private static final class Unforced {
    private static final int SECTOR = 512;

    /** What a sector held before each write since then; what it may hold after a cut. */
    private final Map<Long, List<byte[]>> sectors = new TreeMap<>();

    private final long size;

    Unforced(long size) {
      this.size = size;
    }

    void writing(File file, long position, int count) throws IOException {
      long first = position / SECTOR;
      long last = (position + count - 1) / SECTOR;
      ByteBuffer old = ByteBuffer.allocate((int) (last + 1 - first) * SECTOR);
      long at = first * SECTOR;
      while (old.hasRemaining() && file.read(old, at + old.position()) > 0) {
        // On, until there is no more.
      }
      for (long s = first; s <= last; s++) {
        int from = (int) (s - first) * SECTOR;
        sectors
            .computeIfAbsent(s, i -> new ArrayList<>())
            .add(Arrays.copyOfRange(old.array(), from, from + SECTOR));
      }
    }

    /** Each sector by itself is new or as old as it likes, and the length may be the old one. */
    void spoil(Path path, Random random) throws IOException {
      Set<PosixFilePermission> mode = Files.getPosixFilePermissions(path);
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
      try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
        long length = channel.size();
        int lose = random.nextInt(4);
        for (Map.Entry<Long, List<byte[]>> sector : sectors.entrySet()) {
          if (lose > random.nextInt(3)) {
            List<byte[]> older = sector.getValue();
            ByteBuffer bytes = ByteBuffer.wrap(older.get(random.nextInt(older.size())));
            channel.write(bytes, sector.getKey() * SECTOR);
          }
        }
        channel.truncate(random.nextInt(3) == 0 ? Math.min(size, length) : length);
      }
      Files.setPosixFilePermissions(path, mode);
    }
  }

  private static void deleteAll(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      all.sorted(Comparator.reverseOrder())
          .forEach(path -> {
            try {
              Files.delete(path);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    }
  }

  /** As {@code JdkDisk} tells files apart. */
  private static final class RealDiskIdentity {
    static Object of(Path path) throws IOException {
      return Files.readAttributes(path, java.nio.file.attribute.BasicFileAttributes.class)
          .fileKey();
    }
  }
}
