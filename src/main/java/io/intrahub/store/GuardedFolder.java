package io.intrahub.store;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A folder that may be on a share whose server does not answer, so that a call of it never returns:
 * Java can't interrupt a thread that waits for a disk. So the calls are made by threads of the
 * folder's own, and who needs a result waits for a limited time. They are platform threads because
 * a virtual thread that waits for a disk holds its carrier.
 *
 * <p>A folder with a call that is late <i>hangs</i>: it counts as not mounted until the call
 * returns. Now and then it is probed, with what somebody wanted to know of it: after an answer, the
 * late calls are given up. So a share that was unmounted by force and mounted again comes back,
 * though the calls of the old one never return.
 *
 * <p>Safe for use by many threads.
 */
public final class GuardedFolder {
  private static final Logger log = LoggerFactory.getLogger(GuardedFolder.class);

  /** Calls of each kind that are made at once. */
  private static final int AT_ONCE = 8;

  /** Threads that may be blocked. A folder with more is not probed any more. */
  private static final int MOST_BLOCKED = 64;

  /** In seconds. */
  private static final int IDLE = 10;

  /** What reading a part of a file may take, in terms of the usual limit. */
  private static final int READING = 2;

  /** When a folder that hangs is first probed, in terms of the usual limit; then twice as late. */
  private static final int PROBING = 15;

  /** An hour, with the usual limit. */
  private static final int MOST_PROBING = 1_800;

  private final Path path;
  private final long limitNanos;
  private final LongSupplier nanos;
  private final ThreadPoolExecutor threads;
  private final Map<Kind, WorkLane> lanes = new EnumMap<>(Kind.class);
  private final Set<Attempt<?>> underWay = ConcurrentHashMap.newKeySet();
  private final Set<Attempt<?>> givenUp = ConcurrentHashMap.newKeySet();
  private final AtomicBoolean hung = new AtomicBoolean();

  // Guarded by this.
  private long probeAt;
  private long pause;

  /** What a call is for. No kind waits for another. */
  private enum Kind {
    LOOK,
    LIST,
    READ,
    VERIFY_SMALL,
    VERIFY_LARGE,
    PROBE
  }

  /** A folder whose looks may take two seconds. */
  public GuardedFolder(Path path) {
    this(path, Duration.ofSeconds(2));
  }

  /**
   * A folder. It need not be there.
   *
   * @param limit how long a look may take
   */
  public GuardedFolder(Path path, Duration limit) {
    this(path, limit, System::nanoTime);
  }

  /** The same, with a clock. */
  GuardedFolder(Path path, Duration limit, LongSupplier nanos) {
    this.nanos = nanos;
    this.path = path.toAbsolutePath().normalize();
    this.limitNanos = limit.toNanos();
    this.pause = PROBING * limitNanos;
    this.threads =
        new ThreadPoolExecutor(
            0,
            Integer.MAX_VALUE,
            IDLE,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            Thread.ofPlatform().daemon().name("seed-", 0).factory());
    for (Kind kind : Kind.values()) {
      lanes.put(kind, new WorkLane(kind == Kind.PROBE ? MOST_BLOCKED : AT_ONCE, threads));
    }
  }

  /** Where it is, absolute. */
  public Path path() {
    return path;
  }

  /** Reads something small. */
  public interface Look<T> {
    /** Empty: it is not there. */
    Optional<T> now() throws IOException;
  }

  /** Reads much, part by part. */
  public interface LongRead<T> {
    /**
     * Reads it.
     *
     * @param goesOn to be called after each part
     */
    T now(Runnable goesOn) throws IOException;
  }

  /**
   * Looks at something in the folder.
   *
   * @param look may go on after this has returned
   * @return empty also if the folder hangs, or the thread is interrupted
   * @throws IOException if the look fails
   */
  public <T> Optional<T> look(Look<T> look) throws IOException {
    return await(new Attempt<>(Kind.LOOK, limitNanos, _ -> look.now()));
  }

  /**
   * The same for what takes longer, such as reading a large folder, part by part. Waits for its
   * turn as long as the folder does not hang, and ends when nobody waits for it any more.
   */
  public <T> Optional<T> lookLong(LongRead<Optional<T>> look) throws IOException {
    return await(new Attempt<>(Kind.LIST, READING * limitNanos, look));
  }

  /**
   * Reads a part of a file, which may take twice the usual limit. Waits for its turn as long as the
   * folder does not hang.
   *
   * @param read may go on after this has returned
   * @return empty also if the folder hangs, or the thread is interrupted
   * @throws IOException if the read fails
   */
  public <T> Optional<T> read(Look<T> read) throws IOException {
    return await(new Attempt<>(Kind.READ, READING * limitNanos, _ -> read.now()));
  }

  /**
   * Reads much, such as a whole file, when it is its turn.
   *
   * @param small whether its turn does not come after that of large ones
   * @param read each part may take twice the usual limit
   * @return fails if the read fails, or is given up because the folder hangs
   */
  public <T> CompletableFuture<T> readLong(boolean small, LongRead<T> read) {
    Attempt<T> attempt =
        new Attempt<>(small ? Kind.VERIFY_SMALL : Kind.VERIFY_LARGE, READING * limitNanos, read);
    attempt.lane().submit(attempt);
    return attempt.result;
  }

