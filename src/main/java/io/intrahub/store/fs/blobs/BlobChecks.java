package io.intrahub.store.fs.blobs;

import io.intrahub.store.StoredBlob;
import io.intrahub.store.fs.disk.BlobKey;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.FileIo;
import io.intrahub.store.fs.disk.StoreLayout;
import io.intrahub.store.fs.disk.StripedLocks;
import java.io.IOException;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out whether published blobs are what their names say. A large blob is read once for all who
 * want to know, on a thread of its own, and few are read at a time; those that a client waits for
 * come first. Safe for use by many threads.
 */
public final class BlobChecks {
  private static final Logger log = LoggerFactory.getLogger(BlobChecks.class);

  /** Checks compete with clients for the disk. */
  private static final int AT_ONCE = 2;

  private final Disk disk;
  private final BlobIndex index;
  private final BlobPins pins;
  private final StripedLocks locks;
  private final Quarantine quarantine;
  private final Clock clock;
  private final Executor executor;

  /** Guards the fields up to {@code running}; never held over I/O. */
  private final ReentrantLock lock = new ReentrantLock();

  /** Checks that wait or run. */
  private final Map<Subject, Check> checks = new HashMap<>();

  private final Deque<Check> awaited = new ArrayDeque<>();
  private final Deque<Check> others = new ArrayDeque<>();

  /** Threads at work. */
  private int running;

  /** Set once: a check under way stops at its next buffer. */
  private volatile boolean closed;

  /**
   * No checks yet.
   *
   * @param executor a thread per task; a check occupies one for as long as the blob takes to read
   */
  public BlobChecks(
      Disk disk,
      BlobIndex index,
      BlobPins pins,
      StripedLocks locks,
      Quarantine quarantine,
      Clock clock,
      Executor executor) {
    this.disk = disk;
    this.index = index;
    this.pins = pins;
    this.locks = locks;
    this.quarantine = quarantine;
    this.clock = clock;
    this.executor = executor;
  }

  /**
   * One file.
   *
   * @param attributes by which it is told from another one of this name
   */
  public record Subject(StoreLayout.BlobPaths paths, Disk.Attributes attributes) {}

  /** A check of a large blob, which is pinned so that it is not evicted meanwhile. */
  private record Check(
      Subject subject, BlobPins.Pin pin, CompletableFuture<StoredBlob.Check> result) {}

  /** Ends all checks at their next buffer; those that wait fail. */
  public void close() {
    closed = true;
    failWaiting();
  }

  /**
   * Has a file read in the background, unless that is going on already.
   *
   * @param isAwaited whether a client waits for it
   * @return completed once a wrong file is out of the way
   */
  public CompletableFuture<StoredBlob.Check> begin(Subject subject, boolean isAwaited) {
    boolean starts = false;
    CompletableFuture<StoredBlob.Check> result;
    lock.lock();
    try {
      Check check = checks.get(subject);
      if (check == null) {
        Optional<BlobPins.Pin> pin = closed ? Optional.empty() : pins.pin(subject.paths().key());
        if (pin.isEmpty()) {
          return CompletableFuture.completedFuture(StoredBlob.Check.FAILED);
        }
        check = new Check(subject, pin.get(), new CompletableFuture<>());
        checks.put(subject, check);
        (isAwaited ? awaited : others).add(check);
        if (running < AT_ONCE) {
          running++;
          starts = true;
        }
      } else if (isAwaited && others.remove(check)) {
        awaited.add(check);
      }
      result = check.result();
    } finally {
      lock.unlock();
    }
    if (starts) {
      start();
    }
    return result;
  }

  private void start() {
    try {
      executor.execute(this::work);
    } catch (RuntimeException | Error e) {
      // Also when no thread could be made: a check that nobody runs would stay registered for ever,
      // with its clients and its pin.
      if (!closed) {
        log.warn("No thread could be started to check blobs: {}", e.toString());
      }
      boolean othersWork;
      lock.lock();
      try {
        running--;
        othersWork = running > 0;
      } finally {
        lock.unlock();
      }
      if (!othersWork) {
        failWaiting();
      }
    }
  }

  private void failWaiting() {
    for (Check check = take(); check != null; check = take()) {
      end(check, StoredBlob.Check.FAILED);
    }
  }

