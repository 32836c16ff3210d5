package io.intrahub.store.fs;

import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.StoreLayout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/**
 * A disk in memory that dies like {@link PowerCutDisk} does, at a fraction of the price, and always
 * in the same way for the same random numbers. The end of a process costs nothing that was written;
 * a power cut takes any sectors that were not forced and the last few names whose folders were not.
 *
 * <p>It also watches: a file that has a published name must not be written to. For one thread.
 */
final class SimDisk implements Disk {
  /**
   * A change of a name.
   *
   * @param removed a folder that was removed by it
   */
  private record Change(Path folder, Optional<Path> removed, Runnable undo) {}

  private final Clock clock;
  private final RandomGenerator random;

  /** What has a name: a {@link SimContent}, or nothing for a folder. */
  private final NavigableMap<String, Optional<SimContent>> names = new TreeMap<>();

  private final Map<String, Instant> modified = new TreeMap<>();

  final SimFaults faults = new SimFaults();

  /** Names that would not survive a power cut, oldest first. */
  private final List<Change> pending = new ArrayList<>();

  /** Handles of a process that is gone do nothing any more. */
  private int life;

  private int boot = 1;
  private int open;

  /** A planted bug: the content of blobs is never forced, though it looks so. */
  boolean skipsForcingData;

  SimDisk(Path root, Clock clock, RandomGenerator random) {
    this.clock = clock;
    this.random = random;
    names.put(root.toString(), Optional.empty());
  }

  // --- What a test does to it

  int openFiles() {
    return open;
  }

  /** Names of files below a folder. */
  List<String> filesBelow(Path folder) {
    return below(folder).entrySet().stream()
        .filter(e -> e.getValue().isPresent())
        .map(Map.Entry::getKey)
        .toList();
  }

  /** The process is gone: what it wrote is there, and its handles are not. */
  void kill() {
    life++;
    open = 0;
    faults.kill();
  }

  /** The power goes and comes again. */
  void cutPower() {
    kill();
    boot++;
    int lost = pending.isEmpty() ? 0 : random.nextInt(pending.size() + 1);
    for (int i = 0; i < lost; i++) {
      pending.removeLast().undo().run();
    }
    pending.clear();
    List<SimContent> done = new ArrayList<>();
    for (Optional<SimContent> named : names.values()) {
      // A file may have two names.
      if (named.isPresent() && done.stream().noneMatch(c -> c == named.get())) {
        done.add(named.get());
        named.get().loseUnforced(random);
      }
    }
  }

  private NavigableMap<String, Optional<SimContent>> below(Path folder) {
    // '0' is the character after '/'.
    return names.subMap(folder + "/", true, folder + "0", false);
  }

  private SimContent content(Path path) throws IOException {
    Optional<SimContent> there = names.get(path.toString());
    if (there == null || there.isEmpty()) {
      throw new NoSuchFileException(path.toString());
    }
    return there.get();
  }

  private void requireFree(Path path) throws IOException {
    if (names.containsKey(path.toString())) {
      throw new FileAlreadyExistsException(path.toString());
    }
    if (!names.containsKey(String.valueOf(path.getParent()))) {
      throw new NoSuchFileException(path.toString());
    }
  }

  private void pending(Path path, Runnable undo) {
    pending.add(new Change(path.getParent(), Optional.empty(), undo));
  }

  // --- The disk

  @Override
  public File create(Path path) throws IOException {
    faults.step(SimStore.Call.NAME, path);
    requireFree(path);
    SimContent content = new SimContent();
    names.put(path.toString(), Optional.of(content));
    modified.put(path.toString(), clock.instant());
    pending(path, () -> names.remove(path.toString()));
    return new Handle(path, content, true);
  }

  @Override
  public File open(Path path) throws IOException {
    faults.step(SimStore.Call.READ, path);
    return new Handle(path, content(path), false);
  }

  @Override
  public File reopen(Path path) throws IOException {
    faults.step(SimStore.Call.READ, path);
    SimContent content = content(path);
    if (content.readOnly) {
      throw new AccessDeniedException(path.toString());
    }
    return new Handle(path, content, true);
  }

  @Override
  public Optional<Attributes> attributes(Path path) {
    faults.requireAlive();
    Optional<SimContent> there = names.get(path.toString());
    if (there == null) {
      return Optional.empty();
    }
    Instant at = modified.getOrDefault(path.toString(), Instant.EPOCH);
    return Optional.of(
        there
            .map(c -> new Attributes(true, false, c.size(), c.modified, c))
            .orElseGet(() -> new Attributes(false, true, 0, at, null)));
  }

  @Override
  public List<Path> list(Path folder) throws IOException {
    faults.step(SimStore.Call.READ, folder);
    int prefix = folder.toString().length() + 1;
    return below(folder).keySet().stream()
        .filter(name -> name.indexOf('/', prefix) < 0)
        .map(Path::of)
        .toList();
  }

  @Override
  public void createFolder(Path folder) throws IOException {
    faults.step(SimStore.Call.NAME, folder);
    requireFree(folder);
    names.put(folder.toString(), Optional.empty());
    pending(
        folder,
        () -> {
          below(folder).clear();
          names.remove(folder.toString());
        });
  }