  /** Does what nobody waits for, such as closing a file. */
  public void later(Runnable task) {
    Attempt<Boolean> attempt =
        new Attempt<>(
            Kind.READ,
            READING * limitNanos,
            _ -> {
              task.run();
              return true;
            });
    attempt.lane().submit(attempt);
  }

  /** Whether a call is late, so that the folder counts as not mounted. */
  public boolean hangs() {
    long now = nanos.getAsLong();
    boolean late = underWay.stream().anyMatch(attempt -> attempt.isLate(now));
    if (late && hung.compareAndSet(false, true)) {
      synchronized (this) {
        probeAt = now + pause;
      }
      log.warn("{} (store.seeds) does not answer, and counts as not mounted until it does", path);
    } else if (!late && hung.compareAndSet(true, false)) {
      log.info("{} (store.seeds) answers again", path);
    }
    return late;
  }

  private <T> Optional<T> await(Attempt<Optional<T>> attempt) throws IOException {
    if (hangs()) {
      if (attempt.kind == Kind.LOOK || attempt.kind == Kind.LIST) {
        // A read of an open file would say nothing: it may be closed by now.
        probe(attempt.work);
      }
      return Optional.empty();
    }
    attempt.lane().submit(attempt);
    long queuedUntil = nanos.getAsLong() + limitNanos;
    try {
      while (true) {
        try {
          return attempt.result.get(attempt.patience(queuedUntil), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
          if (hangs() || attempt.isOverdue(queuedUntil)) {
            attempt.abandon();
            return Optional.empty();
          }
        }
      }
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException why) {
        throw new IOException(why.toString(), why);
      }
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      attempt.abandon();
      return Optional.empty();
    }
  }

  /** Asks a folder that hangs, if it is time to. Nobody waits for the answer. */
  private <T> void probe(LongRead<T> look) {
    if (!isProbeDue()) {
      return;
    }
    Attempt<T> probe = new Attempt<>(Kind.PROBE, limitNanos, look);
    var _ =
        probe.result.whenComplete((_, _) -> {
          // An error is an answer too.
          if (!probe.wasLate) {
            giveUpLate();
          }
        });
    probe.lane().submit(probe);
  }

  private synchronized boolean isProbeDue() {
    long now = nanos.getAsLong();
    if (now - probeAt < 0 || underWay.size() + givenUp.size() >= MOST_BLOCKED) {
      return false;
    }
    pause = Math.min(2 * pause, MOST_PROBING * limitNanos);
    probeAt = now + pause;
    return true;
  }

  private void giveUpLate() {
    long now = nanos.getAsLong();
    List<Attempt<?>> late = underWay.stream().filter(attempt -> attempt.isLate(now)).toList();
    late.forEach(Attempt::giveUp);
    if (givenUp.isEmpty()) {
      synchronized (this) {
        pause = PROBING * limitNanos;
      }
    }
    var _ = hangs();
  }

  /** A call by a thread of the folder. */
  private final class Attempt<T> implements WorkLane.Task {
    private final Kind kind;
    private final long limit;
    private final LongRead<T> work;
    private final CompletableFuture<T> result = new CompletableFuture<>();
    private volatile boolean begun;
    private volatile boolean done;
    private volatile boolean wasLate;
    private volatile boolean abandoned;
    private volatile long end;

    Attempt(Kind kind, long limit, LongRead<T> work) {
      this.kind = kind;
      this.limit = limit;
      this.work = work;
    }

    WorkLane lane() {
      return Objects.requireNonNull(lanes.get(kind));
    }

    @Override
    public void begins() {
      goOn();
      begun = true;
      underWay.add(this);
    }

    private void partDone() {
      if (abandoned) {
        throw new CancellationException("nobody waits for it any more");
      }
      goOn();
    }

    private void goOn() {
      end = nanos.getAsLong() + limit;
    }

    @Override
    public void run() {
      try {
        T found = work.now(this::partDone);
        returned();
        result.complete(found);
      } catch (IOException | RuntimeException | Error e) {
        returned();
        result.completeExceptionally(e);
      }
    }

    @Override
    public void refused(Throwable why) {
      returned();
      // It says nothing of the folder.
      wasLate = true;
      result.completeExceptionally(new IOException("there is no thread to read it", why));
    }

    private void returned() {
      wasLate = isLate(nanos.getAsLong());
      done = true;
      underWay.remove(this);
      givenUp.remove(this);
      lane().leave(this);
    }

    /** Nobody waits for it any more: it does not begin, or ends after the part under way. */
    void abandon() {
      abandoned = true;
      lane().withdraw(this);
    }

    /** Its thread goes on, but counts no more. */
    void giveUp() {
      givenUp.add(this);
      if (done) {
        givenUp.remove(this);
      }
      underWay.remove(this);
      lane().leave(this);
      result.completeExceptionally(
          new SeedBlobs.InterruptedSeedException(path + " did not answer"));
    }

    boolean isLate(long now) {
      return now - end >= 0;
    }

    /** How long to wait before it is looked at again. */
    long patience(long queuedUntil) {
      long now = nanos.getAsLong();
      if (begun) {
        return Math.max(1, end - now);
      }
      return queuedUntil - now > 0 ? queuedUntil - now : limitNanos;
    }

    /** Whether it makes no sense to wait on. */
    boolean isOverdue(long queuedUntil) {
      long now = nanos.getAsLong();
      return begun ? isLate(now) : kind == Kind.LOOK && now - queuedUntil >= 0;
    }
  }
}
