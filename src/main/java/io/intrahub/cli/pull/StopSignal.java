package io.intrahub.cli.pull;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Has SIGINT and SIGTERM interrupt the thread of a command, and keeps the process alive until the
 * command has closed what it opened. The JVM then ends with the status of the signal: 130 or 143.
 * For the thread that the signal interrupts.
 */
final class StopSignal implements AutoCloseable {
  /** A mirror that doesn't close by then is killed, which its store survives. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread hook;
  private volatile boolean interrupts;

  StopSignal() {
    Thread command = Thread.currentThread();
    hook = new Thread(() -> stop(command), "stop");
    Runtime.getRuntime().addShutdownHook(hook);
  }

  private void stop(Thread command) {
    if (interrupts) {
      command.interrupt();
    }
    try {
      var _ = closed.await(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /** From now on the signal interrupts the command; until then the process only waits for it. */
  void interrupts(boolean now) {
    interrupts = now;
  }

  /** The command has closed all. */
  @Override
  public void close() {
    closed.countDown();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException _) {
      // The process ends already.
    }
  }
}
