package io.intrahub.audit;

import ch.qos.logback.core.AsyncAppenderBase;
import ch.qos.logback.core.ContextBase;
import ch.qos.logback.core.rolling.FixedWindowRollingPolicy;
import ch.qos.logback.core.rolling.SizeBasedTriggeringPolicy;
import ch.qos.logback.core.status.Status;
import ch.qos.logback.core.status.StatusListener;
import ch.qos.logback.core.util.Duration;
import ch.qos.logback.core.util.FileSize;
import io.intrahub.access.local.AccessRules;
import io.intrahub.http.RequestListener;
import io.intrahub.metrics.Meters;
import java.io.IOException;
import java.time.Clock;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes one line of JSON for each answered request to a file that is rotated and compressed. A
 * thread of its own encodes and writes; a request only joins a bounded queue, and is counted as
 * dropped if the queue is full. Safe for use by many threads.
 */
public final class AuditLog implements RequestListener, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(AuditLog.class);

  /** Events that may wait: about a second of a busy mirror, while an older file is compressed. */
  static final int QUEUE = 16_384;

  /** How often the size of the file is looked at, in milliseconds. */
  private static final long LOOK_MILLIS = 20;

  private static final int CLOSE_MILLIS = 2_000;

  private final Clock clock;
  private final Meters meters;
  private final Semaphore free = new Semaphore(QUEUE);
  private final AsyncAppenderBase<AuditEvent> queue = new AsyncAppenderBase<>();

  private AuditLog(Clock clock, Meters meters) {
    this.clock = clock;
    this.meters = meters;
  }

  /**
   * Opens the file and starts the thread that writes.
   *
   * @param rules the operator's rules; empty if each client's own token counts
   * @throws IOException if the file can't be written, with a message for the operator
   */
  public static AuditLog open(
      AuditSettings settings, Optional<AccessRules> rules, Clock clock, Meters meters)
      throws IOException {
    AuditLog made = new AuditLog(clock, meters);
    AuditFile file = new AuditFile(made::done);
    made.start(file, settings, rules);
    return made;
  }

  private void start(AuditFile file, AuditSettings settings, Optional<AccessRules> rules)
      throws IOException {
    ContextBase context = new ContextBase();
    context.getStatusManager().add((StatusListener) AuditLog::report);
    String name = settings.file().toAbsolutePath().normalize().toString();
    if (name.indexOf('%') >= 0 || name.indexOf('\\') >= 0) {
      // The library takes them for conversion words and escapes, and would fail at each rotation.
      throw cannotWrite(name + ", because its path has a percent sign or a backslash", null);
    }
    FixedWindowRollingPolicy rotation = new Rotation(settings.keep());
    rotation.setContext(context);
    rotation.setParent(file);
    rotation.setFileNamePattern(name + ".%i.gz");
    rotation.setMinIndex(1);
    rotation.setMaxIndex(settings.keep());
    SizeBasedTriggeringPolicy<AuditEvent> size = new SizeBasedTriggeringPolicy<>();
    size.setContext(context);
    size.setMaxFileSize(new FileSize(settings.maxBytes()));
    size.setCheckIncrement(Duration.buildByMilliseconds(LOOK_MILLIS));
    AuditEncoder encoder = new AuditEncoder(rules);
    encoder.setContext(context);
    file.setContext(context);
    file.setName("audit");
    file.setFile(name);
    file.setEncoder(encoder);
    file.setRollingPolicy(rotation);
    file.setTriggeringPolicy(size);
    queue.setContext(context);
    queue.setName("audit-queue");
    queue.setQueueSize(QUEUE);
    queue.setNeverBlock(true);
    queue.setDiscardingThreshold(0);
    queue.setMaxFlushTime(CLOSE_MILLIS);
    queue.addAppender(file);
    try {
      rotation.start();
      size.start();
      encoder.start();
      file.start();
    } catch (RuntimeException e) {
      throw cannotWrite(name, e);
    }
    if (!file.isStarted()) {
      throw cannotWrite(name, null);
    }
    queue.start();
  }

  /** Tells the operator that, for example, an older file could not be compressed. */
  private static void report(Status status) {
    if (status.getEffectiveLevel() >= Status.WARN) {
      log.warn("Audit log: {}", status.getMessage(), status.getThrowable());
    }
  }

  private static IOException cannotWrite(String name, @Nullable Exception cause) {
    return new IOException(
        "Can't write the audit log "
            + name
            + ". Name a file that this process may write with audit.file, or remove the option.",
        cause);
  }

  @Override
  public void answered(Request request) {
    if (!free.tryAcquire()) {
      meters.auditDropped();
      return;
    }
    queue.doAppend(new AuditEvent(clock.instant(), request));
  }

  private void done(boolean written) {
    free.release();
    if (!written) {
      meters.auditDropped();
    }
  }

  /** Writes what waits, for two seconds at most, and closes the file. */
  @Override
  public void close() {
    queue.stop();
  }

  /** The library allows 20 files by default. */
  private static final class Rotation extends FixedWindowRollingPolicy {
    private final int keep;

    Rotation(int keep) {
      this.keep = keep;
    }

    @Override
    protected int getMaxWindowSize() {
      return keep;
    }
  }
}
