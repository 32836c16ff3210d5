package io.intrahub.store.fs;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Small files, one record each, and a bounded memory of them. A file is replaced in one step and
 * survives a power cut; what can't be written is kept in memory only and logged. Safe for use by
 * many threads.
 */
final class Records {
  private static final Logger log = LoggerFactory.getLogger(Records.class);
  private static final long MEMORY_BYTES = 16L << 20;

  /** A larger one is read from its file each time, so that it can't push all others out. */
  private static final int MAX_REMEMBERED = 1 << 20;

  /** No honest record is as large. */
  private static final long MAX_FILE = 256L << 20;

  private final Disk disk;
  private final Replacer replacer;
  private final Clock clock;

  /** A path's stripe guards its file; and the memory of it changes only under the stripe. */
  private final Stripes stripes = new Stripes();

  /** What the files hold; an empty value: no file. */
  private final Cache<Path, Optional<StoredRecord>> memory =
      Caffeine.newBuilder()
          .maximumWeight(MEMORY_BYTES)
          .weigher((Path path, Optional<StoredRecord> r) -> 512 + r.map(Records::size).orElse(0))
          .build();

  /**
   * Files that had to go and could not be deleted: they count as absent until they are replaced.
   * There are no more of them than files.
   */
  private final Set<Path> undeletable = ConcurrentHashMap.newKeySet();

  Records(Disk disk, Replacer replacer, Clock clock) {
    this.disk = disk;
    this.replacer = replacer;
    this.clock = clock;
  }

  private static int size(StoredRecord record) {
    return record.value().length;
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
    ReentrantLock lock = stripes.of(path);
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
    remember(path, loaded);
    return loaded;
  }

  private void remember(Path path, Optional<StoredRecord> record) {
    if (record.isPresent() && size(record.get()) > MAX_REMEMBERED) {
      memory.invalidate(path);
    } else {
      memory.put(path, record);
    }
  }

  private Optional<StoredRecord> load(Path path, boolean locked) {
    try {
      Optional<Disk.Facts> facts = disk.facts(path);
      if (facts.isEmpty()) {
        return Optional.empty();
      }
      Optional<StoredRecord> record = Optional.empty();
      if (facts.get().regular() && facts.get().size() <= MAX_FILE) {
        try (Disk.File file = disk.open(path)) {
          record = StoredRecord.decode(FileIo.readFully(file, 0, (int) file.size()).array());
        }
      }
      if (record.isEmpty() && locked) {
        log.warn("{} is damaged and is removed", path);
        disk.delete(path);
      }
      return record;
    } catch (NoSuchFileException e) {
      // Removed between two looks.
      return Optional.empty();
    } catch (IOException e) {
      log.warn("{} counts as absent: {}", path, e.toString());
      return Optional.empty();
    }
  }

  /** Keeps a record, unless a younger one about the same subject is there. */
  void put(Path path, StoredRecord record) {
    ReentrantLock lock = stripes.of(path);
    lock.lock();
    try {
      Optional<StoredRecord> old = undeletable.contains(path) ? Optional.empty() : current(path);
      if (old.filter(o -> o.subject().equals(record.subject()) && isYounger(o, record))
          .isPresent()) {
        return;
      }
      remember(path, Optional.of(record));
      ByteBuffer content = ByteBuffer.wrap(record.encode());
      replacer.replace(path, file -> FileIo.writeFully(file, content));
      undeletable.remove(path);
    } catch (IOException e) {
      log.warn("{} could not be written and is kept in memory only: {}", path, e.toString());
    } finally {
      lock.unlock();
    }
  }

  /**
   * A record from the future was written before the clock was set back. It must not keep all others
   * out until the clock comes there again.
   */
  private boolean isYounger(StoredRecord old, StoredRecord record) {
    return old.learnedAt().isAfter(record.learnedAt()) && !old.learnedAt().isAfter(clock.instant());
  }

  /** Forgets a record. If its file can't be deleted, it is not believed any more. */
  void remove(Path path) {
    ReentrantLock lock = stripes.of(path);
    lock.lock();
    try {
      memory.put(path, Optional.empty());
      Path parent = path.getParent();
      if (disk.facts(path).isPresent() && parent != null) {
        disk.delete(path);
        disk.forceFolder(parent);
      }
    } catch (IOException e) {
      undeletable.add(path);
      log.warn("{} could not be removed and is not believed any more: {}", path, e.toString());
    } finally {
      lock.unlock();
    }
  }
}
