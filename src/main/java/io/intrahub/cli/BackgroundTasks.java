package io.intrahub.cli;

import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A virtual thread per task, and the number of tasks under way: what goes on behind the clients'
 * backs (transfers, listings, refreshes) can be waited for. Safe for use by many threads.
 */
final class BackgroundTasks implements Executor, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(BackgroundTasks.class);
  private static final int END_SECONDS = 5;

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final AtomicInteger running = new AtomicInteger();

  @Override
  public void execute(Runnable task) {
    // Counted before the thread runs: who has an answer sees what that answer set going.
    running.incrementAndGet();
    try {
      threads.execute(() -> {
        try {
          task.run();
        } finally {
          running.decrementAndGet();
        }
      });
    } catch (RuntimeException | Error e) {
      // Also when no thread could be made.
      running.decrementAndGet();
      throw e;
    }
  }

  int running() {
    return running.get();
  }

  /** Interrupts what runs, takes nothing more, and waits for the ends for a while. */
  @Override
  public void close() {
    threads.shutdownNow();
    try {
      // What still writes while the store closes would look as if the disk had failed.
      if (!threads.awaitTermination(END_SECONDS, TimeUnit.SECONDS)) {
        log.info("{} background tasks did not end within {} s", running(), END_SECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
