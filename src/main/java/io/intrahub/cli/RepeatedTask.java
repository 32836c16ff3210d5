package io.intrahub.cli;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A task that a timer runs again and again, whatever one run throws: a timer silently drops a task
 * that threw.
 *
 * @param name what it does, for the log
 */
record RepeatedTask(String name, Runnable work) implements Runnable {
  private static final Logger log = LoggerFactory.getLogger(RepeatedTask.class);

  @Override
  public void run() {
    try {
      work.run();
    } catch (RuntimeException | Error e) {
      log.error("The task \"{}\" failed this time and will run again", name, e);
    }
  }
}
