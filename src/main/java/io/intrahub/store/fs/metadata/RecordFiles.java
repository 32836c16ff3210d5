package io.intrahub.store.fs.metadata;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.intrahub.policy.ObservationOrder;
import io.intrahub.store.StoredAnswer;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.FileIo;
import io.intrahub.store.fs.disk.StripedLocks;
import io.intrahub.store.fs.metadata.ManifestFormat.DamagedException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Files of one record each. A file is replaced in one step and survives a power cut; a record that
 * can't be written is kept in a bounded memory only and logged. Other records are kept in memory
 * too if nobody above does that, without large values. Safe for use by many threads.
 */
final class RecordFiles {
  private static final Logger log = LoggerFactory.getLogger(RecordFiles.class);

  /** What a record takes besides its path and its value, in bytes: mostly its subject. */
  private static final int OVERHEAD = 1_200;

  /** Larger files are damaged, or hold a value that stays on the disk. */
  private static final long MAX_FILE = StoredAnswer.SMALL + (64L << 10);

  private final Disk disk;
  private final AtomicReplacer replacer;
  private final MetadataIndex metadata;
  private final Clock clock;

  /** A path's stripe guards its file; and the memory of it changes only under the stripe. */
  private final StripedLocks locks = new StripedLocks();

  /** Whether records that are on the disk are kept in memory too. */
  private final boolean caching;

  /** What the files hold, or should hold; an empty value: no file. */
  private final Cache<Path, Optional<StoredRecord>> memory;

  /**
   * Files that had to go and could not be deleted: they count as absent until they are replaced.
   * There are no more of them than files.
   */
  private final Set<Path> undeletable = ConcurrentHashMap.newKeySet();

  /**
   * Nothing is in memory yet.
   *
   * @param caching whether records are kept in memory after they were read or written; otherwise
   *     only those that could not be written
   * @param bytes of heap that the memory may take
   */
  RecordFiles(
      Disk disk,
      AtomicReplacer replacer,
      MetadataIndex metadata,
      Clock clock,
      boolean caching,
      long bytes) {
    this.caching = caching;
    this.memory = Caffeine.newBuilder().maximumWeight(bytes).weigher(RecordFiles::weight).build();
    this.disk = disk;
    this.replacer = replacer;
    this.metadata = metadata;
    this.clock = clock;
  }

  private static int weight(Path path, Optional<StoredRecord> record) {
    return OVERHEAD + 3 * path.toString().length() + record.map(r -> r.value().length).orElse(0);
  }

  /** The record about this subject; empty when there is none or it can't be read. */
  Optional<StoredRecord> read(Path path, Map<String, String> subject) {
    return read(path).filter(r -> r.subject().equals(subject));
  }

  /** Whatever record has this name. */
  Optional<StoredRecord> read(Path path) {
    if (undeletable.contains(path)) {
      return Optional.empty();
    }
    Optional<StoredRecord> known = memory.getIfPresent(path);
    if (known != null) {
      return known;
    }
    ReentrantLock lock = locks.of(path);
    // A hit must not wait for a writer's slow disk; the file is whole at any time.
    if (!lock.tryLock()) {
      return load(path, false);
    }
    try {
      return current(path);
    } finally {
      lock.unlock();
    }
  }

  /** Under the stripe's lock. */
  private Optional<StoredRecord> current(Path path) {
    Optional<StoredRecord> known = memory.getIfPresent(path);
    if (known != null) {
      return known;
    }
    Optional<StoredRecord> loaded = load(path, true);
    if (caching) {
      memory.put(path, loaded);
    }
    return loaded;
  }

  /** Under the stripe's lock: the disk has what memory has. */
  private void written(Path path) {
    if (!caching) {
      memory.invalidate(path);
    }
  }

  private Optional<StoredRecord> load(Path path, boolean locked) {
    try {
      Optional<Disk.Attributes> facts = disk.attributes(path);
      if (facts.isEmpty()) {
        return Optional.empty();
      }
      Optional<StoredRecord> record =
          facts.get().regular() ? uninterrupted(() -> decode(path)) : Optional.empty();
      if (record.isEmpty() && locked) {
        log.warn("{} is damaged and is removed", path);
        delete(path);
      }
      return record;
    } catch (NoSuchFileException e) {
      // Removed between two looks.
      return Optional.empty();
    } catch (IOException e) {
      log.warn("{} can't be read and counts as absent: {}", path, e.toString());
      return Optional.empty();
    }
  }

  private interface Io<T> {
    T run() throws IOException;
  }

