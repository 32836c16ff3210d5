package io.intrahub.cli.command;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.function.BooleanSupplier;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a job tells the command that asked for it: one JSON object a line. What can't be written
 * throws {@link UncheckedIOException}, which stops the job. Safe for use by many threads.
 */
public final class JobEvents implements ReportOutput {
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
