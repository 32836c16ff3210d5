package io.intrahub.store.fs.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.intrahub.store.fs.TestDisk;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderSyncTest {
  @TempDir Path folder;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private GatedDisk disk;
  private FolderSync sync;

  @BeforeEach
  void start() {
    disk = new GatedDisk(folder);
    sync = new FolderSync(disk);
  }

  @AfterEach
  void stop() {
    disk.gate.release(1_000_000);
    threads.close();
  }

  /** A disk on which an fsync of a folder ends when the test lets it. */
  private static final class GatedDisk extends TestDisk {
    final Semaphore gate = new Semaphore(0);
    final AtomicInteger begun = new AtomicInteger();
    final AtomicInteger ended = new AtomicInteger();
    volatile boolean broken;

    GatedDisk(Path root) {
      super(root);
    }

    @Override
    public void forceFolder(Path folder) throws IOException {
      begun.incrementAndGet();
      try {
        gate.acquire();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new ClosedByInterruptException();
      }
      ended.incrementAndGet();
      if (broken) {
        throw new IOException("made up");
      }
    }
  }

  private Future<Boolean> begin() {
    return threads.submit(() -> {
      sync.sync(folder);
      return true;
    });
  }

  /** Threads that have called and wait for the call of another. */
  private List<Future<Boolean>> beginAndWait(int count) {
    AtomicInteger called = new AtomicInteger();
    List<Thread> started = new ArrayList<>();
    List<Future<Boolean>> all = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      all.add(
          threads.submit(() -> {
            synchronized (started) {
              started.add(Thread.currentThread());
            }
            called.incrementAndGet();
            sync.sync(folder);
            return true;
          }));
    }
    await().until(() -> called.get() == count);
    await()
        .until(() -> {
          synchronized (started) {
            return started.stream().allMatch(t -> t.getState() == Thread.State.WAITING);
          }
        });
    return all;
  }

  @Test
  void those_who_come_during_an_fsync_share_the_next_one() throws Exception {
    Future<Boolean> first = begin();
    await().until(() -> disk.begun.get() == 1);
    List<Future<Boolean>> others = beginAndWait(20);
    disk.gate.release();
    assertThat(first.get()).isTrue();
    await().until(() -> disk.begun.get() == 2);
    assertThat(others).noneMatch(Future::isDone);
    disk.gate.release();
    for (Future<Boolean> other : others) {
      assertThat(other.get()).isTrue();
    }
    assertThat(disk.ended).hasValue(2);
  }

  @Test
  void a_failure_is_that_of_all_who_shared_the_call_and_of_nobody_else() throws Exception {
    Future<Boolean> first = begin();
    await().until(() -> disk.begun.get() == 1);
    List<Future<Boolean>> others = beginAndWait(3);
    disk.gate.release();
    assertThat(first.get()).isTrue();
    await().until(() -> disk.begun.get() == 2);
    disk.broken = true;
    disk.gate.release();
    for (Future<Boolean> other : others) {
      assertThatThrownBy(other::get)
          .isInstanceOf(ExecutionException.class)
          .hasCauseInstanceOf(IOException.class);
    }
    disk.broken = false;
    disk.gate.release();
    assertThat(begin().get()).isTrue();
  }

  @Test
  void an_interrupted_thread_takes_nobody_with_it() throws Exception {
    Future<Boolean> first = begin();
    await().until(() -> disk.begun.get() == 1);
    List<Future<Boolean>> second = beginAndWait(1);
    List<Future<Boolean>> others = beginAndWait(5);
    disk.gate.release();
    assertThat(first.get()).isTrue();
    await().until(() -> disk.begun.get() == 2);
    second.getFirst().cancel(true);
    await().until(() -> disk.begun.get() == 3);
    disk.gate.release(2);
    for (Future<Boolean> other : others) {
      assertThat(other.get()).isTrue();
    }
  }

  @Test
  void nobody_returns_before_an_fsync_that_began_after_the_call_has_ended() throws Exception {
    disk.gate.release(1_000_000);
    AtomicLong late = new AtomicLong();
    Callable<Boolean> caller =
        () -> {
          for (int i = 0; i < 2_000; i++) {
            int begunBefore = disk.begun.get();
            sync.sync(folder);
            // Calls of one folder follow each other, so the number of the last one that began
            // before is also that of those which may not count.
            if (disk.ended.get() <= begunBefore) {
              late.incrementAndGet();
            }
          }
          return true;
        };
    for (Future<Boolean> done : threads.invokeAll(List.of(caller, caller, caller, caller))) {
      assertThat(done.get()).isTrue();
    }
    assertThat(late).hasValue(0);
  }
}