  /**
   * Does something that can be done again. The JDK fails the I/O of an interrupted thread, and a
   * thread is interrupted when its client leaves: for all others the record would then count as
   * absent, or not survive the process.
   */
  private static <T> T uninterrupted(Io<T> io) throws IOException {
    boolean interrupted = Thread.interrupted();
    try {
      while (true) {
        try {
          return io.run();
        } catch (ClosedByInterruptException e) {
          interrupted |= Thread.interrupted();
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Empty when the file is damaged. */
  private Optional<StoredRecord> decode(Path path) throws IOException {
    try (Disk.File file = disk.open(path)) {
      if (LargeValue.isIn(file)) {
        return StoredRecord.readLarge(file);
      }
      return file.size() > MAX_FILE
          ? Optional.empty()
          : StoredRecord.decode(FileIo.readFully(file, 0, (int) file.size()).array());
    } catch (DamagedException e) {
      return Optional.empty();
    }
  }

  /**
   * Keeps a record whose value is in memory, unless a younger one about the same subject is there.
   *
   * @return the record that is kept now, if only in memory
   */
  StoredRecord put(Path path, StoredRecord record) {
    ReentrantLock lock = locks.of(path);
    lock.lock();
    try {
      Optional<StoredRecord> younger = younger(path, record);
      if (younger.isPresent()) {
        return younger.get();
      }
      memory.put(path, Optional.of(record));
      write(path, ByteBuffer.wrap(record.encode()));
      undeletable.remove(path);
      written(path);
    } catch (IOException e) {
      log.warn("{} could not be written and is kept in memory only: {}", path, e.toString());
    } finally {
      lock.unlock();
    }
    return record;
  }

  /**
   * Keeps a record in place of any other one, on the disk.
   *
   * @throws IOException when it may not survive the process; what was there before still counts
   */
  void replace(Path path, StoredRecord record) throws IOException {
    ByteBuffer content = ByteBuffer.wrap(record.encode());
    ReentrantLock lock = locks.of(path);
    lock.lock();
    try {
      write(path, content);
      memory.put(path, Optional.of(record));
      undeletable.remove(path);
      written(path);
    } finally {
      lock.unlock();
    }
  }

  private void write(Path path, ByteBuffer content) throws IOException {
    uninterrupted(() -> {
      replacer.replace(path, file -> FileIo.writeFully(file, content.duplicate()));
      return path;
    });
  }

  /**
   * Keeps a record whose value is large, unless a younger one about the same subject is there.
   *
   * @param head the record without its value
   * @param file has the title and the value; gets the rest and is moved to its place
   * @param length of the value, in bytes
   * @param crc the value's CRC-32C
   * @return the record that is kept now
   * @throws IOException when it can't be kept; what was there before still is
   */
  StoredRecord putLarge(
      Path path, StoredRecord head, AtomicReplacer.Temporary file, long length, int crc)
      throws IOException {
    LargeValue value = LargeValue.of(head.head(), length, crc);
    FileIo.writeFully(file.file(), value.end(head.head()));
    StoredRecord record = head.with(value);
    ReentrantLock lock = locks.of(path);
    lock.lock();
    try {
      Optional<StoredRecord> younger = younger(path, record);
      if (younger.isPresent()) {
        return younger.get();
      }
      // What the file holds is not certain until it was moved.
      memory.invalidate(path);
      file.moveTo(path);
      memory.put(path, Optional.of(record));
      undeletable.remove(path);
      written(path);
      return record;
    } finally {
      lock.unlock();
    }
  }

  /** Under the stripe's lock: what keeps this record out. */
  private Optional<StoredRecord> younger(Path path, StoredRecord record) {
    Optional<StoredRecord> old = undeletable.contains(path) ? Optional.empty() : current(path);
    return old.filter(o -> o.subject().equals(record.subject()) && isYounger(o, record));
  }

  /** Removes a record whose large value turned out to be damaged, if it is still there. */
  void damaged(Path path, LargeValue value) {
    ReentrantLock lock = locks.of(path);
    lock.lock();
    try {
      memory.invalidate(path);
      if (disk.attributes(path).isPresent() && isStill(path, value)) {
        log.warn("{} is damaged and is removed", path);
        delete(path);
      }
    } catch (IOException e) {
      log.warn("{} is damaged and could not be removed: {}", path, e.toString());
    } finally {
      lock.unlock();
    }
  }

  private boolean isStill(Path path, LargeValue value) throws IOException {
    try (Disk.File file = disk.open(path)) {
      return LargeValue.isIn(file) && LargeValue.read(file).equals(value);
    } catch (DamagedException e) {
      return true;
    }
  }

  private boolean isYounger(StoredRecord old, StoredRecord record) {
    return ObservationOrder.keepsKnown(old.learnedAt(), record.learnedAt(), clock.instant());
  }

  private void delete(Path path) throws IOException {
    long length = metadata.lengthOf(path);
    disk.delete(path);
    metadata.changed(path, length);
  }

  /**
   * Removes a record to make room. No fsync: what a power cut brings back is a good record.
   *
   * @return the bytes that are free now; 0 when it was not there
   */
  long evict(Path path) throws IOException {
    ReentrantLock lock = locks.of(path);
    lock.lock();
    try {
      memory.invalidate(path);
      long length = metadata.lengthOf(path);
      if (length > 0) {
        delete(path);
      }
      return length;
    } finally {
      lock.unlock();
    }
  }

  /** The records below a folder that are in memory, among them those that could not be written. */
  Set<Path> inMemory(Path folder) {
    return memory.asMap().keySet().stream()
        .filter(path -> path.startsWith(folder))
        .collect(Collectors.toSet());
  }

  /**
   * Forgets all records in a folder; those that are in memory only too.
   *
   * @return whether their files are gone for good
   */
  boolean removeAll(Path folder) {
    Set<Path> paths = new HashSet<>(inMemory(folder));
    boolean removed = true;
    try {
      if (disk.attributes(folder).isPresent()) {
        paths.addAll(disk.list(folder));
      }
    } catch (IOException e) {
      log.warn("{} can't be listed, so its records stay: {}", folder, e.toString());
      removed = false;
    }
    for (Path path : paths) {
      removed &= remove(path);
    }
    return removed;
  }

  /**
   * Forgets a record. If its file can't be deleted, this process does not believe it any more.
   *
   * @return whether the file is gone for good
   */
  boolean remove(Path path) {
    ReentrantLock lock = locks.of(path);
    lock.lock();
    try {
      memory.put(path, Optional.empty());
      Path parent = path.getParent();
      if (disk.attributes(path).isPresent() && parent != null) {
        delete(path);
        disk.forceFolder(parent);
      }
      written(path);
      return true;
    } catch (IOException e) {
      undeletable.add(path);
      log.warn(
          "{} could not be removed, so the mirror ignores it from now on: {}", path, e.toString());
      return false;
    } finally {
      lock.unlock();
    }
  }
}
