package io.intrahub.cli;

import static org.awaitility.Awaitility.await;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class RepeatedTaskTest {
  @Test
  void a_task_that_throws_runs_again() {
    AtomicInteger runs = new AtomicInteger();
    try (ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor()) {
      var task =
          timer.scheduleWithFixedDelay(
              new RepeatedTask(
                  "fail",
                  () -> {
                    if (runs.incrementAndGet() == 1) {
                      throw new IllegalStateException("as scripted");
                    }
                    throw new AssertionError("as scripted");
                  }),
              0,
              1,
              TimeUnit.MILLISECONDS);
      await().until(() -> runs.get() >= 3);
      task.cancel(false);
    }
  }
}
