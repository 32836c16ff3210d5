package io.intrahub.cli.pull;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Does the same with each item of a list, several at a time. An interrupt of the calling thread
 * interrupts all of them, and the call returns once they have ended.
 */
final class Workers {
  private Workers() {}

  /** What is done with one item. */
  interface Task<T> {
    /**
     * Does it.
     *
     * @param worker the number of the worker, from 0
     */
    void run(int worker, T item) throws Exception;
  }

  /**
   * Does it with all items, which are begun in their order.
   *
   * @throws ExecutionException with the first exception of a task; no further items are begun then
   */
  static <T> void each(int workers, List<T> items, Task<T> task)
      throws ExecutionException, InterruptedException {
    AtomicInteger next = new AtomicInteger();
    List<Callable<Void>> loops = new ArrayList<>();
    for (int i = 0; i < workers; i++) {
      int worker = i;
      loops.add(() -> {
        boolean ended = false;
        try {
          for (int at = next.getAndIncrement(); at < items.size(); at = next.getAndIncrement()) {
            task.run(worker, items.get(at));
          }
          ended = true;
          return null;
        } finally {
          if (!ended) {
            // Half of what an int can count: the others add to it before they look.
            next.set(Integer.MAX_VALUE / 2);
          }
        }
      });
    }
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Void> loop : threads.invokeAll(loops)) {
        loop.get();
      }
    }
  }
}
