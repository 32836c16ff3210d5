package io.intrahub.store.fs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A disk that can lose its power. Content counts as kept only when the file was forced after it was
 * written, and a name only when its folder was forced after it was made. A cut takes the rest away:
 * files keep a piece of what was not forced, and the last few changes of names are undone. That is
 * harsher than any one file system.
 */
final class PowerCutDisk extends TestDisk {
  private record Change(Path folder, Undo undo) {}

  private interface Undo {
    void run() throws IOException;
  }

  private final Path root;
  private final Path backups;

  /** Guarded by this, like all below: names that would not survive, oldest first. */
  private final List<Change> names = new ArrayList<>();

  /** Files (by identity) whose content would not survive. */
  private final Set<Object> dirty = new HashSet<>();

  private int counter;

  PowerCutDisk(Path root, Path backups) {
    super(root);
    this.root = root;
    this.backups = backups;
  }

  private void pending(Path path, Undo undo) {
    names.add(new Change(path.getParent(), undo));
  }

  private Object identity(Path path) throws IOException {
    return super.facts(path).orElseThrow().identity();
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
    dirty.add(identity(path));
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
    boolean replaces = super.facts(to).isPresent();
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
    boolean file = super.facts(path).orElseThrow().regular();
    Path old = file ? backup(path) : null;
    super.delete(path);
    pending(
        path,
        () -> {
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
  synchronized void written(Path path) throws IOException {
    dirty.add(identity(path));
  }

  /** The power goes. */
  synchronized void cut(Random random) throws IOException {
    int lost = names.isEmpty() ? 0 : random.nextInt(names.size() + 1);
    for (int i = 0; i < lost; i++) {
      names.removeLast().undo().run();
    }
    try (Stream<Path> all = Files.walk(root)) {
      for (Path path : all.filter(Files::isRegularFile).toList()) {
        if (dirty.contains(RealDiskIdentity.of(path))) {
          spoil(path, random);
        }
      }
    }
  }

  private static void spoil(Path path, Random random) throws IOException {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
      long size = channel.size();
      long kept = random.nextBoolean() ? 0 : random.nextLong(size + 1);
      channel.truncate(kept);
      if (random.nextBoolean() && size > kept) {
        // The length survived and the bytes did not.
        channel.write(java.nio.ByteBuffer.allocate((int) (size - kept)), kept);
      }
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

  /** As {@link RealDisk} tells files apart. */
  private static final class RealDiskIdentity {
    static Object of(Path path) throws IOException {
      return Files.readAttributes(path, java.nio.file.attribute.BasicFileAttributes.class)
          .fileKey();
    }
  }
}
