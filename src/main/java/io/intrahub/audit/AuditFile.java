package io.intrahub.audit;

import ch.qos.logback.core.rolling.RollingFileAppender;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of the audit log. Unlike the library's own stream, this one neither buffers nor pauses
 * after an error, so that each event is either in the file or counted. Used by the thread of the
 * audit log only, once started.
 */
final class AuditFile extends RollingFileAppender<AuditEvent> {
  private static final Logger log = LoggerFactory.getLogger(AuditFile.class);

  /** Told of each event: whether it was written. */
  interface Result {
    void of(boolean written);
  }

  private final Result result;

  /** Whether the last write succeeded. */
  private boolean works = true;

  /** Whether the event at hand was written. */
  private boolean written;

  AuditFile(Result result) {
    this.result = result;
  }

  @Override
  public void doAppend(AuditEvent event) {
    written = false;
    try {
      super.doAppend(event);
    } finally {
      result.of(written);
    }
  }

  @Override
  public void openFile(String name) throws IOException {
    Path file = Path.of(name).toAbsolutePath();
    Files.createDirectories(file.getParent());
    setOutputStream(
        new Lines(
            Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)));
  }

  /** Writes each event with one call, and never throws: the library would stop at an error. */
  private final class Lines extends OutputStream {
    private final OutputStream file;

    Lines(OutputStream file) {
      this.file = file;
    }

    @Override
    public void write(int b) {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] line, int offset, int length) {
      if (length == 0) {
        return;
      }
      try {
        if (!works) {
          // Part of a line may be there, which must not spoil this one.
          file.write('\n');
        }
        file.write(line, offset, length);
        if (!works) {
          log.info("The audit log {} is written again", getFile());
        }
        works = true;
        written = true;
      } catch (IOException e) {
        if (works) {
          log.warn(
              "Can't write the audit log {} ({}). Requests are answered without it, and"
                  + " intrahub_audit_dropped_total counts them. Make space, or change audit.file.",
              getFile(),
              e.getMessage());
        }
        works = false;
      }
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }
}