  private @Nullable Check take() {
    lock.lock();
    try {
      return awaited.isEmpty() ? others.poll() : awaited.poll();
    } finally {
      lock.unlock();
    }
  }

  /** The next one; null when this thread has nothing more to do. */
  private @Nullable Check takeOrStop() {
    lock.lock();
    try {
      Check next = awaited.isEmpty() ? others.poll() : awaited.poll();
      if (next == null) {
        running--;
      }
      return next;
    } finally {
      lock.unlock();
    }
  }

  private void work() {
    for (Check check = takeOrStop(); check != null; check = takeOrStop()) {
      StoredBlob.Check result = StoredBlob.Check.FAILED;
      try {
        result = run(check.subject());
      } catch (RuntimeException | Error e) {
        // Those that wait behind this one have no other thread.
        log.warn("{} can't be checked", check.subject().paths().blob(), e);
      }
      end(check, result);
    }
  }

  private void end(Check check, StoredBlob.Check result) {
    lock.lock();
    try {
      checks.remove(check.subject());
    } finally {
      lock.unlock();
    }
    check.pin().close();
    check.result().complete(result);
  }

  private StoredBlob.Check run(Subject subject) {
    try (Disk.File file = disk.open(subject.paths().blob())) {
      // Another file may have taken the name since its reader opened it.
      if (!disk.attributes(subject.paths().blob()).equals(Optional.of(subject.attributes()))) {
        return StoredBlob.Check.FAILED;
      }
      return check(subject, file) ? StoredBlob.Check.RIGHT : StoredBlob.Check.WRONG;
    } catch (IOException e) {
      log.warn("{} can't be checked: {}", subject.paths().blob(), e.toString());
      return StoredBlob.Check.FAILED;
    }
  }

  /**
   * Reads the whole file now, and moves it away when its content is not what its name says.
   *
   * @return whether the digest is right
   * @throws IOException when the file can't be read, or the store is closed
   */
  public boolean check(Subject subject, Disk.File file) throws IOException {
    BlobKey key = subject.paths().key();
    long size = subject.attributes().size();
    boolean right;
    try {
      right = DigestCheck.matches(file, size, key.digest(), () -> closed);
    } catch (IOException e) {
      unreadable(subject, e);
      throw e;
    }
    if (right) {
      index.judged(key, size, BlobIndex.Trust.VERIFIED, subject.attributes().modified());
    } else {
      damaged(subject.paths(), subject.attributes(), "its digest is wrong");
    }
    return right;
  }

  /**
   * A file could not be read to its end. It stays, since the error may pass and the Hub may be out
   * of reach. It is served only after a full check, and gives way to a new copy.
   */
  public void unreadable(Subject subject, IOException why) {
    if (!isStop(why)) {
      index.put(
          subject.paths().key(),
          subject.attributes().size(),
          BlobIndex.Trust.UNREADABLE,
          clock.instant());
    }
  }

  /**
   * Whether a check failed because its thread was interrupted or the store is closed, which says
   * nothing of the file.
   */
  public boolean isStop(IOException why) {
    return closed || FileIo.isStop(why);
  }

  /**
   * Moves a damaged blob away, unless another has taken its name meanwhile. One that can't be moved
   * counts as absent until a check finds it right.
   */
  public void damaged(StoreLayout.BlobPaths paths, Disk.Attributes seen, String why) {
    ReentrantLock stripe = locks.of(paths.key());
    stripe.lock();
    try {
      Optional<Disk.Attributes> now = disk.attributes(paths.blob());
      if (now.isEmpty() || !now.get().equals(seen)) {
        return;
      }
      if (quarantine.take(paths.blob(), why)) {
        index.remove(paths.key());
        index.fileRemoved(paths.key());
      } else {
        // It must not be served as it is, and gives way to a new copy.
        index.judged(paths.key(), seen.size(), BlobIndex.Trust.UNREADABLE, seen.modified());
      }
    } catch (IOException e) {
      log.warn(
          "{} is damaged ({}) and could not be moved to quarantine: {}",
          paths.blob(),
          why,
          e.toString());
    } finally {
      stripe.unlock();
    }
  }
}
