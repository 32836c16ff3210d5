package io.intrahub.store.fs.space;

import io.intrahub.policy.EvictionOrder;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives up what the store can do without when it is full. One thread at a time; others who need
 * room wait for it and then look again, for it may have made enough for all.
 *
 * <p>Lock order: this one's lock, then the stripe of one blob. So nobody who holds a stripe may ask
 * for room. Hits take neither.
 */
public final class Evictor {
  private static final Logger log = LoggerFactory.getLogger(Evictor.class);

  /** Some of the chosen come into use before their turn; then others are chosen. */
  private static final int ROUNDS = 3;

  private final Clock clock;
  private final List<Evictable> owners = new CopyOnWriteArrayList<>();

  /** Held during an eviction, so that there is one at a time. */
  private final ReentrantLock lock = new ReentrantLock();

  private final AtomicLong evictedBlobs = new AtomicLong();
  private final AtomicLong evictedBytes = new AtomicLong();

  /** Set once: nothing is removed after the store's lock is gone. */
  private volatile boolean closed;

  public Evictor(Clock clock) {
    this.clock = clock;
  }

  /** How many bytes must become free now; 0 or less: none. */
  public interface Need {
    long bytes() throws IOException;
  }

  /** Is told what goes. */
  public interface Listener {
    /**
     * An item was removed.
     *
     * @param freed in bytes
     */
    void evicted(EvictionOrder.Candidate<Evictable.Item> item, long freed);
  }

  /** Includes these items in evictions and in {@link #bytes} from now on. */
  public void add(Evictable owner) {
    owners.add(owner);
  }

  /** What all that could be evicted takes, in bytes, in use or not. */
  long bytes() {
    long bytes = 0;
    for (Evictable owner : owners) {
      bytes += owner.bytes();
    }
    return bytes;
  }

  public long evictedBlobs() {
    return evictedBlobs.get();
  }

  public long evictedBytes() {
    return evictedBytes.get();
  }

  public boolean closed() {
    return closed;
  }

  /** Lets an eviction under way come to its end; then there are no more. */
  public void close() {
    // Said before the lock is free, so that the one under way hears it.
    closed = true;
    lock.lock();
    try {
      owners.clear();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Evicts as much as is needed, if there is so much. A blob that can't be removed is logged and
   * stays.
   *
   * @param need asked when it is this thread's turn, and again when some could not be removed
   * @return the bytes that were freed
   * @throws IOException when the need is not known, or the thread was interrupted while it waited
   */
  long free(Need need) throws IOException {
    return free(need, (_, _) -> {});
  }

  /**
   * As {@link #free(Need)}.
   *
   * @param listener called by this thread, which holds the evictor's lock
   */
  public long free(Need need, Listener listener) throws IOException {
    return free(owners, need, listener);
  }

  /** As {@link #free(Need)}, but only from some of what could go. */
  public long free(List<Evictable> from, Need need) throws IOException {
    return free(from, need, (_, _) -> {});
  }

  /**
   * Returns what an eviction would remove now, in the order in which it would.
   *
   * @throws IOException when the need is not known, or the thread was interrupted while it waited
   */
  public List<EvictionOrder.Candidate<Evictable.Item>> plan(Need need) throws IOException {
    lock();
    try {
      return victims(owners, need.bytes());
    } finally {
      lock.unlock();
    }
  }

  private void lock() throws InterruptedIOException {
    try {
      lock.lockInterruptibly();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while waiting for space in the store");
    }
  }

  private long free(List<Evictable> from, Need need, Listener listener) throws IOException {
    lock();
    try {
      long freed = 0;
      for (int round = 0; round < ROUNDS && !closed; round++) {
        long wanted = need.bytes();
        if (wanted <= 0) {
          break;
        }
        long got = evict(from, wanted, listener);
        freed += got;
        // Asked for again only if victims refused: a disk that shows no room though files went
        // away will not show more when the rest is gone too.
        if (got == 0 || got >= wanted) {
          break;
        }
      }
      return freed;
    } finally {
      lock.unlock();
    }
  }

  private List<EvictionOrder.Candidate<Evictable.Item>> victims(List<Evictable> from, long wanted) {
    if (wanted <= 0) {
      return List.of();
    }
    List<EvictionOrder.Candidate<Evictable.Item>> candidates = new ArrayList<>();
    for (Evictable owner : from) {
      owner.candidates(clock.instant(), candidates);
    }
    return EvictionOrder.victims(candidates, wanted, clock.instant().getEpochSecond());
  }

  private long evict(List<Evictable> from, long wanted, Listener listener) {
    long bytes = 0;
    int count = 0;
    int superseded = 0;
    for (EvictionOrder.Candidate<Evictable.Item> victim : victims(from, wanted)) {
      long freed = closed ? 0 : remove(victim);
      if (freed > 0) {
        bytes += freed;
        count++;
        superseded += victim.superseded() ? 1 : 0;
        listener.evicted(victim, freed);
      }
    }
    if (count > 0) {
      log.info(
          "{} bytes were needed: evicted {} files of {} bytes, {} of them superseded",
          wanted,
          count,
          bytes,
          superseded);
    }
    return bytes;
  }

  private long remove(EvictionOrder.Candidate<Evictable.Item> victim) {
    Evictable.Item item = victim.key();
    try {
      long freed = item.evict();
      if (freed > 0) {
        boolean blob =
            victim.kind() == EvictionOrder.Kind.PUBLISHED
                || victim.kind() == EvictionOrder.Kind.PIECES;
        evictedBlobs.addAndGet(blob ? 1 : 0);
        evictedBytes.addAndGet(freed);
      }
      return freed;
    } catch (IOException e) {
      log.warn("{} could not be evicted: {}", item, e.toString());
      return 0;
    }
  }
}
