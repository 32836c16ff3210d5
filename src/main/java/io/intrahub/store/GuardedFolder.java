package io.intrahub.store;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A folder that may be on a share whose server does not answer, so that a look at it never returns.
 * Looks are made by a few threads of the folder's own: they are platform threads because a virtual
 * thread that waits for a disk holds its carrier. A folder whose look is late counts as not mounted
 * until that look returns. Safe for use by many threads.
 */
public final class GuardedFolder {
  private static final Logger log = LoggerFactory.getLogger(GuardedFolder.class);

  private static final int THREADS = 8;

  /** In seconds. */
  private static final int IDLE = 10;

  private final Path path;
  private final long limitNanos;
  private final Semaphore free = new Semaphore(THREADS);
  private final Set<Attempt<?>> underWay = ConcurrentHashMap.newKeySet();
  private final ThreadPoolExecutor threads;

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
    this.path = path.toAbsolutePath().normalize();
    this.limitNanos = limit.toNanos();
    this.threads =
        new ThreadPoolExecutor(
            THREADS,
            THREADS,
            IDLE,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            Thread.ofPlatform().daemon().name("seed-", 0).factory());
    threads.allowCoreThreadTimeOut(true);
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

  /**
   * Looks at something in the folder.
   *
   * @param look may go on after this has returned
   * @return empty also if the folder does not answer, or the thread is interrupted
   * @throws IOException if the look fails
   */
  public <T> Optional<T> look(Look<T> look) throws IOException {
    return look(1, look);
  }

  /**
   * The same for what takes longer, such as reading a large folder.
   *
   * @param times how many times the usual limit it may take
   */
  public <T> Optional<T> look(int times, Look<T> look) throws IOException {
    if (isLate()) {
      return Optional.empty();
    }
    try {
      if (!free.tryAcquire(limitNanos, TimeUnit.NANOSECONDS)) {
        return Optional.empty();
      }
      long limit = limitNanos * times;
      Attempt<T> attempt = new Attempt<>(look, System.nanoTime() + limit);
      underWay.add(attempt);
      threads.execute(attempt);
      return attempt.result.get(limit, TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      log.warn("{} (store.seeds) does not answer, and counts as not mounted until it does", path);
      return Optional.empty();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException why) {
        throw new IOException(why.toString(), why);
      }
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }

  private boolean isLate() {
    long now = System.nanoTime();
    return underWay.stream().anyMatch(attempt -> now - attempt.end >= 0);
  }

  /** A look that a thread makes. */
  private final class Attempt<T> implements Runnable {
    private final Look<T> look;
    private final long end;
    private final CompletableFuture<Optional<T>> result = new CompletableFuture<>();

    Attempt(Look<T> look, long end) {
      this.look = look;
      this.end = end;
    }

    @Override
    public void run() {
      try {
        Optional<T> found = look.now();
        done();
        result.complete(found);
      } catch (IOException | RuntimeException | Error e) {
        done();
        result.completeExceptionally(e);
      }
    }

    private void done() {
      underWay.remove(this);
      free.release();
    }
  }
}
