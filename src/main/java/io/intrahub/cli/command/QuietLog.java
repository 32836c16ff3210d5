package io.intrahub.cli.command;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * While it is open, the mirror or store of a command logs warnings only, so that the command's own
 * output stays readable. For one thread.
 */
public final class QuietLog implements AutoCloseable {
  private final Logger log = (Logger) LoggerFactory.getLogger("io.intrahub");
  private final @Nullable Level before = log.getLevel();

  /** Logs warnings only, until it is closed. */
  public QuietLog() {
    log.setLevel(Level.WARN);
  }

  /** Logs as before. */
  @Override
  public void close() {
    log.setLevel(before);
  }
}