  @Override
  public void forceFolder(Path folder) throws IOException {
    faults.step(SimStore.Call.FORCE, folder);
    // What is gone for good with a folder can't come back without it.
    for (int i = pending.size() - 1; i >= 0; i--) {
      Change change = pending.get(i);
      if (change.folder().equals(folder) && change.removed().isPresent()) {
        Path removed = change.removed().get();
        List<Change> inside =
            pending.subList(0, i).stream().filter(c -> c.folder().equals(removed)).toList();
        pending.removeAll(inside);
        i -= inside.size();
      }
    }
    pending.removeIf(change -> change.folder().equals(folder));
  }

  @Override
  public void link(Path existing, Path name) throws IOException {
    faults.step(SimStore.Call.LINK, name);
    requireFree(name);
    SimContent content = content(existing);
    content.linked = true;
    names.put(name.toString(), Optional.of(content));
    pending(name, () -> names.remove(name.toString()));
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    faults.step(SimStore.Call.NAME, to);
    SimContent content = content(from);
    Optional<SimContent> old = names.get(to.toString());
    names.remove(from.toString());
    names.put(to.toString(), Optional.of(content));
    // Two changes, of two folders, each of which may come to the disk without the other.
    pending(
        to,
        () -> {
          names.remove(to.toString());
          if (old != null) {
            names.put(to.toString(), old);
          }
        });
    pending(from, () -> names.putIfAbsent(from.toString(), Optional.of(content)));
  }

  @Override
  public void delete(Path path) throws IOException {
    faults.step(SimStore.Call.NAME, path);
    Optional<SimContent> there = names.get(path.toString());
    if (there == null) {
      throw new NoSuchFileException(path.toString());
    }
    if (there.isEmpty() && !below(path).isEmpty()) {
      throw new DirectoryNotEmptyException(path.toString());
    }
    names.remove(path.toString());
    pending.add(
        new Change(
            path.getParent(),
            there.isEmpty() ? Optional.of(path) : Optional.empty(),
            () -> names.put(path.toString(), there)));
  }

  @Override
  public void setReadOnly(Path path) throws IOException {
    faults.step(SimStore.Call.NAME, path);
    content(path).readOnly = true;
  }

  @Override
  public void setWritable(Path path) throws IOException {
    faults.step(SimStore.Call.NAME, path);
    content(path).readOnly = false;
  }

  @Override
  public Optional<String> bootId() {
    return Optional.of("boot " + boot);
  }

  @Override
  public long usableSpace() {
    return 1L << 40;
  }

  private boolean isPublished(SimContent content) {
    return content.linked
        && names.entrySet().stream()
            .anyMatch(e ->
                e.getValue().filter(c -> c == content).isPresent()
                    && e.getKey().contains("/blobs/"));
  }

  private static boolean isDataOfPartial(Path path) {
    return path.toString().contains("/partial/sha")
        && !path.toString().endsWith(StoreLayout.PIECES_NAME);
  }

  private final class Handle implements File {
    private final Path path;
    private final SimContent content;
    private final boolean writable;
    private final int born = life;
    private boolean closed;

    Handle(Path path, SimContent content, boolean writable) {
      this.path = path;
      this.content = content;
      this.writable = writable;
      open++;
    }

    private void requireOpen() throws IOException {
      if (born != life) {
        throw new SimFaults.Killed("before");
      }
      if (closed) {
        throw new ClosedChannelException();
      }
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
      return write(from, content.size());
    }

    @Override
    public int write(ByteBuffer from, long position) throws IOException {
      requireOpen();
      if (!writable) {
        throw new java.nio.channels.NonWritableChannelException();
      }
      if (isPublished(content)) {
        throw new AssertionError(path + " is published and written to");
      }
      faults.requireAlive();
      int count = from.remaining();
      try {
        faults.step(SimStore.Call.WRITE, path);
      } catch (SimFaults.Killed | IOException e) {
        // It did not come to its end, which does not say that it did nothing.
        from.limit(from.position() + count / 2);
        content.write(from, position, clock.instant());
        from.limit(from.position());
        throw e;
      }
      content.write(from, position, clock.instant());
      return count;
    }

    @Override
    public long append(FileChannel source, long position) {
      throw new UnsupportedOperationException("a disk in memory knows no other file");
    }

    @Override
    public int read(ByteBuffer into, long position) throws IOException {
      requireOpen();
      faults.step(SimStore.Call.READ, path);
      return content.read(into, position);
    }

    @Override
    public long size() throws IOException {
      requireOpen();
      return content.size();
    }

    @Override
    public void force() throws IOException {
      requireOpen();
      try {
        faults.step(SimStore.Call.FORCE, path);
      } catch (IOException e) {
        // The system could not write the bytes, says so this once, and takes its memory back.
        content.loseUnforced(random);
        throw e;
      }
      if (!skipsForcingData || !isDataOfPartial(path)) {
        content.forced();
      }
    }

    @Override
    public void close() {
      if (born == life && !closed) {
        closed = true;
        open--;
      }
    }
  }
}
