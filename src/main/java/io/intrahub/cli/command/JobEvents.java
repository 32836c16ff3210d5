package io.intrahub.cli.command;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a job tells the command that asked for it: one JSON object a line. What can't be written
 * throws {@link UncheckedIOException}, which stops the job. Closed before the answer ends: the
 * stream then belongs to another request. Safe for use by many threads.
 */
public final class JobEvents implements ReportOutput, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(JobEvents.class);

  static final String STOPPED = "stopped";
  static final String CODE = "code";
  static final String LINE = "line";
  static final String ERROR = "error";
  static final String PROGRESS = "progress";
  static final String RESULT = "result";
  static final String COMPLETE = "complete";
  static final String LAST = "last";

  private final OutputStream to;
  private final BooleanSupplier stopping;

  /** Whether nothing more may be written. Guarded by this. */
  private boolean closed;

  /**
   * Tells a command.
   *
   * @param stopping whether the mirror is being stopped
   */
  public JobEvents(OutputStream to, BooleanSupplier stopping) {
    this.to = to;
    this.stopping = stopping;
  }

  private synchronized void write(String text) {
    try {
      if (closed) {
        throw new IOException("the answer has ended");
      }
      to.write((text + "\n").getBytes(StandardCharsets.UTF_8));
      to.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void write(String kind, String text) {
    write(JsonMapper.shared().createObjectNode().put(kind, text).toString());
  }

  /**
   * Shows that the job goes on, and finds out whether the command still waits for it.
   *
   * @throws UncheckedIOException also if the mirror is being stopped
   */
  public void beat() {
    if (stopping.getAsBoolean()) {
      throw new UncheckedIOException(new IOException("the mirror is being stopped"));
    }
    write("");
  }

  /**
   * Writes something, so that the connection stays open while the job says nothing. Does nothing
   * once this is closed. For another thread than the job's: a failure is left to that one, which
   * meets it as well.
   */
  public synchronized void keepAlive() {
    if (closed) {
      return;
    }
    try {
      write("");
    } catch (UncheckedIOException e) {
      log.debug("The command does not wait any more", e);
    }
  }

  /** Waits for a write under way; then nothing is written any more. Does not close the stream. */
  @Override
  public synchronized void close() {
    closed = true;
  }

  /** Ends the output of a job that can't go on. */
  public void stopped(String why, ExitCode code) {
    ObjectNode end = JsonMapper.shared().createObjectNode();
    write(end.put(STOPPED, why).put(CODE, code.status()).toString());
  }

  @Override
  public void line(String text) {
    write(LINE, text);
  }

  @Override
  public void error(String text) {
    write(ERROR, text);
  }

  @Override
  public void progress(String text) {
    beat();
    write(PROGRESS, text);
  }

  @Override
  public void end(ObjectNode result, boolean complete, String last) {
    ObjectNode end = JsonMapper.shared().createObjectNode();
    end.put(COMPLETE, complete).put(LAST, last).set(RESULT, result);
    write(end.toString());
  }
}
