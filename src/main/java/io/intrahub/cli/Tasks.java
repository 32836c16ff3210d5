package io.intrahub.cli;

import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A virtual thread per task, and the number of tasks under way: what goes on behind the clients'
 * backs (fills, listings, refreshes) can be waited for. Safe for use by many threads.
 */
final class Tasks implements Executor, AutoCloseable {
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
    } catch (RuntimeException e) {
      running.decrementAndGet();
      throw e;
    }
  }

  int running() {
    return running.get();
  }

  /** Interrupts what runs and takes nothing more; does not wait. */
  @Override
  public void close() {
    threads.shutdownNow();
  }
}
