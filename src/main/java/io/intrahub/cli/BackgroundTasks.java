package io.intrahub.cli;

import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs background tasks (transfers, listings, refreshes), each on its own virtual thread, and
 * counts them, so that a caller can wait for their end. Safe for use by many threads.
 */
final class BackgroundTasks implements Executor, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(BackgroundTasks.class);
  private static final int END_SECONDS = 5;

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final AtomicInteger running = new AtomicInteger();

  @Override
  public void execute(Runnable task) {
    // Counted before the thread runs, so that after an answer its tasks are already counted.
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
      // Also if no thread could be started.
      running.decrementAndGet();
      throw e;
    }
  }

  int running() {
    return running.get();
  }

  /**
   * Interrupts all tasks, accepts no more, and waits up to {@value #END_SECONDS} s for their end.
   */
  @Override
  public void close() {
    threads.shutdownNow();
    try {
      // A task that writes while the store closes would look like a failing disk.
      if (!threads.awaitTermination(END_SECONDS, TimeUnit.SECONDS)) {
        log.info("{} background tasks did not end within {} s", running(), END_SECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
