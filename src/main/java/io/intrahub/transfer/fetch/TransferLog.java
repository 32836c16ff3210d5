package io.intrahub.transfer.fetch;

import io.intrahub.transfer.content.HoldBack;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the log says of transfers: one line when one has ended, and one now and then while it runs.
 * Small contents are not spoken of: there are many, and they are there in no time.
 */
public final class TransferLog {
  private static final Logger log = LoggerFactory.getLogger(TransferLog.class);
  private static final double SECOND = 1e9;
  private static final double MEGABYTE = 1e6;

  private TransferLog() {}

  /** A transfer is over. */
  public static void ended(String source, TransferMeter.Summary summary) {
    if (!HoldBack.isSmall(summary.size())) {
      log.info("{}", ended(summary) + ": " + source);
    }
  }

  /** A transfer goes on, unless it waits for somebody to need it. */
  public static void running(TransferProgress progress) {
    if (!HoldBack.isSmall(progress.size()) && !progress.isIdle()) {
      log.info("{}", line(progress) + ": " + progress.source());
    }
  }

  static String ended(TransferMeter.Summary a) {
    double seconds = a.nanos() / SECOND;
    return String.format(
        Locale.ROOT,
        "%s, %d of %d bytes, %d fetched in %.1f s (%.1f MB/s), connections at most %d,"
            + " readers at most %d",
        outcome(a),
        a.available(),
        a.size(),
        a.received(),
        seconds,
        seconds > 0 ? a.received() / MEGABYTE / seconds : 0,
        a.connections(),
        a.readers());
  }

  private static String outcome(TransferMeter.Summary a) {
    return switch (a.phase()) {
      case PUBLISHED -> "Published";
      case WRONG -> "Failed, wrong digest";
      case STORE_FAILED -> "Failed, the store can't write it";
      case PAUSED, RUNNING -> a.quiet() ? "Paused, upstream fails" : "Paused";
    };
  }

  static String line(TransferProgress p) {
    return String.format(
        Locale.ROOT,
        "%s, %d of %d bytes (%d %%), %.1f MB/s, connections %d, readers %d%s",
        Character.toUpperCase(p.state().charAt(0)) + p.state().substring(1),
        p.available(),
        p.size(),
        p.available() * 100 / p.size(),
        p.bytesPerSecond() / MEGABYTE,
        p.connections(),
        p.readers(),
        p.left().map(left -> ", " + left.toSeconds() + " s left").orElse(""));
  }
}
