package io.intrahub.cli.command;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Has SIGINT and SIGTERM interrupt the thread of a command, and keeps the process alive until the
 * command has closed what it opened. The JVM then ends with the status of the signal: 130 or 143.
 * For the thread that the signal interrupts.
 */
public final class StopSignal implements AutoCloseable {
  /** A mirror that doesn't close by then is killed, which its store survives. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread command = Thread.currentThread();
  private final Thread hook;

  /** Whether the command may be interrupted now. Guarded by this. */
  private boolean interrupts;

  /** Whether the signal has come. Guarded by this. */
  private boolean came;

  /** Begins to wait for a signal. The thread of the command is the present one. */
  public StopSignal() {
    hook = new Thread(this::stop, "stop");
    Runtime.getRuntime().addShutdownHook(hook);
  }

  private void stop() {
    come();
    try {
      var _ = closed.await(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /** The signal is here. */
  synchronized void come() {
    came = true;
    if (interrupts) {
      command.interrupt();
    }
  }

  /**
   * Says whether the signal may interrupt the command. One that came while it might not interrupts
   * as soon as it may. Afterwards no interrupt is left, so that what is closed then is closed in
   * order.
   */
  public synchronized void interrupts(boolean now) {
    interrupts = now;
    if (came && now) {
      command.interrupt();
    } else if (came) {
      var _ = Thread.interrupted();
    }
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
