package io.intrahub.store;

import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Limits how many tasks of one kind run at once; the others are queued. A task that hangs can be
 * made to leave, though its thread goes on. Safe for use by many threads.
 */
final class WorkLane {
  private final int atOnce;
  private final Executor threads;
  private final ReentrantLock lock = new ReentrantLock();

  // Guarded by lock.
  private final Set<Task> running = Collections.newSetFromMap(new IdentityHashMap<>());
  private final Deque<Task> queue = new ArrayDeque<>();

  /** What runs in a lane. Calls {@link #leave} when it has ended. */
  interface Task extends Runnable {
    /** Called once, before it runs. */
    void begins();

    /** Called instead of its run if there is no thread for it. */
    void refused(Throwable why);
  }

  /** An empty lane. */
  WorkLane(int atOnce, Executor threads) {
    this.atOnce = atOnce;
    this.threads = threads;
  }

  /** Runs a task, now or when it is its turn. */
  void submit(Task task) {
    lock.lock();
    try {
      if (running.size() >= atOnce) {
        queue.add(task);
        return;
      }
      running.add(task);
    } finally {
      lock.unlock();
    }
    start(task);
  }

  private void start(Task task) {
    task.begins();
    try {
      threads.execute(task);
    } catch (RuntimeException | Error e) {
      // The system has no thread left.
      leave(task);
      task.refused(e);
    }
  }

  /** Nobody wants a task any more. One that runs goes on. */
  void withdraw(Task task) {
    lock.lock();
    try {
      queue.remove(task);
    } finally {
      lock.unlock();
    }
  }

  /** Another task may run in place of this one. Does nothing the second time. */
  void leave(Task task) {
    Optional<Task> next = Optional.empty();
    lock.lock();
    try {
      if (running.remove(task)) {
        next = Optional.ofNullable(queue.poll());
        next.ifPresent(running::add);
      }
    } finally {
      lock.unlock();
    }
    next.ifPresent(this::start);
  }
}
